package spm

import (
	"hash/maphash"
)

// table finds tokens by their text.
type table struct {
	seed  maphash.Seed
	slots []slot
	texts []string // by id; shared with the vocabulary
	max   int      // length of the longest text
}

// slot is a token with the high half of its hash. It is empty if token is 0.
type slot struct {
	hash  uint32
	token uint32 // id plus one
}

func newTable(texts []string, has func(id int) bool) table {
	size := 1
	for size < 2*len(texts) {
		size *= 2
	}
	t := table{seed: maphash.MakeSeed(), slots: make([]slot, size), texts: texts}
	for id, text := range texts {
		if text == "" || !has(id) {
			continue
		}
		h := maphash.String(t.seed, text)
		at := h & uint64(size-1)
		for t.slots[at].token != 0 && t.texts[t.slots[at].token-1] != text {
			at = (at + 1) & uint64(size-1)
		}
		if t.slots[at].token == 0 { // if a text appears twice, the first id stays
			t.slots[at] = slot{hash: uint32(h >> 32), token: uint32(id + 1)}
			t.max = max(t.max, len(text))
		}
	}
	return t
}

// find returns the id of the token with the given text, or -1.
func (t *table) find(text string) int32 {
	if len(text) > t.max {
		return -1
	}
	h := maphash.String(t.seed, text)
	mask := uint64(len(t.slots) - 1)
	for at := h & mask; ; at = (at + 1) & mask {
		s := t.slots[at]
		if s.token == 0 {
			return -1
		}
		if s.hash == uint32(h>>32) && t.texts[s.token-1] == text {
			return int32(s.token - 1)
		}
	}
}

// pairTable finds the result of merging a pair of tokens.
type pairTable struct {
	slots []pairSlot
	shift uint
	mul   uint64
}

type pairSlot struct {
	key  uint64 // left+1 in the high half, right in the low half; 0 for an empty slot
	rank uint32
	id   int32
}

func newPairTable(n int, mul uint64) pairTable {
	bits := uint(4)
	for 1<<bits < 2*n {
		bits++
	}
	return pairTable{slots: make([]pairSlot, 1<<bits), shift: 64 - bits, mul: mul | 1}
}

func pairKey(left, right int32) uint64 { return uint64(left+1)<<32 | uint64(uint32(right)) }

// add sets the result of a pair. If a pair is added twice, the later result wins.
func (t *pairTable) add(left, right int32, rank uint32, id int32) {
	s := t.slot(pairKey(left, right))
	*s = pairSlot{key: pairKey(left, right), rank: rank, id: id}
}

// find returns the rank and the result of a pair. The rank is noRank if the pair is not
// merged.
func (t *pairTable) find(left, right int32) (rank uint32, id int32) {
	s := t.slot(pairKey(left, right))
	if s.key == 0 {
		return noRank, -1
	}
	return s.rank, s.id
}

func (t *pairTable) slot(key uint64) *pairSlot {
	mask := uint64(len(t.slots) - 1)
	h := key * t.mul
	h ^= h >> 32
	h *= t.mul
	for at := h >> t.shift; ; at = (at + 1) & mask {
		if s := &t.slots[at]; s.key == key || s.key == 0 {
			return s
		}
	}
}
