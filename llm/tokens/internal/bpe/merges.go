package bpe

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/parley-llm/parley/llm/tokens/internal/split"
)

// FromMerges returns the vocabulary of a list of merges, as GPT-2's files and
// their descendants have it: two tokens, given by their ids, are merged in the
// order of the list into the token of their joined bytes.
//
// tokens holds the bytes of each token by its id, "" where an id is no token of
// this vocabulary. All 256 bytes must be tokens. Tokens that no merge makes stand
// only for whole pieces, and that only if wholePieces is set ("ignore_merges").
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

// mergeList makes a Vocab of merges given by ids.
type mergeList struct {
	*builder
	rank    uint32 // of the next token
	tokens  []string
	byBytes map[string]int32 // ids
	known   []uint32         // the ranks of ids, or none
	results []int32          // the ids that the merges make
	early   []int32          // ids that a merge used before one made them
	joined  []byte
}

func newMergeList(tokens []string, pattern split.Pattern) (*mergeList, error) {
	if len(tokens) > math.MaxInt32 {
		return nil, fmt.Errorf("%d tokens are too many", len(tokens))
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

// add takes in the merge that stands at place i of the list.
func (l *mergeList) add(i int, merge [2]int32) error {
	for _, id := range merge {
		if id < 0 || int(id) >= len(l.tokens) || l.tokens[id] == "" {
			return fmt.Errorf("merge %d is of the id %d, which is no token", i, id)
		}
	}
	left, right := merge[0], merge[1]
	l.joined = append(append(l.joined[:0], l.tokens[left]...), l.tokens[right]...)
	id, ok := l.byBytes[string(l.joined)]
	if !ok {
		return fmt.Errorf("merge %d makes %.80q, which is no token", i, l.joined)
	}
	l.results = append(l.results, id)
	x, y := l.known[left], l.known[right]
	if x == none || y == none {
		// Either nothing makes that part, and the merge never happens, or a later
		// merge does, and the list is disordered.
		if x == none {
			l.early = append(l.early, left)
		}
		if y == none {
			l.early = append(l.early, right)
		}
		return nil
	}
	// A token that is made already, and two parts that never come to stand beside
	// each other, since merging their bytes goes another way: no such merge happens.
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

// disordered reports whether a merge comes before one that makes a part of it.
// Then ranks do not rise from part to whole, and package bpe's way of telling
// whether neighbours stand does not hold.
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
