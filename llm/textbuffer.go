package llm

import (
	"slices"
	"strings"
)

// textBuffer collects a text that arrives in many small pieces. It copies the text only once,
// in String. A growing strings.Builder would allocate three times the size of a long answer.
type textBuffer struct {
	full []string
	last strings.Builder
}

// The sizes of the blocks in bytes. Each block is twice as large as the one before.
const (
	firstBlock = 64
	maxBlock   = 2 << 10
)

// add appends a piece.
func (b *textBuffer) add(piece string) {
	if b.last.Len()+len(piece) > b.last.Cap() {
		size := min(max(2*b.last.Cap(), firstBlock), maxBlock)
		if b.last.Len() > 0 {
			b.full = append(b.full, b.last.String())
		}
		b.last.Reset()
		b.last.Grow(max(size, len(piece)))
	}
	b.last.WriteString(piece)
}

// String returns the whole text.
func (b *textBuffer) String() string {
	if len(b.full) == 0 {
		return b.last.String()
	}
	return strings.Join(append(slices.Clip(b.full), b.last.String()), "")
}

// reset discards the text.
func (b *textBuffer) reset() { *b = textBuffer{} }
