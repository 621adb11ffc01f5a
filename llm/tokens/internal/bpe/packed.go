package bpe

import (
	"encoding/binary"
	"errors"

	"github.com/parley-llm/parley/llm/tokens/internal/split"
)

// A packed vocabulary is
//
//   - the 256 bytes in the order of their ranks;
//   - the number of tokens, 4 bytes, the lowest first;
//   - the parts of all further tokens, as history has them.
//
// This is smaller than the tokens themselves would be, deflated.
const packedHead = numBytes + 4

// Unpack returns the vocabulary whose packed form data is. Its tokens' ids are
// their ranks. It keeps data, which must not be changed any more.
func Unpack(data []byte, pattern split.Pattern) (*Vocab, error) {
	if len(data) < packedHead {
		return nil, errors.New("the packed vocabulary has no head")
	}
	n := int(binary.LittleEndian.Uint32(data[numBytes:]))
	if n < numBytes || n > maxRanks || len(data) != packedHead+packedLen(n) {
		return nil, errors.New("the packed vocabulary has not the length that it says")
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
