package bpe

import (
	"encoding/binary"
	"errors"

	"github.com/parley-llm/parley/llm/tokens/internal/split"
)

// A packed vocabulary consists of
//
//   - the 256 bytes in the order of their ranks;
//   - the number of tokens, in 4 bytes, little endian;
//   - the parts of all further tokens, in the format of history.
//
// This is smaller than a compressed list of the tokens.
const packedHead = numBytes + 4

// Unpack returns the vocabulary with the packed form data. The ids of its tokens are
// their ranks. The Vocab keeps data; the caller must not change it.
func Unpack(data []byte, pattern split.Pattern) (*Vocab, error) {
	if len(data) < packedHead {
		return nil, errors.New("the packed vocabulary has no head")
	}
	n := int(binary.LittleEndian.Uint32(data[numBytes:]))
	if n < numBytes || n > maxRanks || len(data) != packedHead+packedLen(n) {
		return nil, errors.New("the packed vocabulary does not have the length given in its head")
	}
	b, err := newBuilder(pattern, [numBytes]byte(data), data[packedHead:], n, 0)
	if err != nil {
		return nil, err
	}
	pairs := filler[uint32]{table: &b.pairs}
	for token := uint32(numBytes); int(token) < n; token++ {
		left, right := b.parts(token)
		if left >= token || right >= token {
			return nil, errors.New("the packed vocabulary has a token that comes before its parts")
		}
		b.note(token, left, right)
		hash := b.pairHash(left, right)
		pairs.add(hash, pairSlot(hash, token))
	}
	pairs.flush()
	v := b.finish()
	v.size = n
	return v, nil
}
