package openai

import (
	"bytes"
	"encoding/json"
	"iter"
	"strings"

	"github.com/parley-llm/parley/internal/httpcall"
	"github.com/parley-llm/parley/llm"
)

// Some data must be sent back unchanged on the next turn. Without it, a model rejects the
// request or loses its reasoning. It is kept in llm.ProviderData:
//
//   - the extra_content of a text or a tool call: Gemini's thought signatures,
//     https://ai.google.dev/gemini-api/docs/thought-signatures
//   - the list of reasoning_details of reasoning: OpenRouter,
//     https://openrouter.ai/docs/use-cases/reasoning-tokens
//   - the reasoning_opaque of reasoning: GitHub Copilot. It is an element of the same list.

// format is the format of this dialect's provider data.
const format = "openai.chat"

// opaque returns the data to send back, or nil if raw is absent.
func (p *Provider) opaque(raw json.RawMessage) *llm.ProviderData {
	if !httpcall.IsSet(raw) {
		return nil
	}
	return &llm.ProviderData{Provider: p.name, Format: format, Data: raw}
}

// back returns the JSON to send back, or nil. [llm.TakeBack] has removed the data of other
// providers.
func back(data *llm.ProviderData) json.RawMessage {
	if data == nil || !json.Valid(data.Data) {
		return nil
	}
	return data.Data
}

// elements returns the elements of a JSON list, or nothing if the JSON is not a list. An
// element is valid until the next one.
func elements(list json.RawMessage) iter.Seq[json.RawMessage] {
	return func(yield func(json.RawMessage) bool) {
		if !bytes.HasPrefix(list, []byte("[")) || !json.Valid(list) {
			return
		}
		d := json.NewDecoder(bytes.NewReader(list))
		if _, err := d.Token(); err != nil {
			return
		}
		var element json.RawMessage
		for d.More() {
			if d.Decode(&element) != nil || !yield(element) {
				return
			}
		}
	}
}

// opaqueReasoning is the element of a list of reasoning details that holds the
// reasoning_opaque of GitHub Copilot.
type opaqueReasoning struct {
	Opaque string `json:"reasoning_opaque"`
}

// splitOpaque removes the reasoning_opaque from a list of details, and returns it.
func splitOpaque(details iter.Seq[json.RawMessage]) (rest []json.RawMessage, opaque string) {
	for raw := range details {
		var o opaqueReasoning
		if json.Unmarshal(raw, &o) == nil && o.Opaque != "" {
			opaque = o.Opaque
		} else {
			rest = append(rest, bytes.Clone(raw))
		}
	}
	return rest, opaque
}

// detailTexts returns the text of the reasoning details of a frame.
func detailTexts(list json.RawMessage) string {
	var text strings.Builder
	for raw := range elements(list) {
		var d struct {
			Type    string `json:"type"`
			Text    string `json:"text"`
			Summary string `json:"summary"`
		}
		if json.Unmarshal(raw, &d) != nil {
			continue
		}
		switch d.Type {
		case "reasoning.text":
			text.WriteString(d.Text)
		case "reasoning.summary":
			text.WriteString(d.Summary)
		}
	}
	return text.String()
}

// sealReasoning emits the data to send back with the reasoning so far.
func (a *answer) sealReasoning() {
	if list := a.details.take(); list != nil {
		a.Emit(llm.Event{Type: llm.EventReasoning, Detail: a.provider.opaque(list)})
	}
}

// sealText emits the data to send back with the text so far.
func (a *answer) sealText() {
	if data := a.provider.opaque(a.extra); data != nil {
		a.extra = nil
		a.Emit(llm.Event{Type: llm.EventText, Detail: data})
	}
}

// detailList is the list of reasoning details of an answer, while it is collected. Only its
// last detail can change. The others are kept as JSON, because a server can send a great
// number of them. The zero value is an empty list.
type detailList struct {
	list   []byte  // the elements that are complete, each after a comma
	last   *detail // nil, or the element after them
	opaque string  // the reasoning_opaque, or ""; the element after last
}

// add adds the details of a frame. In a stream they arrive in pieces. Pieces of a text or
// summary with the same index are one detail, with a signature in the last piece.
func (l *detailList) add(list json.RawMessage, whole bool) {
	for raw := range elements(list) {
		var piece detail
		switch {
		case whole || json.Unmarshal(raw, &piece.members) != nil || piece.text() == "":
			l.complete()
			l.list = append(append(l.list, ','), raw...)
		case l.last != nil && l.last.continues(&piece):
			l.last.join(&piece)
		default:
			l.complete()
			l.last = &piece
		}
	}
}

// addOpaque adds the reasoning_opaque of a frame. A later one replaces an earlier one.
func (l *detailList) addOpaque(opaque string) {
	if opaque != "" {
		l.opaque = opaque
	}
}

// complete moves the last detail to the complete ones.
func (l *detailList) complete() {
	if l.last == nil {
		return
	}
	if data, err := json.Marshal(l.last.whole()); err == nil { // always: it has been decoded
		l.list = append(append(l.list, ','), data...)
	}
	l.last = nil
}

// take returns the list in JSON, or nil if it is empty, and empties it.
func (l *detailList) take() json.RawMessage {
	l.complete()
	list := l.list
	if l.opaque != "" {
		data, _ := json.Marshal(opaqueReasoning{l.opaque}) // a string
		list = append(append(list, ','), data...)
	}
	*l = detailList{}
	if len(list) == 0 {
		return nil
	}
	list[0] = '['
	return append(list, ']')
}

// detail is a detail whose text arrives in pieces.
type detail struct {
	members map[string]any
	more    strings.Builder // the text of all pieces, if there are several
}

// text returns the name of the member with the text, or "" if the detail is of another kind.
func (d *detail) text() string {
	switch d.members["type"] {
	case "reasoning.text":
		return "text"
	case "reasoning.summary":
		return "summary"
	}
	return ""
}

// continues reports whether the piece belongs to the detail.
func (d *detail) continues(piece *detail) bool {
	return d.text() == piece.text() && d.index() == piece.index()
}

// index returns the position of the detail in the answer, or 0 if the server sent none.
func (d *detail) index() float64 {
	n, _ := d.members["index"].(float64)
	return n
}

// join appends the text of a piece, and adds the members that the detail does not have.
func (d *detail) join(piece *detail) {
	for name, value := range piece.members {
		switch old := d.members[name].(type) {
		case nil:
			d.members[name] = value
		case string:
			more, ok := value.(string)
			switch {
			case !ok:
			case old == "": // some servers send an empty signature before the real one
				d.members[name] = more
			case name == d.text():
				if d.more.Len() == 0 {
					d.more.WriteString(old)
				}
				d.more.WriteString(more)
			}
		}
	}
}

// whole returns the members with the whole text.
func (d *detail) whole() map[string]any {
	if d.more.Len() > 0 {
		d.members[d.text()] = d.more.String()
	}
	return d.members
}
