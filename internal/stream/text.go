package stream

import "strings"

// textChunk is the size of an allocation of Text, and so how much memory a
// kept piece of text can keep alive besides itself.
const textChunk = 512

// Text turns many small pieces of text into strings at one allocation per 512
// bytes. A string it returned keeps at most those 512 bytes alive. The zero
// value is ready; it must not be copied once used.
type Text struct {
	chunk strings.Builder
}

// Add returns p as a string.
func (t *Text) Add(p []byte) string {
	if len(p) > textChunk {
		return string(p)
	}
	if t.chunk.Cap()-t.chunk.Len() < len(p) {
		t.chunk.Reset() // what was handed out stays
		t.chunk.Grow(textChunk)
	}
	n := t.chunk.Len()
	t.chunk.Write(p)
	return t.chunk.String()[n:]
}
