package gemini

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/parley-llm/parley/internal/stream"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
)

// partData has the members of a part that must be sent back to the server and that
// [llm.Part] does not have. It is the content of [llm.ProviderData].
type partData struct {
	// Signature is the thought signature, unchanged.
	// https://ai.google.dev/gemini-api/docs/thought-signatures
	Signature string `json:"signature,omitempty"`
	ID        string `json:"id,omitempty"` // of code and its result
	// Thought means that the part belongs to the reasoning although it is neither text nor
	// a call. For example, image models show their drafts.
	Thought bool `json:"thought,omitempty"`
}

// data returns the data that must be sent back with a part, or nil.
func (a *answer) data(d partData) *llm.ProviderData {
	if d == (partData{}) {
		return nil
	}
	data, _ := json.Marshal(d) // strings and a bool
	return &llm.ProviderData{Provider: a.provider.name, Format: format, Data: data}
}

// format is the format of this dialect's provider data.
const format = "gemini"

// kind returns the event type of a text part.
func (p *part) kind() llm.EventType {
	if p.Thought {
		return llm.EventReasoning
	}
	return llm.EventText
}

// part emits the events of a part. Google's parts have one member of content. Gateways also
// send text beside another member: https://github.com/NousResearch/hermes-agent/issues/109862.
// A signature then belongs to the other member.
func (a *answer) part(p *part) {
	data := a.data(partData{Signature: p.Signature})
	if p.Call != nil && p.Text != nil && stream.IsZero(p.Call) { // an empty member
		p.Call = nil
	}
	if p.Text != nil && p.hasMedia() {
		a.say(p.kind(), string(*p.Text))
	}
	if p.Call != nil {
		a.call(p.Call, data)
	}
	if p.Inline != nil && len(p.Inline.Data) > 0 {
		a.media(a.mediaPart(p, p.Inline.MediaType, p.Inline.Data, ""))
	}
	if p.File != nil && p.File.URI != "" {
		a.media(a.mediaPart(p, p.File.MediaType, nil, p.File.URI))
	}
	if p.Code != nil {
		a.media(llm.Code{
			Language: p.Code.Language, Source: p.Code.Code,
			ProviderData: a.data(partData{p.Signature, p.Code.ID, p.Thought}),
		})
	}
	if p.Result != nil {
		a.media(llm.Code{
			Output: p.Result.Output, Outcome: p.Result.Outcome,
			ProviderData: a.data(partData{p.Signature, p.Result.ID, p.Thought}),
		})
	}
	if p.hasMedia() {
		return
	}
	if raw := p.unknown(); raw != nil {
		a.media(llm.Opaque{ProviderData: &llm.ProviderData{Provider: a.provider.name, Format: format, Data: raw}})
	} else if p.Text != nil || data != nil {
		a.text(p, data)
	}
}

// hasMedia reports whether the part has content that is neither text nor unknown.
func (p *part) hasMedia() bool {
	return p.Call != nil || p.Inline != nil && len(p.Inline.Data) > 0 || p.File != nil && p.File.URI != "" || p.Code != nil || p.Result != nil
}

// text emits a piece of text or reasoning. A piece with a signature is a separate part, which
// must not be joined with others, so the part before it ends:
// https://ai.google.dev/gemini-api/docs/thought-signatures
func (a *answer) text(p *part, data *llm.ProviderData) {
	text := ""
	if p.Text != nil {
		text = string(*p.Text)
	}
	if data == nil {
		a.say(p.kind(), text)
		return
	}
	if a.open == p.kind() {
		a.Emit(llm.Event{Type: a.open, Detail: new(llm.ProviderData)})
	}
	a.open = 0
	if !p.Thought {
		a.sources.text += len(text)
	}
	a.Emit(llm.Event{Type: p.kind(), Text: text, Detail: data})
}

// say emits a piece of text or reasoning without a signature.
func (a *answer) say(typ llm.EventType, text string) {
	if text == "" {
		return
	}
	a.open = typ
	if typ == llm.EventText {
		a.sources.text += len(text)
	}
	a.EmitText(typ, text)
}

// call emits a tool call and ends it at once, because it is complete. So it keeps its place
// among the other parts.
func (a *answer) call(c *functionCall, data *llm.ProviderData) {
	a.open = 0
	id := c.ID
	if id == "" {
		id = a.newCallID()
	}
	a.AddCall(llmutil.ToolCallFragment{Index: a.Calls(), ID: id, Name: c.Name, Arguments: string(c.Args), ProviderData: data})
	a.EndCalls(llm.FinishToolCalls)
}

// madeUp is the prefix of the ids of tool calls that have none from the server. They match a
// result to its call, and are not sent back: the server matches by name and order.
const madeUp = "parley_"

// maxReplyID is the maximum length of a reply's id in the id of a call. The id of a call can
// be sent to other servers, and some of them limit its length.
const maxReplyID = 40

// newCallID returns an id for a tool call that is unique in the conversation.
func (a *answer) newCallID() string {
	if a.id == "" || len(a.id) > maxReplyID {
		a.id = rand.Text()
	}
	return fmt.Sprintf("%s%s_%d", madeUp, a.id, a.Calls())
}

func (a *answer) media(part llm.Part) {
	a.open = 0
	a.Emit(llm.Event{Type: llm.EventMedia, Detail: &llm.Media{Part: part}})
}

// mediaPart returns the media of a part, given by bytes or by URL.
func (a *answer) mediaPart(p *part, mediaType string, bytes []byte, url string) llm.Part {
	data := a.data(partData{Signature: p.Signature, Thought: p.Thought})
	switch kind, _, _ := strings.Cut(mediaType, "/"); kind {
	case "image":
		return llm.Image{MediaType: mediaType, Data: bytes, URL: url, ProviderData: data}
	case "audio":
		return llm.Audio{MediaType: mediaType, Data: bytes, URL: url, Transcript: p.Spoken.Text, ProviderData: data}
	}
	return llm.File{MediaType: mediaType, Data: bytes, URL: url, ProviderData: data}
}
