// Package match finds tokens that stand in text as they are, such as
// "<tool_call>", before the rest of the text is encoded.
package match

import (
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/parley-llm/parley/llm/tokens/internal/normal"
	"github.com/parley-llm/parley/llm/tokens/internal/vocab"
)

// Codec is a vocabulary with its ways of splitting and merging. The text it is
// given is valid UTF-8, and what looks like a special token is text. A codec is
// immutable, and any number of goroutines may use it at once.
type Codec interface {
	// Count returns how many ids AppendEncode appends; first says that text
	// is the beginning of a text and not the continuation of one.
	Count(text string, first bool) int
	// AppendEncode appends the ids of text's tokens to dst.
	AppendEncode(dst []int, text string, first bool) []int
	// Part returns the length of the first part of a text that is not empty. A
	// text's ids are those of its parts, each encoded on its own, one after
	// another. More text at the end changes no part but the last two.
	Part(text string) int
	// AppendBytes appends what the token id stands for, as the first of a text
	// or a later one. It reports false if there is no such token.
	AppendBytes(dst []byte, id int, first bool) ([]byte, bool)
	// Size returns one more than the largest id.
	Size() int
}

// Matcher is a codec that finds tokens in text and leaves what is between them to
// another codec. It is immutable; any number of goroutines may use it.
type Matcher struct {
	codec Codec
	fresh bool // text after a token is the beginning of a text
	nfc   bool // text between tokens is brought into normalisation form C

	finder *Finder
	names  map[int]string
	size   int

	normalized map[int]bool // tokens that are found only in text that normalisation would not change
	fits       func(id int, rest string) bool
}

// New returns a codec for a vocabulary whose text without matched tokens codec
// encodes. It is codec itself if there is nothing else to do.
func New(v *vocab.Vocabulary, codec Codec, nfc bool) Codec {
	if len(v.Matched) == 0 && !nfc {
		return codec
	}
	ids := make(map[string]int, len(v.Matched))
	m := &Matcher{
		codec: codec, fresh: v.FreshAfterMatch, nfc: nfc,
		names:      make(map[int]string, len(v.Matched)),
		normalized: make(map[int]bool),
		size:       codec.Size(),
	}
	for _, t := range v.Matched {
		if t.Text == "" {
			continue
		}
		ids[t.Text] = t.ID
		m.names[t.ID] = t.Text
		m.normalized[t.ID] = t.Normalized && nfc
		if t.Normalized && nfc {
			m.fits = m.stays
		}
		m.size = max(m.size, t.ID+1)
	}
	m.finder = NewFinder(ids)
	return m
}

// next returns the first token in text that begins before limit, as
// [Finder.Next] does.
func (m *Matcher) next(text string, limit int) (start, end, id int) {
	return m.finder.Next(text, limit, m.fits)
}

// stays reports that normalisation does not change a token that rest follows.
func (m *Matcher) stays(id int, rest string) bool { return !m.normalized[id] || !joins(rest) }

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
