package spm

import "unicode/utf8"

// bigrams is the set of all pairs of characters that are adjacent in some token. A text
// can be cut between any other two characters, because no merge and no token crosses the
// cut. The set is a probabilistic filter. It may report pairs that were not added, which
// loses cuts but never makes a wrong one.
type bigrams struct {
	bits  []uint64
	shift uint
}

// newBigrams returns a set for about n pairs.
func newBigrams(n int) bigrams {
	size := uint(12)
	for size < 24 && 1<<size < 8*n {
		size++
	}
	return bigrams{bits: make([]uint64, 1<<(size-6)), shift: 64 - size}
}

func (b *bigrams) at(left, right rune) uint64 {
	return (uint64(uint32(left))*0x9E3779B97F4A7C15 ^ uint64(uint32(right))*0xD6E8FEB86659FD93) * 0xBF58476D1CE4E5B9 >> b.shift
}

func (b *bigrams) add(left, right rune) {
	at := b.at(left, right)
	b.bits[at>>6] |= 1 << (at & 63)
}

func (b *bigrams) has(left, right rune) bool {
	at := b.at(left, right)
	return b.bits[at>>6]>>(at&63)&1 != 0
}

// addText adds the adjacent characters of a token.
func (b *bigrams) addText(text string) {
	left := rune(-1)
	for _, right := range text {
		if left >= 0 {
			b.add(left, right)
		}
		left = right
	}
}

// decode returns the first character of text, which must not be empty. It is small enough
// to be inlined for ASCII.
func decode(text string) (rune, int) {
	if c := text[0]; c < utf8.RuneSelf {
		return rune(c), 1
	}
	return utf8.DecodeRuneInString(text)
}
