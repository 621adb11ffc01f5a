package structured

import (
	"encoding/json"
	"strings"

	"github.com/parley-llm/parley/internal/gotype"
	"github.com/parley-llm/parley/internal/schema"
	"github.com/parley-llm/parley/llm"
)

// reading decodes an answer while it arrives.
type reading[T any] struct {
	asking  *asking[T]
	value   *T
	decoder *gotype.Decoder
	back    *schema.Stream // for the arguments of a tool
	begun   bool           // the JSON has begun
	broken  bool           // the rest is not JSON
	index   int            // of the call whose arguments are read
	inCall  bool
}

func newReading[T any](a *asking[T]) *reading[T] {
	r := &reading[T]{asking: a}
	r.reset()
	return r
}

// reset starts again.
func (r *reading[T]) reset() {
	r.value = new(T)
	r.decoder = gotype.NewDecoder(r.value)
	r.begun, r.broken, r.inCall = false, false, false
	r.back = nil
}

// take handles an event. It returns false if the consumer has stopped reading.
func (r *reading[T]) take(ev llm.Event) bool {
	switch ev.Type {
	case llm.EventReset, llm.EventStepStart:
		r.reset()
	case llm.EventText:
		if r.asking.rung != Tool {
			return r.add(ev.Text)
		}
	case llm.EventToolCallStart:
		if call, ok := ev.Detail.(*llm.ToolCall); ok && r.asking.rung == Tool && call.Name == r.asking.toolName() {
			r.reset()
			r.inCall, r.index, r.back = true, ev.Index, r.asking.shape.arguments.Stream()
		}
	case llm.EventToolCallDelta:
		if r.inCall && ev.Index == r.index {
			text := ev.Text
			if r.back != nil {
				text = r.back.Write(text)
			}
			return r.add(text)
		}
	}
	return true
}

// add decodes a piece of the answer and passes the part on.
func (r *reading[T]) add(text string) bool {
	if !r.begun && r.asking.rung == Prompt {
		at := strings.IndexAny(text, `{["`)
		if at < 0 {
			return true
		}
		text = text[at:]
	}
	if text == "" || r.broken || r.decoder.Complete() {
		return true
	}
	r.begun = true
	if r.decoder.Write(text) != nil {
		r.broken = true
		return true
	}
	return r.asking.each(*r.value)
}

// maxStarts bounds the places in a text at which a value may begin.
const maxStarts = 20

// onlyValue returns the JSON value in an answer with text or a code fence around it. If there
// is not exactly one value, it returns the whole text.
func onlyValue(text string) string {
	trimmed := strings.TrimSpace(text)
	if json.Valid([]byte(trimmed)) {
		return trimmed
	}
	found, rest := "", trimmed
	for range maxStarts { // each start can cost a pass over the text
		at := strings.IndexAny(rest, "{[")
		if at < 0 {
			break
		}
		d := json.NewDecoder(strings.NewReader(rest[at:]))
		var value json.RawMessage
		if d.Decode(&value) != nil {
			rest = rest[at+1:]
			continue
		}
		if found != "" {
			return trimmed
		}
		found = string(value)
		rest = rest[at+int(d.InputOffset()):]
	}
	if found == "" {
		return trimmed
	}
	return found
}
