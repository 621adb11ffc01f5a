package bpe

import (
	"math/bits"
	"slices"
)

// longTable finds the few tokens with more than 16 bytes. It compares their bytes,
// because a key made of integers would be too long.
type longTable struct {
	table[longSlot]
	bytes string
	sizes []int    // the lengths that occur, ascending
	fits  []uint16 // by length: the number of sizes that are not longer
	sets  []uint64 // by hash of the first 16 bytes: a bit for each index in sizes that occurs; bit 63 stands for all of sizes[63:]
}

// longSlot is a token of more than 16 bytes: bytes[offset:offset+size].
type longSlot struct{ token, offset, size uint32 }

const longSetsBits = 10

// prefix returns the hash of the first 16 bytes at text[at:].
func (t *longTable) prefix(text string, at int) uint64 {
	return mix(load(text, at) ^ mix(load(text, at+8)^t.seed))
}

// hash returns the hash of n bytes with the given prefix hash.
func (t *longTable) hash(prefix uint64, n int) uint64 { return mix(prefix + uint64(n)) }

func (t *longTable) find(text string, at, n int) uint32 {
	if len(t.slots) == 0 {
		return none
	}
	return t.findPrefixed(text[at:at+n], t.prefix(text, at))
}

func (t *longTable) findPrefixed(s string, prefix uint64) uint32 {
	hash := t.hash(prefix, len(s))
	if !t.has(hash) {
		return none
	}
	for at := t.first(hash); t.slots[at].size != 0; at = t.next(at) {
		l := t.slots[at]
		if int(l.size) == len(s) && t.bytes[l.offset:l.offset+l.size] == s {
			return l.token
		}
	}
	return none
}

// longest returns the longest token that text[at:] begins with, of more than 16 and at
// most limit bytes, and its length. The length is 0 if there is no such token.
func (t *longTable) longest(text string, at, limit int) (uint32, int) {
	if len(t.slots) == 0 || limit <= 16 {
		return none, 0
	}
	prefix := t.prefix(text, at)
	set := t.sets[prefix>>(64-longSetsBits)]
	// In a run of one character, the limit decreases step by step through all sizes. Skip
	// the sizes above the limit at once.
	fit := len(t.sizes)
	if limit < t.sizes[fit-1] {
		fit = int(t.fits[limit])
	}
	if set>>63 != 0 {
		set &^= 1 << 63
		for i := fit - 1; i >= 63; i-- {
			n := t.sizes[i]
			if token := t.findPrefixed(text[at:at+n], prefix); token != none {
				return token, n
			}
		}
	}
	set &= 1<<min(fit, 63) - 1
	for set != 0 {
		i := bits.Len64(set) - 1
		set &^= 1 << i
		n := t.sizes[i]
		if token := t.findPrefixed(text[at:at+n], prefix); token != none {
			return token, n
		}
	}
	return none, 0
}

// build fills the table with tokens. spell appends the bytes of a token.
func (t *longTable) build(tokens []uint32, seed uint64, spell func(dst []byte, token uint32) []byte) {
	if len(tokens) == 0 {
		return
	}
	bytes := make([]byte, 0, 20*len(tokens)) // enough for most vocabularies
	ends := make([]int, len(tokens))
	for i, token := range tokens {
		from := len(bytes)
		bytes = spell(bytes, token)
		ends[i] = len(bytes)
		t.sizes = append(t.sizes, len(bytes)-from)
	}
	slices.Sort(t.sizes)
	t.sizes = slices.Clone(slices.Compact(t.sizes))
	t.fits = make([]uint16, t.sizes[len(t.sizes)-1])
	for n, fit := 0, 0; n < len(t.fits); n++ {
		for t.sizes[fit] <= n {
			fit++
		}
		t.fits[n] = uint16(fit)
	}
	t.bytes = string(bytes)
	t.sets = make([]uint64, 1<<longSetsBits)
	t.table = newTable[longSlot](len(tokens), seed)
	from := 0
	for i, token := range tokens {
		prefix, n := t.prefix(t.bytes, from), ends[i]-from
		size, _ := slices.BinarySearch(t.sizes, n)
		t.sets[prefix>>(64-longSetsBits)] |= 1 << min(size, 63)
		t.add(t.hash(prefix, n), longSlot{token, uint32(from), uint32(n)})
		from = ends[i]
	}
}
