// Package spm encodes text with a vocabulary from a file. It implements SentencePiece's
// merging of characters by score, merging by a list of pairs, and SentencePiece's unigram
// model.
//
// A text is first cut at positions that no token of the vocabulary can cross (see
// bigrams), so that the stretches to merge are short. A text without such a position, for
// example a long run of one letter, is merged with a priority queue, so that the time
// stays nearly linear.
package spm

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"unicode/utf8"

	"github.com/parley-llm/parley/llm/tokens/internal/split"
	"github.com/parley-llm/parley/llm/tokens/internal/vocab"
)

// Model is a vocabulary prepared for encoding. It is immutable and safe for concurrent
// use.
type Model struct {
	kind   vocab.Kind
	norm   *normalizer
	split  split.Pattern // nil if text is not cut into words
	spaces bool          // text is cut before each ▁
	lines  bool          // text is cut at runs of line feeds
	whole  bool          // a word that is a token becomes that token

	tokens   []string
	types    []vocab.Type
	table    table
	bigrams  bigrams
	ascii    [utf8.RuneSelf]int32 // tokens of single ASCII characters
	bytes    [256]int32           // tokens of bytes; -1 if there is none
	fallback bool                 // an unknown character becomes the tokens of its bytes
	fuse     bool                 // consecutive unknown characters become one token
	unknown  int32                // -1 if there is none
	user     *trie                // tokens that are not merged; nil if there are none

	ranks   []uint32 // by id, for merging by score; otherwise nil
	unused  []bool   // by id: intermediate tokens that are split again; nil if there are none
	pairs   pairTable
	unigram unigram
}

// New returns a model of the vocabulary. The model keeps v; the caller must not change
// it.
func New(v *vocab.Vocabulary) (*Model, error) {
	m := &Model{
		kind: v.Kind, split: v.Split, spaces: v.SplitSpace, lines: v.SplitLines,
		whole:  v.IgnoreMerges,
		tokens: v.Tokens, types: v.Types,
		fuse: v.FuseUnknown, unknown: int32(v.UnknownID),
	}
	if v.UserSymbols {
		m.user = newUserTrie(v)
	}
	var err error
	if m.norm, err = newNormalizer(v, m.user); err != nil {
		return nil, err
	}
	m.table = newTable(v.Tokens, m.fromText)
	m.indexCharacters(v)
	m.indexBigrams()
	switch v.Kind {
	case vocab.Scores:
		m.ranks = rank(v.Scores)
		m.indexUnused(v)
	case vocab.Merges:
		err = m.indexMerges(v)
	case vocab.Unigram:
		err = m.indexScores(v)
	default:
		err = fmt.Errorf("the vocabulary has an unknown kind")
	}
	return m, err
}

// fromText reports whether a token can be made from text.
func (m *Model) fromText(id int) bool {
	switch m.types[id] {
	case vocab.Unknown, vocab.Control, vocab.Byte:
		return false
	}
	return true
}

func newUserTrie(v *vocab.Vocabulary) *trie {
	n := 0
	for id, typ := range v.Types {
		if typ == vocab.UserDefined {
			n += len(v.Tokens[id])
		}
	}
	if n == 0 {
		return nil
	}
	t := newTrie(n)
	for id, typ := range v.Types {
		if typ == vocab.UserDefined {
			t.add(v.Tokens[id], int32(id))
		}
	}
	return t
}

// indexCharacters finds the tokens of single characters and bytes.
func (m *Model) indexCharacters(v *vocab.Vocabulary) {
	for b := range m.bytes {
		m.bytes[b] = -1
	}
	for c := range m.ascii {
		m.ascii[c] = m.table.find(string(rune(c)))
	}
	for id, typ := range m.types {
		if b, ok := vocab.ByteOf(m.tokens[id]); ok && (typ == vocab.Byte || v.ByteFallback) && m.bytes[b] < 0 {
			m.bytes[b] = int32(id)
		}
	}
	m.fallback = v.ByteFallback
}

func (m *Model) indexBigrams() {
	n := 0
	for _, token := range m.tokens {
		n += len(token)
	}
	m.bigrams = newBigrams(n / 2)
	for id, token := range m.tokens {
		if m.fromText(id) {
			m.bigrams.addText(token)
		}
	}
}

// rank returns the position of each token's score among all scores, highest first.
func rank(scores []float32) []uint32 {
	sorted := slices.Clone(scores)
	slices.Sort(sorted)
	sorted = slices.Compact(sorted)
	ranks := make([]uint32, len(scores))
	for id, score := range scores {
		at, _ := slices.BinarySearch(sorted, score)
		ranks[id] = uint32(len(sorted) - 1 - at)
	}
	return ranks
}

func (m *Model) indexUnused(v *vocab.Vocabulary) {
	if v.UseUnused || !slices.Contains(v.Types, vocab.Unused) {
		return
	}
	m.unused = make([]bool, len(v.Types))
	for id, typ := range v.Types {
		m.unused[id] = typ == vocab.Unused
	}
}

func (m *Model) indexMerges(v *vocab.Vocabulary) error {
	m.pairs = newPairTable(len(v.Merges), rand.Uint64())
	var text []byte
	for i, pair := range v.Merges {
		text = append(append(text[:0], m.tokens[pair[0]]...), m.tokens[pair[1]]...)
		id := m.table.find(string(text))
		if _, ok := v.Special[string(text)]; ok && id < 0 {
			continue // control tokens are not made from text
		}
		if id < 0 {
			return fmt.Errorf("merge %d makes %.80q, which is not a token", i, text)
		}
		if m.isByte(pair[0]) || m.isByte(pair[1]) {
			return fmt.Errorf("merge %d joins byte tokens, which is not supported", i)
		}
		m.pairs.add(pair[0], pair[1], uint32(i), id)
	}
	return nil
}

// isByte reports whether a token stands for a single byte of a character.
func (m *Model) isByte(id int32) bool {
	b, ok := vocab.ByteOf(m.tokens[id])
	return ok && m.bytes[b] == id
}

func (m *Model) indexScores(v *vocab.Vocabulary) error {
	u := &m.unigram
	u.float32 = v.Float32
	u.scores = v.Scores64
	if u.scores == nil {
		u.scores = make([]float64, len(v.Scores))
		for id, score := range v.Scores {
			u.scores[id] = float64(score)
		}
	}
	if !finite(u.scores) {
		return fmt.Errorf("a score is not a number or is too large")
	}
	// SentencePiece starts its maximum at FLT_MIN, so FLT_MIN is the maximum if all
	// scores are negative.
	least, most := math.Inf(1), 0x1p-126
	bytes := 0
	for id, typ := range v.Types {
		if typ == vocab.Normal || v.Scores64 != nil {
			least, most = min(least, u.scores[id]), max(most, u.scores[id])
		}
		bytes += len(v.Tokens[id])
	}
	u.unknown = least - unknownPenalty
	if v.Scores64 == nil {
		u.unknown = float64(float32(u.unknown))
	}
	u.trie = newTrie(bytes)
	for id, typ := range v.Types {
		switch {
		case typ == vocab.Unused && !v.UseUnused, !m.fromText(id):
			continue
		case typ == vocab.UserDefined && v.UserSymbols:
			u.scores[id] = float64(float32(len(v.Tokens[id]))*float32(most)) - 0.1
		case typ == vocab.UserDefined:
			u.scores[id] = 0
		}
		u.trie.add(v.Tokens[id], int32(id))
	}
	return nil
}
