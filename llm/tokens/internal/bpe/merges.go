package bpe

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/parley-llm/parley/llm/tokens/internal/split"
)

// FromMerges returns the vocabulary of a list of merges, the format of GPT-2 and its
// descendants. A merge names two tokens by id. The merges are applied in the order of the
// list, and the result is the token with the joined bytes.
//
// tokens contains the bytes of each token by id, and "" for an id that is not a token of
// this vocabulary. All 256 bytes must be tokens. A token that no merge makes can match
// only a whole piece, and only if wholePieces is set ("ignore_merges").
func FromMerges(tokens []string, merges [][2]int32, pattern split.Pattern, wholePieces bool) (*Vocab, error) {
	l, err := newMergeList(tokens, pattern)
	if err != nil {
		return nil, err
	}
	for i, merge := range merges {
		if err := l.add(i, merge); err != nil {
			return nil, err
		}
	}
	if l.disordered() {
		l.byRule = newRowMerger(merges, l.results, l.byteIDs())
	}
	return l.vocab(wholePieces), nil
}

// mergeList builds a Vocab from merges given by ids.
type mergeList struct {
	*builder
	rank    uint32 // rank of the next token
	tokens  []string
	byBytes map[string]int32 // ids
	known   []uint32         // rank by id, or none
	results []int32          // the ids that the merges make
	early   []int32          // ids that a merge used before another merge made them
	joined  []byte
}

func newMergeList(tokens []string, pattern split.Pattern) (*mergeList, error) {
	if len(tokens) > math.MaxInt32 {
		return nil, fmt.Errorf("there are %d tokens; the limit is %d", len(tokens), math.MaxInt32)
	}
	l := &mergeList{
		tokens:  tokens,
		byBytes: make(map[string]int32, len(tokens)),
		known:   make([]uint32, len(tokens)),
	}
	for id, token := range tokens {
		l.known[id] = none
		if _, ok := l.byBytes[token]; !ok && token != "" {
			l.byBytes[token] = int32(id)
		}
	}
	var values [numBytes]byte
	ids := make([]uint32, numBytes)
	for value := range numBytes {
		id, ok := l.byBytes[string([]byte{byte(value)})]
		if !ok {
			return nil, fmt.Errorf("the byte 0x%02x has no token", value)
		}
		values[value] = byte(value)
		l.known[id] = uint32(value)
		ids[value] = uint32(id)
	}
	n := min(len(tokens), maxRanks)
	b, err := newBuilder(pattern, values, make([]byte, packedLen(n)), n, rand.Uint64())
	if err != nil {
		return nil, err
	}
	b.ids = ids
	l.builder, l.rank = b, numBytes
	return l, nil
}

// add processes the merge at position i of the list.
func (l *mergeList) add(i int, merge [2]int32) error {
	for _, id := range merge {
		if id < 0 || int(id) >= len(l.tokens) || l.tokens[id] == "" {
			return fmt.Errorf("merge %d has the id %d, which is not a token", i, id)
		}
	}
	left, right := merge[0], merge[1]
	l.joined = append(append(l.joined[:0], l.tokens[left]...), l.tokens[right]...)
	id, ok := l.byBytes[string(l.joined)]
	if !ok {
		return fmt.Errorf("merge %d makes %.80q, which is not a token", i, l.joined)
	}
	l.results = append(l.results, id)
	x, y := l.known[left], l.known[right]
	if x == none || y == none {
		// Either no merge makes that part, and this merge never happens, or a later merge
		// makes it, and the list is disordered.
		if x == none {
			l.early = append(l.early, left)
		}
		if y == none {
			l.early = append(l.early, right)
		}
		return nil
	}
	// The merge never happens if its token is already made, or if the two parts never
	// become neighbors because their bytes are merged differently.
	if l.known[id] != none || !l.stand(x, y) {
		return nil
	}
	if l.rank == maxRanks {
		return fmt.Errorf("there are more than %d merges", maxRanks-numBytes)
	}
	l.history.write(l.rank, x, y)
	l.note(l.rank, x, y)
	hash := l.pairHash(x, y)
	l.pairs.add(hash, pairSlot(hash, l.rank))
	l.known[id] = l.rank
	l.ids = append(l.ids, uint32(id))
	l.rank++
	return nil
}

// disordered reports whether a merge comes before another merge that makes one of its
// parts. Then a token can have a lower rank than its parts, and the faster algorithm of
// this package is not correct.
func (l *mergeList) disordered() bool {
	for _, id := range l.early {
		if l.known[id] != none {
			return true
		}
	}
	return false
}

func (l *mergeList) byteIDs() (ids [numBytes]uint32) {
	for i := range ids {
		ids[i] = l.ids[i]
	}
	return ids
}

func (l *mergeList) vocab(wholePieces bool) *Vocab {
	l.n = int(l.rank)
	v := l.finish()
	v.size = len(l.tokens)
	v.ranks = l.known
	v.spelled = l.tokens
	if wholePieces {
		v.whole = make(map[string]int)
		for token, id := range l.byBytes {
			if l.known[id] == none || v.byRule != nil {
				v.whole[token] = int(id)
			}
		}
	}
	return v
}
