package stream

import "strings"

// textChunk is the size in bytes of one allocation of a Text. The first one is smaller,
// because many answers are short.
const (
	textChunk  = 512
	firstChunk = 128
)

// Text makes strings of many small pieces of text, with one allocation per 512 bytes.
// A string keeps at most those 512 bytes alive. The zero value is ready to use. A Text
// must not be copied after first use.
type Text struct {
	chunk   strings.Builder
	scratch []byte // for text with escapes
}

// maxScratch is the size in bytes of the largest scratch buffer that is kept.
const maxScratch = 64 << 10

// unescape returns the decoded form of a JSON string's body. It is valid until the next
// call.
func (t *Text) unescape(raw []byte) []byte {
	decoded := unescape(t.scratch[:0], raw)
	if t.scratch = decoded; cap(decoded) > maxScratch {
		t.scratch = nil
	}
	return decoded
}

// Add returns p as a string.
func (t *Text) Add(p []byte) string {
	if len(p) == 0 {
		return ""
	}
	if len(p) > textChunk {
		return string(p)
	}
	if t.chunk.Cap()-t.chunk.Len() < len(p) {
		size := textChunk
		if t.chunk.Cap() == 0 {
			size = max(firstChunk, len(p))
		}
		t.chunk.Reset() // the strings made so far stay valid
		t.chunk.Grow(size)
	}
	n := t.chunk.Len()
	t.chunk.Write(p)
	return t.chunk.String()[n:]
}
