package openai

import (
	"bytes"
	"sync"

	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/internal/stream"
)

// quickDecoder decodes the frames that every stream has — a piece of text or
// reasoning, the role, the finish reason, the usage — at a quarter of what
// encoding/json takes, which short answers consist of. It refuses whatever is
// more than that, and encoding/json decodes it; what it accepts, it decodes to
// what encoding/json would.
type quickDecoder struct {
	walker stream.Walker
	text   *stream.Text
	buf    []byte
	named  bool                     // id and model are known: they are not decoded again
	visit  func(*stream.Value) bool // the method take, as a value that is made once

	// What a decoded chunk points to.
	chunk   chunk
	choice  [1]choice
	content content // the delta or the message
	usage   usage
	details struct {
		prompt     promptDetails
		completion completionDetails
	}
	numbers [5]int
}

// newQuickDecoder returns a decoder for one answer that makes its strings in
// text. Decoders are used again: one is larger than all else that a short answer
// needs.
func newQuickDecoder(text *stream.Text) *quickDecoder {
	q := quickDecoders.Get().(*quickDecoder)
	q.text, q.named = text, false
	return q
}

var quickDecoders = sync.Pool{New: func() any {
	q := new(quickDecoder)
	q.visit = q.take
	return q
}}

// release gives the decoder back, without what it decoded.
func (q *quickDecoder) release() {
	q.text, q.buf = nil, provider.Reusable(q.buf)
	q.clear()
	q.walker.Reset()
	quickDecoders.Put(q)
}

func (q *quickDecoder) clear() {
	q.chunk, q.content, q.usage = chunk{}, content{}, usage{}
	q.choice[0] = choice{}
}

// decode returns the chunk that the frame is, valid until the next call, or nil
// if encoding/json has to decode it.
func (q *quickDecoder) decode(frame []byte) *chunk {
	q.clear()
	if len(frame) == 0 || frame[0] != '{' || !q.walker.Walk(frame, q.visit) {
		return nil
	}
	return &q.chunk
}

// take takes one leaf of the frame and reports whether it understood it.
func (q *quickDecoder) take(v *stream.Value) bool {
	switch string(v.Path()) {
	case "id":
		return q.named && v.Kind == stream.String || q.string(v, &q.chunk.ID)
	case "model":
		return q.named && v.Kind == stream.String || q.string(v, &q.chunk.Model)
	case "choices", "error", "x_groq", "usage":
		return v.IsNull() || v.Kind == stream.Empty && v.Raw()[0] == '[' && string(v.Path()) == "choices"
	case "object":
		return string(v.Raw()) != "error" && bytes.IndexByte(v.Raw(), '\\') < 0
	case "choices.0.index":
		q.first()
		n, ok := v.Int()
		q.choice[0].Index = n
		return ok
	case "choices.0.finish_reason":
		q.first()
		return q.string(v, &q.choice[0].FinishReason)
	case "choices.0.logprobs", "choices.0.error":
		q.first()
		return v.IsNull()
	}
	if name, ok := bytes.CutPrefix(v.Path(), []byte("choices.0.delta")); ok {
		q.first()
		return q.said(&q.choice[0].Delta, name, v)
	}
	if name, ok := bytes.CutPrefix(v.Path(), []byte("choices.0.message")); ok {
		q.first()
		return q.said(&q.choice[0].Message, name, v)
	}
	if name, ok := bytes.CutPrefix(v.Path(), []byte("usage.")); ok {
		q.chunk.Usage = &q.usage
		return q.count(name, v)
	}
	return q.ignorable(v)
}

// first notes that there is a first choice.
func (q *quickDecoder) first() { q.chunk.Choices = q.choice[:] }

