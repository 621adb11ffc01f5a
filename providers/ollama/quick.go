package ollama

import (
	"sync"

	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/internal/stream"
)

// quickDecoder decodes the lines that every answer has — a piece of text or
// thinking, the last line — at a fraction of what encoding/json takes, which
// short answers consist of. It refuses whatever is more than that, and
// encoding/json decodes it; what it accepts, it decodes to what encoding/json
// would. It comes from newQuickDecoder, and is for one answer.
type quickDecoder struct {
	text   *stream.Text
	walker stream.Walker
	buf    []byte
	visit  func(*stream.Value) bool // the method take, as a value that is made once

	// What a decoded chunk points to.
	chunk   chunk
	content content
	numbers [3]int
}

// newQuickDecoder returns a decoder that makes its strings in text. Decoders
// are used again: one is larger than all else that a short answer needs.
func newQuickDecoder(text *stream.Text) *quickDecoder {
	q := quickDecoders.Get().(*quickDecoder)
	q.text = text
	return q
}

var quickDecoders = sync.Pool{New: func() any {
	q := new(quickDecoder)
	q.visit = q.take
	return q
}}

// release gives the decoder back, without what it decoded.
func (q *quickDecoder) release() {
	q.text, q.chunk, q.content, q.buf = nil, chunk{}, content{}, provider.Reusable(q.buf)
	q.walker.Reset()
	quickDecoders.Put(q)
}

// decode returns the chunk that the line is, valid until the next call, or nil
// if encoding/json has to decode it.
func (q *quickDecoder) decode(line []byte) *chunk {
	q.chunk, q.content = chunk{}, content{}
	if !q.walker.Walk(line, q.visit) {
		return nil
	}
	return &q.chunk
}

// take takes one leaf of the line and reports whether it understood it.
func (q *quickDecoder) take(v *stream.Value) bool {
	c := &q.chunk
	switch string(v.Path()) {
	case "model":
		return q.string(v, &c.Model)
	case "message.content":
		c.Message = &q.content
		return q.string(v, &q.content.Content)
	case "message.thinking":
		c.Message = &q.content
		return q.string(v, &q.content.Thinking)
	case "message.role":
		c.Message = &q.content
		return true
	case "done":
		c.Done = v.Kind == stream.Literal && v.Raw()[0] == 't'
		return v.Kind == stream.Literal
	case "done_reason":
		return q.string(v, &c.DoneReason)
	case "prompt_eval_count":
		return q.count(v, &c.PromptEval, &q.numbers[0])
	case "prompt_eval_cached_count":
		return q.count(v, &c.PromptCached, &q.numbers[1])
	case "eval_count":
		return q.count(v, &c.Eval, &q.numbers[2])
	case "created_at", "total_duration", "load_duration", "prompt_eval_duration", "eval_duration":
		return true
	}
	return false
}

func (q *quickDecoder) count(v *stream.Value, to **int, n *int) bool {
	var ok bool
	*n, ok = v.Int()
	*to = n
	return ok
}

func (q *quickDecoder) string(v *stream.Value, to *string) bool {
	text := v.Raw()
	switch {
	case v.Kind != stream.String:
		return false
	case !v.Verbatim():
		q.buf = v.AppendText(q.buf[:0])
		text = q.buf
	}
	*to = q.text.Add(text)
	return true
}
