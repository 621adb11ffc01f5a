package bpe

import (
	"fmt"
	"math/bits"

	"github.com/parley-llm/parley/llm/tokens/internal/split"
)

// builder builds a Vocab from merges in the order of their ranks.
type builder struct {
	*Vocab
	sizes               []uint8 // by rank, in bytes; 17 for more than 16 bytes
	numShort, numMiddle int     // number of tokens for those tables
}

// newBuilder starts a vocabulary of at most n tokens. values are the bytes by rank.
// packed contains the parts of all other tokens, or is filled by the caller. For data
// from outside, the seed must be secret.
func newBuilder(pattern split.Pattern, values [numBytes]byte, packed []byte, n int, seed uint64) (*builder, error) {
	b := &builder{
		Vocab: &Vocab{
			pattern: pattern,
			values:  values,
			history: newHistory(packed, n),
			pairs:   newTable[uint32](n, seed),
		},
		sizes: make([]uint8, n),
	}
	seen := [numBytes]bool{}
	for rank, value := range values {
		if seen[value] {
			return nil, fmt.Errorf("the byte 0x%02x has two tokens", value)
		}
		seen[value] = true
		b.bytes[value] = uint32(rank)
		b.sizes[rank] = 1
	}
	return b, nil
}

// note records that token is merged from left and right.
func (b *builder) note(token, left, right uint32) {
	b.history.mark(left, right)
	n := min(b.sizes[left]+b.sizes[right], 17)
	b.sizes[token] = n
	if n <= 8 {
		b.numShort++
	} else if n <= 16 {
		b.numMiddle++
	}
}

// finish builds the tables for finding tokens.
func (b *builder) finish() *Vocab {
	b.short.table = newTable[shortSlot](b.numShort, b.pairs.seed)
	b.middle.table = newTable[middleSlot](b.numMiddle, b.pairs.seed)
	b.lens = newLengths()
	short := filler[shortSlot]{table: &b.short.table}
	middle := filler[middleSlot]{table: &b.middle.table}
	long := make([]uint32, 0, b.n-numBytes-b.numShort-b.numMiddle)
	spellings := newSpellings(&b.history)
	for rank, value := range b.values {
		spellings.set(uint32(rank), spelling{low: uint64(value)})
	}
	for token := uint32(numBytes); int(token) < b.n; token++ {
		left, right := b.parts(token)
		s := spellings.of(left).join(spellings.of(right), uint(b.sizes[left]))
		spellings.set(token, s)
		n := int(b.sizes[token])
		switch {
		case n <= 8:
			short.add(b.short.hash(s.low), newShortSlot(s.low, n, token))
		case n <= 16:
			last := s.last(uint(n))
			middle.add(b.middle.hash(s.low, last), newMiddleSlot(s.low, last, n, token))
		default:
			long = append(long, token)
		}
		if n >= prefixLen {
			b.lens.add(s.low, n)
		}
	}
	short.flush()
	middle.flush()
	b.long.build(long, b.pairs.seed, b.spell)
	return b.Vocab
}

// spelling is the first 16 bytes of a token: the first eight in low, the first byte
// lowest, and the next eight in high.
type spelling struct{ low, high uint64 }

// join returns the spelling of a token of n bytes followed by another token.
func (s spelling) join(next spelling, n uint) spelling {
	if n < 8 {
		s.low |= next.low << (8 * n)
		s.high = next.low>>(64-8*n) | next.high<<(8*n)
	} else {
		s.high |= next.low << (8*n - 64) // no effect if n ≥ 16
	}
	return s
}

// last returns the last eight bytes of a token of n bytes, 8 ≤ n ≤ 16.
func (s spelling) last(n uint) uint64 {
	return s.low>>(8*n-64) | s.high<<(128-8*n)
}

// spellings stores the spelling of the tokens that are parts of others, about a quarter
// of all.
type spellings struct {
	isPart []uint64
	before []uint32 // number of parts before each word of isPart
	dense  []spelling
}

func newSpellings(h *history) *spellings {
	s := &spellings{isPart: make([]uint64, len(h.isLeft)), before: make([]uint32, len(h.isLeft))}
	n := 0
	for i := range s.isPart {
		s.isPart[i] = h.isLeft[i] | h.isRight[i]
		s.before[i] = uint32(n)
		n += bits.OnesCount64(s.isPart[i])
	}
	s.dense = make([]spelling, n)
	return s
}

func (s *spellings) place(token uint32) uint32 {
	return s.before[token>>6] + uint32(bits.OnesCount64(s.isPart[token>>6]&(1<<(token&63)-1)))
}

// of returns the spelling of a token that is a part.
func (s *spellings) of(token uint32) spelling { return s.dense[s.place(token)] }

// set stores the spelling of a token if the token is a part.
func (s *spellings) set(token uint32, spelling spelling) {
	if s.isPart[token>>6]>>(token&63)&1 != 0 {
		s.dense[s.place(token)] = spelling
	}
}
