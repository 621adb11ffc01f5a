package anthropic

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"github.com/parley-llm/parley/internal/httpcall"
	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
)

// The types of deltas. A delta of another type is ignored.
const (
	deltaText       = "text_delta"
	deltaThinking   = "thinking_delta"
	deltaSignature  = "signature_delta"
	deltaInput      = "input_json_delta"
	deltaCitation   = "citations_delta"
	deltaCompaction = "compaction_delta"
)

// The types of blocks that become parts. A block of another type becomes an [llm.Opaque].
const (
	blockText     = "text"
	blockThinking = "thinking"
	blockRedacted = "redacted_thinking"
	blockToolUse  = "tool_use"
)

// openBlock is a block that has started and has not stopped.
type openBlock struct {
	index int // the server's
	typ   string

	signature string
	citations []json.RawMessage
	sources   []llm.Source
	start     int // of the block's text, in bytes

	call     int             // the number of the tool call, or -1
	isAnswer bool            // the input of the call is the answer
	input    json.RawMessage // of the call, from the start of the block
	pieces   strings.Builder // the input of a server's tool, from deltas
	hasInput bool            // there was a delta with input

	source  json.RawMessage // of a block without a type of part
	content json.RawMessage // of a compaction block
}

// find returns the open block with the server's index, or nil.
func (a *answer) find(index int) *openBlock {
	for _, b := range a.open {
		if b.index == index {
			return b
		}
	}
	return nil
}

// maxOpen is the number of blocks that can be open at once. Servers open one at a time, and
// each chunk is searched for in all of them.
const maxOpen = 64

// begin starts a block. It emits the content that the block starts with.
func (a *answer) begin(index int, from *block) {
	if a.find(index) != nil {
		a.stop(index) // some servers do not stop a block before the next one
	}
	if len(a.open) == maxOpen {
		a.stop(a.open[0].index)
	}
	b := &openBlock{index: index, typ: from.Type, call: -1, start: a.text}
	a.open = append(a.open, b)
	switch from.Type {
	case blockText:
		if a.inText { // the texts of two blocks are two parts
			a.Emit(llm.Event{Type: llm.EventText, Detail: new(llm.ProviderData)})
		}
		a.inText = true
		a.say(llm.EventText, from.Text)
		for i := range from.Citations {
			b.cite(&from.Citations[i])
		}
		return
	case blockThinking:
		b.signature = from.Signature
		a.say(llm.EventReasoning, from.Thinking)
	case blockRedacted:
		b.source = keep(from.Source)
	case blockToolUse:
		a.beginCall(b, from)
	default:
		b.source = keep(from.Source)
	}
	a.inText = false
}

// beginCall starts a tool call.
func (a *answer) beginCall(b *openBlock, from *block) {
	if httpcall.IsSet(from.Input) {
		b.input = keep(from.Input)
	}
	if from.Name == a.answerTool && a.answerTool != "" {
		b.isAnswer = true
		return
	}
	b.call = a.Calls()
	f := llmutil.ToolCallFragment{Index: b.call, ID: string(from.ID), Name: from.Name}
	if httpcall.IsSet(from.Caller) {
		f.ProviderData = a.data(blockData{Type: blockToolUse, Caller: keep(from.Caller)})
	}
	a.AddCall(f)
}

// delta changes a block.
func (a *answer) delta(index int, d *delta) {
	b := a.find(index)
	switch d.Type {
	case deltaText:
		a.addText(piece{d.Type, index}, d.Text)
	case deltaThinking:
		a.addText(piece{d.Type, index}, d.Thinking)
	case deltaInput:
		a.addText(piece{d.Type, index}, d.JSON)
	case deltaSignature:
		if b != nil {
			b.signature += d.Signature
		}
	case deltaCitation:
		if b != nil && d.Citation != nil {
			b.cite(d.Citation)
		}
	case deltaCompaction:
		if b != nil {
			b.content = keep(d.Content)
		}
	}
}

