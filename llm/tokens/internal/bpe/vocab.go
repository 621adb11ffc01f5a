// Package bpe encodes text by byte-pair merging, exactly and in time linear in the length
// of the text.
//
// # The rule
//
// A text is cut into pieces, and each piece starts as its single bytes. Of all adjacent
// pairs that the vocabulary can merge, the pair with the lowest rank is merged, the
// leftmost first, until no pair can be merged.
//
// # The algorithm
//
// Applying the rule directly takes quadratic time, or a heap. This package uses a
// property of the rule: a sequence of tokens is the result for its bytes if and only if
// each two neighbors are the result for their own bytes, because a merge depends only on
// the two tokens that it joins. To check two neighbors, the package undoes their merges,
// the latest first, and tests each time whether the vocabulary would have merged across
// the border before (merge.go).
//
// So a piece is covered from left to right. Each step takes the longest token that is
// compatible with the one before, and backtracks if there is none. A position that was a
// dead end is never tried again, so the time is linear. A piece with many dead ends is
// merged by the rule with a heap (row.go).
//
// The property requires that a token has a higher rank than its parts. Training produces
// such ranks. If the ranks of a file are different, all pieces are merged by the rule.
package bpe

import (
	"sync"

	"github.com/parley-llm/parley/llm/tokens/internal/split"
)

// Vocab is a vocabulary with the pattern that cuts text into pieces. It is immutable and
// safe for concurrent use.
//
// Internally, a token is identified by its rank: first the 256 bytes, then the merges.
type Vocab struct {
	pattern split.Pattern
	size    int

	history
	pairs table[uint32]

	bytes  [numBytes]uint32 // rank by byte
	values [numBytes]byte   // byte by rank
	lens   lengths          // lengths of tokens by their first bytes
	short  shortTable       // tokens of 2 to 8 bytes
	middle middleTable      // tokens of 9 to 16 bytes
	long   longTable        // longer tokens

	// The following fields are nil if ids are equal to ranks.
	ids     []uint32       // by rank
	ranks   []uint32       // by id; none for a token that merging does not make
	spelled []string       // the bytes of each token, by id
	whole   map[string]int // by bytes: ids of tokens that match only a whole piece and are not in the tables
	byRule  *rowMerger     // replaces all of the above
}

const (
	numBytes = 256
	none     = 1<<32 - 1 // not a token
)

// Count returns the number of tokens of text, which must be valid UTF-8.
func (v *Vocab) Count(text string, _ bool) int {
	if v.byRule != nil {
		return len(v.appendByRule(nil, text))
	}
	var s *scratch
	n := 0
	for at := 0; at < len(text); {
		end := at + v.pattern(text[at:])
		if _, ok := v.find(text, at, end-at); ok {
			n++
		} else {
			if s == nil {
				s = scratches.Get().(*scratch)
			}
			steps, dropped := v.cover(text, at, end, s, countWindow)
			n += len(steps) + dropped
		}
		at = end
	}
	s.release()
	return n
}

// AppendEncode appends the ids of the tokens of text, which must be valid UTF-8, to dst.
func (v *Vocab) AppendEncode(dst []int, text string, _ bool) []int {
	if v.byRule != nil {
		return v.appendByRule(dst, text)
	}
	var s *scratch
	for at := 0; at < len(text); {
		end := at + v.pattern(text[at:])
		if id, ok := v.find(text, at, end-at); ok {
			dst = append(dst, id)
		} else {
			if s == nil {
				s = scratches.Get().(*scratch)
			}
			steps, _ := v.cover(text, at, end, s, 0)
			for _, step := range steps {
				dst = append(dst, v.id(step.token))
			}
		}
		at = end
	}
	s.release()
	return dst
}

// appendByRule is AppendEncode for a vocabulary with a rowMerger.
func (v *Vocab) appendByRule(dst []int, text string) []int {
	s := scratches.Get().(*scratch)
	for at := 0; at < len(text); {
		piece := text[at : at+v.pattern(text[at:])]
		if id, ok := v.whole[piece]; ok {
			dst = append(dst, id)
		} else {
			dst = v.byRule.appendIDs(dst, piece, &s.row)
		}
		at += len(piece)
	}
	s.release()
	return dst
}

// Part returns the length of the first piece of text.
func (v *Vocab) Part(text string) int { return v.pattern(text) }

// AppendBytes appends the bytes of the token id to dst. It reports false if there is no
// such token.
func (v *Vocab) AppendBytes(dst []byte, id int, _ bool) ([]byte, bool) {
	switch {
	case id < 0 || id >= v.size:
		return dst, false
	case v.spelled != nil:
		return append(dst, v.spelled[id]...), v.spelled[id] != ""
	}
	return v.spell(dst, uint32(id)), true
}

// Size returns the largest id plus one.
func (v *Vocab) Size() int { return v.size }

// spell appends the bytes of a token to dst.
func (v *Vocab) spell(dst []byte, token uint32) []byte {
	for token >= numBytes {
		left, right := v.history.parts(token)
		dst = v.spell(dst, left)
		token = right
	}
	return append(dst, v.values[token])
}

func (v *Vocab) id(token uint32) int {
	if v.ids != nil {
		return int(v.ids[token])
	}
	return int(token)
}

// find returns the id of the token that is equal to the piece text[at:at+n].
func (v *Vocab) find(text string, at, n int) (int, bool) {
	token := uint32(none)
	switch {
	case n == 1:
		token = v.bytes[text[at]]
	case n <= 8:
		token = v.short.find(load(text, at)&mask(n), n)
	case n <= 16:
		token = v.middle.find(load(text, at), load(text, at+n-8), n)
	default:
		token = v.long.find(text, at, n)
	}
	if token != none {
		return v.id(token), true
	}
	if v.whole != nil {
		id, ok := v.whole[text[at:at+n]]
		return id, ok
	}
	return 0, false
}

// scratch is the working memory for a piece.
type scratch struct {
	steps []step
	dead  []uint64 // a bit for each position of the piece
	row   row
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// release returns s to the pool. s may be nil.
func (s *scratch) release() {
	const most = 1 << 16 // larger buffers are not kept
	if s != nil && cap(s.steps) <= most && cap(s.row.nodes) <= 2*most {
		scratches.Put(s)
	}
}
