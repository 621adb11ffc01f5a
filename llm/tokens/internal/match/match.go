// Package match finds tokens that stand in text as they are, such as
// "<tool_call>", before the rest of the text is encoded.
package match

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/parley-llm/parley/llm/tokens/internal/normal"
	"github.com/parley-llm/parley/llm/tokens/internal/vocab"
)

// Codec encodes text without such tokens.
type Codec interface {
	Count(text string, first bool) int
	AppendEncode(dst []int, text string, first bool) []int
	Part(text string) int
	AppendBytes(dst []byte, id int, first bool) ([]byte, bool)
	Size() int
}

// Matcher is a codec that finds tokens in text and leaves what is between them to
// another codec. It is immutable; any number of goroutines may use it.
type Matcher struct {
	codec Codec
	fresh bool // text after a token is the beginning of a text
	nfc   bool // text between tokens is brought into normalisation form C

	tokens  map[string]token
	names   map[int]string
	first   [256]bool // the bytes that tokens begin with
	only    int       // the one byte that all begin with, or -1
	lengths [256][]int
	size    int
}

// token is what is found.
type token struct {
	id         int
	normalized bool // only in text that normalisation would not change
}

// New returns a codec for a vocabulary whose text without matched tokens codec
// encodes. It is codec itself if there is nothing else to do.
func New(v *vocab.Vocabulary, codec Codec, nfc bool) Codec {
	if len(v.Matched) == 0 && !nfc {
		return codec
	}
	m := &Matcher{
		codec: codec, fresh: v.FreshAfterMatch, nfc: nfc,
		tokens: make(map[string]token, len(v.Matched)),
		names:  make(map[int]string, len(v.Matched)),
		only:   -1,
		size:   codec.Size(),
	}
	for _, t := range v.Matched {
		if t.Text == "" {
			continue
		}
		m.tokens[t.Text] = token{id: t.ID, normalized: t.Normalized && nfc}
		m.names[t.ID] = t.Text
		m.size = max(m.size, t.ID+1)
		c := t.Text[0]
		if !m.first[c] {
			m.first[c] = true
			m.only = int(c)
		}
		m.lengths[c] = insert(m.lengths[c], len(t.Text))
	}
	for c, has := range m.first {
		if has && c != m.only {
			m.only = -1
		}
	}
	return m
}

// insert inserts a length into a list in descending order, once.
func insert(lengths []int, n int) []int {
	i := 0
	for i < len(lengths) && lengths[i] > n {
		i++
	}
	if i < len(lengths) && lengths[i] == n {
		return lengths
	}
	return append(lengths[:i], append([]int{n}, lengths[i:]...)...)
}

// next returns the first token in text, the longest if several begin there:
// from where to where, and its id. start is -1 if there is none that begins
// before limit.
func (m *Matcher) next(text string, limit int) (start, end, id int) {
	for i := 0; i < limit; i++ {
		if m.only >= 0 {
			n := strings.IndexByte(text[i:limit], byte(m.only))
			if n < 0 {
				break
			}
			i += n
		} else if !m.first[text[i]] {
			continue
		}
		for _, n := range m.lengths[text[i]] {
			if len(text)-i < n {
				continue
			}
			t, ok := m.tokens[text[i:i+n]]
			if !ok || t.normalized && joins(text[i+n:]) {
				continue
			}
			return i, i + n, t.id
		}
	}
	return -1, -1, 0
}

// joins reports that text begins with a character that normalisation joins with
// what stands before it.
func joins(text string) bool {
	return text != "" && !norm.NFC.PropertiesString(text).BoundaryBefore()
}

// normal returns text in the form in which it is encoded.
func (m *Matcher) normal(text string) string {
	if m.nfc {
		return normal.String(norm.NFC, text)
	}
	return text
}

// Count returns the number of tokens of text.
func (m *Matcher) Count(text string, first bool) int {
	count := 0
	for text != "" {
		start, end, _ := m.next(text, len(text))
		if start < 0 {
			return count + m.codec.Count(m.normal(text), first)
		}
		if start > 0 {
			count += m.codec.Count(m.normal(text[:start]), first)
		}
		count++
		text, first = text[end:], m.fresh
	}
	return count
}

// AppendEncode appends the ids of text's tokens to dst.
func (m *Matcher) AppendEncode(dst []int, text string, first bool) []int {
	for text != "" {
		start, end, id := m.next(text, len(text))
		if start < 0 {
			return m.codec.AppendEncode(dst, m.normal(text), first)
		}
		if start > 0 {
			dst = m.codec.AppendEncode(dst, m.normal(text[:start]), first)
		}
		dst = append(dst, id)
		text, first = text[end:], m.fresh
	}
	return dst
}

// near is how many parts before the end of a text can depend on it, and one
// more.
const near = 3

// Part returns the length of the first part of text.
func (m *Matcher) Part(text string) int {
	part, reach := 0, 0
	for i := 0; i < near && reach < len(text); i++ {
		reach += m.codec.Part(text[reach:])
		if i == 0 {
			part = reach
		}
	}
	start, end, _ := m.next(text, reach)
	switch {
	case start == 0:
		if !m.fresh || end == len(text) {
			return end
		}
		if start, _, _ := m.next(text[end:], 1); start == 0 {
			return end
		}
		// The text after a token is a beginning, so it is in one part with it.
		return end + m.Part(text[end:])
	case start > 0:
		if m.nfc && !norm.NFC.IsNormalString(text[:start]) {
			return start
		}
		return m.codec.Part(text[:start])
	}
	if m.nfc {
		if _, size := utf8.DecodeRuneInString(text[reach:]); !norm.NFC.IsNormalString(text[:reach+size]) {
			// What a part is shows only in the normal form of all up to the next token.
			if start, _, _ := m.next(text, len(text)); start > 0 {
				return start
			}
			return len(text)
		}
	}
	return part
}

// AppendBytes appends the text that a token stands for.
func (m *Matcher) AppendBytes(dst []byte, id int, first bool) ([]byte, bool) {
	if name, ok := m.names[id]; ok {
		return append(dst, name...), true
	}
	return m.codec.AppendBytes(dst, id, first)
}

// Size returns one more than the largest id.
func (m *Matcher) Size() int { return m.size }