// said takes a leaf of the delta or message, or the empty one itself.
func (q *quickDecoder) said(what **content, name []byte, v *stream.Value) bool {
	switch {
	case len(name) == 0 && v.IsNull():
		return true
	case len(name) > 0 && name[0] != '.': // a name that only begins like it
		return q.ignorable(v)
	}
	if len(name) > 1 && isDigit(name[1]) { // a list where an object should be
		return false
	}
	c := &q.content
	*what = c
	if q.choice[0].Delta != nil && q.choice[0].Message != nil {
		return false // there is room for one
	}
	switch string(name) {
	case "":
		return v.Kind == stream.Empty && v.Raw()[0] == '{'
	case ".content":
		return q.string(v, &c.Content)
	case ".reasoning_content":
		return q.string(v, &c.ReasoningContent)
	case ".reasoning":
		return q.string(v, &c.Reasoning)
	case ".refusal":
		return q.string(v, &c.Refusal)
	case ".role":
		return true
	case ".annotations":
		return v.Kind == stream.Empty && v.Raw()[0] == '['
	}
	return v.IsNull() && bytes.IndexByte(name[1:], '.') < 0 && q.ignorable(v)
}

// count takes a leaf of the usage.
func (q *quickDecoder) count(name []byte, v *stream.Value) bool {
	var to **int
	var n *int
	switch string(name) {
	case "prompt_tokens":
		to, n = &q.usage.Prompt, &q.numbers[0]
	case "completion_tokens":
		to, n = &q.usage.Completion, &q.numbers[1]
	case "prompt_tokens_details.cached_tokens":
		to, n = &q.promptDetails().Cached, &q.numbers[2]
	case "prompt_tokens_details.cache_write_tokens":
		to, n = &q.promptDetails().Written, &q.numbers[3]
	case "completion_tokens_details.reasoning_tokens":
		to, n = &q.completionDetails().Reasoning, &q.numbers[4]
	case "total_tokens", "prompt_tokens_details.audio_tokens", "completion_tokens_details.audio_tokens",
		"completion_tokens_details.accepted_prediction_tokens", "completion_tokens_details.rejected_prediction_tokens":
		return true
	default:
		return false
	}
	var ok bool
	*n, ok = v.Int()
	*to = n
	return ok
}

func (q *quickDecoder) promptDetails() *promptDetails {
	if q.usage.PromptDetails == nil {
		q.details.prompt = promptDetails{}
		q.usage.PromptDetails = &q.details.prompt
	}
	return q.usage.PromptDetails
}

func (q *quickDecoder) completionDetails() *completionDetails {
	if q.usage.CompletionDetails == nil {
		q.details.completion = completionDetails{}
		q.usage.CompletionDetails = &q.details.completion
	}
	return q.usage.CompletionDetails
}

// string takes a string or null into to.
func (q *quickDecoder) string(v *stream.Value, to *string) bool {
	switch {
	case v.IsNull():
		return true
	case v.Kind != stream.String:
		return false
	case len(v.Raw()) == 0:
		*to = ""
		return true
	}
	text := v.Raw()
	if !v.Verbatim() {
		q.buf = v.AppendText(q.buf[:0])
		text = q.buf
	}
	*to = q.text.Add(text)
	return true
}

// ignorable reports whether a leaf that is not known means nothing to
// encoding/json either: it is not part of something known that is decoded in
// full, nor would it be taken for something known by ignoring case.
func (q *quickDecoder) ignorable(v *stream.Value) bool {
	top := v.Path()
	for i, c := range v.Path() {
		if c >= 'A' && c <= 'Z' {
			return false
		}
		if c == '.' && len(top) == len(v.Path()) {
			top = v.Path()[:i]
		}
	}
	if len(top) == len(v.Path()) {
		return true // a member of the chunk that is not known
	}
	switch string(top) {
	case "id", "model", "error", "x_groq", "usage":
		return false
	case "choices":
		name, ok := bytes.CutPrefix(v.Path(), []byte("choices.0."))
		if !ok {
			return false
		}
		if isDigit(name[0]) {
			return false
		}
		q.first()
		for _, known := range [...]string{"logprobs.", "error.", "index.", "finish_reason."} {
			if bytes.HasPrefix(name, []byte(known)) {
				return false
			}
		}
	}
	return true
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
