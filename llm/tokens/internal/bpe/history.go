package bpe

import (
	"encoding/binary"
	"math/bits"
)

// history stores the two tokens from which each token was merged. The tokens below
// numBytes are bytes and have no parts.
//
// The parts of token t take twice as many bits as t has. The left part comes first, in
// the lower bits, and bytes are filled from their lowest bit. Vocabularies are stored in
// this format and read without conversion.
type history struct {
	packed []byte // ends with packedSlack unused bytes
	n      int    // number of tokens, including the bytes

	isLeft, isRight []uint64 // a bit for each token: set if it is a left or right part of another token
}

// packedSlack allows the last token to be read as an integer.
const packedSlack = 7

// packedLen returns the length of packed for n tokens.
func packedLen(n int) int { return (packedBit(uint32(n))+7)/8 + packedSlack }

// packedBit returns the position of a token's parts in packed. If the token has w bits,
// the tokens with fewer bits take the sum of 2k·2^(k-1) bits for k from 9 to w-1, or
// (w-2)·2^w - 7·2^9.
func packedBit(token uint32) int {
	w := bits.Len32(token)
	return 2*w*int(token) - 2<<w - 7<<9
}

func newHistory(packed []byte, n int) history {
	words := n/64 + 1
	return history{packed, n, make([]uint64, words), make([]uint64, words)}
}

// parts returns the tokens that a token was merged from. The token must not be a byte.
func (h *history) parts(token uint32) (left, right uint32) {
	w := bits.Len32(token)
	at := packedBit(token)
	pair := binary.LittleEndian.Uint64(h.packed[at>>3:]) >> (at & 7)
	return uint32(pair) & (1<<w - 1), uint32(pair>>w) & (1<<w - 1)
}

// write sets the parts of a token.
func (h *history) write(token, left, right uint32) {
	w := bits.Len32(token)
	at := packedBit(token)
	place := h.packed[at>>3:]
	pair := (uint64(left) | uint64(right)<<w) << (at & 7)
	binary.LittleEndian.PutUint64(place, binary.LittleEndian.Uint64(place)|pair)
}

// mark records that left and right are parts of a token.
func (h *history) mark(left, right uint32) {
	h.isLeft[left>>6] |= 1 << (left & 63)
	h.isRight[right>>6] |= 1 << (right & 63)
}

// mayMerge returns false only if x is never a left part or y is never a right part.
func (h *history) mayMerge(x, y uint32) bool {
	return h.isLeft[x>>6]>>(x&63)&(h.isRight[y>>6]>>(y&63))&1 != 0
}

// A pair of tokens is found by the token that it is merged into. A slot contains this
// token and, above it, some bits of the pair's hash. No slot in use is 0, because no
// merge makes token 0.
const (
	rankBits = 21
	maxRanks = 1 << rankBits
)

func (v *Vocab) pairHash(x, y uint32) uint64 { return mix((uint64(x)<<32 | uint64(y)) ^ v.pairs.seed) }

func pairSlot(hash uint64, token uint32) uint32 { return uint32(hash)&^(maxRanks-1) | token }

// merged returns the token that x and y are merged into, or none.
func (v *Vocab) merged(x, y uint32) uint32 {
	hash := v.pairHash(x, y)
	if !v.pairs.has(hash) {
		return none
	}
	for at := v.pairs.first(hash); v.pairs.slots[at] != 0; at = v.pairs.next(at) {
		token := v.pairs.slots[at] & (maxRanks - 1)
		if v.pairs.slots[at] != pairSlot(hash, token) {
			continue
		}
		if left, right := v.history.parts(token); left == x && right == y {
			return token
		}
	}
	return none
}