// addText adds text to a block.
func (a *answer) addText(p piece, text string) {
	if text == "" {
		return
	}
	b := a.find(p.index)
	if b == nil { // some servers send no start
		typ := map[string]string{deltaText: blockText, deltaThinking: blockThinking}[p.delta]
		if typ == "" {
			return
		}
		a.begin(p.index, &block{Type: typ})
		b = a.find(p.index)
	}
	switch p.delta {
	case deltaText:
		a.say(llm.EventText, text)
	case deltaThinking:
		a.say(llm.EventReasoning, text)
	case deltaInput:
		b.hasInput = true
		switch {
		case b.isAnswer:
			a.say(llm.EventText, text)
		case b.call >= 0:
			a.AddCall(llmutil.ToolCallFragment{Index: b.call, Arguments: text})
		default:
			b.pieces.WriteString(text)
		}
	}
}

// say emits text or reasoning.
func (a *answer) say(typ llm.EventType, text string) {
	if typ == llm.EventText {
		a.text += len(text)
	}
	a.EmitText(typ, text)
}

// cite adds a citation to a text block.
func (b *openBlock) cite(c *citation) {
	b.citations = append(b.citations, keep(c.Source))
	source := llm.Source{URL: c.URL, Title: c.Title}
	if source.URL == "" {
		source.URL = c.Origin
	}
	if source.Title == "" {
		source.Title = c.DocumentTitle
	}
	if source.URL != "" || source.Title != "" {
		b.sources = append(b.sources, source)
	}
}

// stop ends a block.
func (a *answer) stop(index int) {
	b := a.find(index)
	if b == nil {
		return
	}
	a.open = slices.DeleteFunc(a.open, func(other *openBlock) bool { return other == b })
	switch b.typ {
	case blockText:
		a.stopText(b)
	case blockThinking:
		a.Emit(llm.Event{Type: llm.EventReasoning, Detail: a.data(blockData{Type: blockThinking, Signature: b.signature})})
	case blockRedacted:
		a.Emit(llm.Event{Type: llm.EventReasoning, Detail: a.data(blockData{Type: blockRedacted, Block: b.source})})
	case blockToolUse:
		a.stopCall(b)
	default:
		if b.typ != "" {
			a.Emit(llm.Event{Type: llm.EventMedia, Detail: &llm.Media{Part: a.opaque(b.typ, b.whole())}})
		}
	}
}

// stopText ends a text block. Only a block with citations needs data of its own.
func (a *answer) stopText(b *openBlock) {
	if len(b.citations) > 0 {
		a.Emit(llm.Event{Type: llm.EventText, Detail: a.data(blockData{Type: blockText, Citations: b.citations})})
		a.inText = false
	}
	for i := range b.sources {
		source := b.sources[i]
		source.Start, source.End = b.start, a.text
		a.Emit(llm.Event{Type: llm.EventSource, Detail: &source})
	}
}

// noInput is the input of a tool without arguments.
const noInput = "{}"

// stopCall ends a tool call. Its input is in the start of the block only if there was no
// delta with input: most servers start a block with an empty object.
func (a *answer) stopCall(b *openBlock) {
	if !b.hasInput {
		input := string(b.input)
		if input == "" {
			input = noInput
		}
		if b.isAnswer {
			a.say(llm.EventText, input)
		} else {
			a.AddCall(llmutil.ToolCallFragment{Index: b.call, Arguments: input})
		}
	}
	if !b.isAnswer {
		// The call keeps its place among the parts. A call whose arguments are not an object
		// waits for the end of the answer: the token limit may have cut it.
		a.EndCalls(llm.FinishLength)
	}
}

// whole returns the JSON of a block, with the changes of its deltas.
func (b *openBlock) whole() json.RawMessage {
	changes := make(map[string]any)
	if input := b.pieces.String(); json.Valid([]byte(input)) {
		changes["input"] = json.RawMessage(input)
	}
	if httpcall.IsSet(b.content) {
		changes["content"] = b.content
	}
	if merged, err := provider.Merge(b.source, changes); err == nil { // it always is: all are valid JSON
		return merged
	}
	return b.source
}

// keep returns a copy of JSON in a chunk, which is valid only during the call. Invalid UTF-8
// is replaced, as in strings that are decoded.
func keep(raw []byte) []byte { return bytes.ToValidUTF8(raw, []byte("\uFFFD")) }
