package gemini

import (
	"sync"

	"github.com/parley-llm/parley/internal/stream"
)

// quickDecoder decodes the frames that every stream has — a piece of text or
// thinking, a reason to end, the counts — at a fraction of what encoding/json
// takes, which short answers consist of. It refuses whatever is more than that,
// and encoding/json decodes it; what it accepts, it decodes to what encoding/json
// would. It comes from newQuickDecoder, and is for one answer.
type quickDecoder struct {
	text   *stream.Text
	walker stream.Walker
	buf    []byte
	named  bool                     // id and model are known: they are not decoded again
	visit  func(*stream.Value) bool // the method take, as a value that is made once

	// What a decoded chunk points to.
	chunk     chunk
	candidate [1]candidate
	content   content
	part      [1]part
	said      string
	usage     usage
	numbers   [6]int64
}

// newQuickDecoder returns a decoder that makes its strings in text. Decoders
// are used again: one is larger than all else that a short answer needs.
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
	q.text = nil
	q.clear()
	q.walker.Reset()
	quickDecoders.Put(q)
}

func (q *quickDecoder) clear() {
	q.chunk, q.content, q.usage, q.said = chunk{}, content{}, usage{}, ""
	q.candidate[0], q.part[0] = candidate{}, part{}
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
	case "modelVersion":
		q.chunk.known = q.named
		return q.named && v.Kind == stream.String || q.string(v, &q.chunk.Model)
	case "responseId":
		q.chunk.known = q.named
		return q.named && v.Kind == stream.String || q.string(v, &q.chunk.ID)
	case "createTime":
		return true
	case "candidates.0.index":
		q.first()
		n, ok := v.Int()
		q.candidate[0].Index = n
		return ok
	case "candidates.0.finishReason":
		q.first()
		return q.string(v, &q.candidate[0].FinishReason)
	case "candidates.0.avgLogprobs":
		q.first()
		return true
	case "candidates.0.content.role":
		q.first()
		q.candidate[0].Content = &q.content
		return true
	case "candidates.0.content.parts.0.text":
		p := q.firstPart()
		p.Text = &q.said
		return v.Kind == stream.String && q.string(v, &q.said)
	case "candidates.0.content.parts.0.thought":
		p := q.firstPart()
		p.Thought = v.Kind == stream.Literal && v.Raw()[0] == 't'
		return v.Kind == stream.Literal
	case "candidates.0.content.parts.0.thoughtSignature":
		return q.string(v, &q.firstPart().Signature)
	}
	return q.count(v)
}

// first notes that there is a first candidate.
func (q *quickDecoder) first() { q.chunk.Candidates = q.candidate[:] }

// firstPart notes that the first candidate has a part.
func (q *quickDecoder) firstPart() *part {
	q.first()
	q.candidate[0].Content = &q.content
	q.content.Parts = q.part[:]
	return &q.part[0]
}

// count takes a leaf of the counts.
func (q *quickDecoder) count(v *stream.Value) bool {
	var to **int64
	var n *int64
	switch string(v.Path()) {
	case "usageMetadata.promptTokenCount":
		to, n = &q.usage.Prompt, &q.numbers[0]
	case "usageMetadata.candidatesTokenCount":
		to, n = &q.usage.Candidates, &q.numbers[1]
	case "usageMetadata.thoughtsTokenCount":
		to, n = &q.usage.Thoughts, &q.numbers[2]
	case "usageMetadata.cachedContentTokenCount":
		to, n = &q.usage.Cached, &q.numbers[3]
	case "usageMetadata.toolUsePromptTokenCount":
		to, n = &q.usage.ToolUse, &q.numbers[4]
	case "usageMetadata.totalTokenCount":
		to, n = &q.usage.Total, &q.numbers[5]
	case "usageMetadata.trafficType",
		"usageMetadata.promptTokensDetails.0.modality", "usageMetadata.promptTokensDetails.0.tokenCount",
		"usageMetadata.candidatesTokensDetails.0.modality", "usageMetadata.candidatesTokensDetails.0.tokenCount":
		q.chunk.Usage = &q.usage
		return true
	default:
		return false
	}
	q.chunk.Usage = &q.usage
	number, ok := v.Int()
	*n, *to = int64(number), n
	return ok
}

func (q *quickDecoder) string(v *stream.Value, to *string) bool {
	text := v.Raw()
	switch {
	case v.Kind != stream.String:
		return false
	case len(text) == 0:
		*to = ""
		return true
	case !v.Verbatim():
		q.buf = v.AppendText(q.buf[:0])
		text = q.buf
	}
	*to = q.text.Add(text)
	return true
}
