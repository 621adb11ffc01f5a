package bpe

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// mergeByRule applies the rule of byte-pair merging literally: it repeatedly merges the
// adjacent pair with the lowest rank, the leftmost first. It takes quadratic time.
func mergeByRule(row []int, merged func(x, y int) (id, rank int, ok bool)) []int {
	row = slices.Clone(row)
	for {
		place, into, lowest := -1, 0, 0
		for i := range len(row) - 1 {
			if id, rank, ok := merged(row[i], row[i+1]); ok && (place < 0 || rank < lowest) {
				place, into, lowest = i, id, rank
			}
		}
		if place < 0 {
			return row
		}
		row[place] = into
		row = slices.Delete(row, place+1, place+2)
	}
}

// reference encodes pieces by the rule with a list of merges.
type reference struct {
	tokens []string
	ids    map[string]int
	ranks  map[[2]int]int
	whole  bool // a piece that is a token becomes that token
}

func newReference(tokens []string, merges [][2]int32, whole bool) *reference {
	r := &reference{tokens: tokens, ids: make(map[string]int), ranks: make(map[[2]int]int), whole: whole}
	for id, token := range tokens {
		if _, ok := r.ids[token]; !ok && token != "" {
			r.ids[token] = id
		}
	}
	for rank, merge := range merges {
		pair := [2]int{int(merge[0]), int(merge[1])}
		if _, ok := r.ranks[pair]; !ok {
			r.ranks[pair] = rank
		}
	}
	return r
}

func (r *reference) encode(piece string) []int {
	if id, ok := r.ids[piece]; ok && r.whole {
		return []int{id}
	}
	var row []int
	for i := range len(piece) {
		row = append(row, r.ids[piece[i:i+1]])
	}
	return mergeByRule(row, func(x, y int) (int, int, bool) {
		rank, ok := r.ranks[[2]int{x, y}]
		if !ok {
			return 0, 0, false
		}
		return r.ids[r.tokens[x]+r.tokens[y]], rank, true
	})
}

// encodeByRanks encodes a piece by the rule of tiktoken's vocabularies: two tokens can be
// merged if their joined bytes are a token, and the rank of that token is the rank of the
// merge.
func encodeByRanks(ranks map[string]int, tokens []string, piece string) []int {
	if id, ok := ranks[piece]; ok {
		return []int{id}
	}
	var row []int
	for i := range len(piece) {
		row = append(row, ranks[piece[i:i+1]])
	}
	return mergeByRule(row, func(x, y int) (int, int, bool) {
		rank, ok := ranks[tokens[x]+tokens[y]]
		return rank, rank, ok
	})
}

// whole is a pattern that does not split text.
func whole(text string) int { return len(text) }

// tokensOf returns the bytes of all tokens of v, and their ids by bytes.
func tokensOf(v *Vocab) ([]string, map[string]int) {
	tokens := make([]string, v.Size())
	ids := make(map[string]int, v.Size())
	for id := range tokens {
		token, _ := v.AppendBytes(nil, id, false)
		tokens[id] = string(token)
		ids[tokens[id]] = id
	}
	return tokens, ids
}

// soup joins random tokens, some of them truncated, so that they are merged in new ways.
func soup(r *rand.Rand, tokens []string, n int) string {
	var b strings.Builder
	for range n {
		token := tokens[r.IntN(len(tokens))]
		switch r.IntN(4) {
		case 0:
			token = token[r.IntN(len(token)):]
		case 1:
			token = token[:1+r.IntN(len(token))]
		}
		b.WriteString(token)
	}
	return b.String()
}

func TestMergingAgreesWithTheRule(t *testing.T) {
	for _, e := range encodings {
		v, err := Unpack(e.data(t), whole)
		if err != nil {
			t.Fatal(err)
		}
		tokens, ids := tokensOf(v)
		r := rand.New(rand.NewPCG(1, 2))
		check := func(piece string) {
			t.Helper()
			want := encodeByRanks(ids, tokens, piece)
			if got := v.AppendEncode(nil, piece, true); !slices.Equal(got, want) {
				t.Fatalf("%s: %q is encoded as %d, want %d", e.name, piece, got, want)
			}
			if got := v.Count(piece, true); got != len(want) {
				t.Fatalf("%s: %q has %d tokens, want %d", e.name, piece, got, len(want))
			}
		}
		for range 10_000 {
			check(soup(r, tokens, 1+r.IntN(8)))
		}
		for range 2_000 {
			// Few different bytes make many competing merges.
			piece := make([]byte, 1+r.IntN(60))
			letters := []string{"ab", "etaoin", " \n\t", "\xe4\xb8\xad\x80", "=-", "aA", "01", "\x00\xff"}[r.IntN(8)]
			for i := range piece {
				piece[i] = letters[r.IntN(len(letters))]
			}
			check(string(piece))
		}
		// A few runs of one byte each, which are merged by the rule run by run.
		for range 300 {
			check(runs(r, " =-\n\ta*_#/\x00\xff", 1+r.IntN(5), 90))
		}
		// A run followed by alternating bytes, in which every position is a dead end.
		// Such a piece is first tried by cover and then merged by the rule.
		for range 40 {
			pair := []string{"=+", "/*", "ab", "-=", "\t ", "\r\n"}[r.IntN(6)]
			check(runs(r, "-*\t ", 1, 200) + strings.Repeat(pair, r.IntN(100)) + runs(r, "-=a", 1, 60))
		}
		for _, char := range []string{" ", "=", "-", "\n", "a", "가", "\t"} {
			for n := 120; n <= 480; n += 1 + r.IntN(40) {
				check(strings.Repeat(char, n))
				check(strings.Repeat(char, n) + "x" + strings.Repeat(char, n/2))
			}
		}
	}
}

// Every token except the bytes must be the result of the rule for its bytes, with lower
// ranks only. The algorithm in merge.go depends on this.
func TestTokensAreMadeByMerging(t *testing.T) {
	const step = 23 // all of them take half a minute
	for _, e := range encodings {
		v := e.vocab(t)
		tokens, ids := tokensOf(v)
		for id := numBytes; id < len(tokens); id += step {
			token := tokens[id]
			delete(ids, token) // stops the rule before the last merge
			row := encodeByRanks(ids, tokens, token)
			ids[token] = id
			left, right := v.parts(uint32(id))
			if want := []int{int(left), int(right)}; !slices.Equal(row, want) {
				t.Fatalf("%s: before the last merge the token %d, %q, is %d, want %d", e.name, id, token, row, want)
			}
			if int(left) >= id || int(right) >= id {
				t.Fatalf("%s: the token %d is made from %d and %d, which come later", e.name, id, left, right)
			}
		}
	}
}
