// Package match finds tokens that appear literally in text, for example "<tool_call>",
// before the rest of the text is encoded.
package match

import (
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/parley-llm/parley/llm/tokens/internal/normal"
	"github.com/parley-llm/parley/llm/tokens/internal/vocab"
)

// Codec is a vocabulary with its rules for splitting and merging. Its methods expect
// valid UTF-8, and treat names of special tokens as ordinary text. A Codec is immutable
// and safe for concurrent use.
type Codec interface {
	// Count returns the number of ids that AppendEncode appends. first reports whether
	// text is the beginning of a text rather than a continuation.
	Count(text string, first bool) int
	// AppendEncode appends the ids of text's tokens to dst.
	AppendEncode(dst []int, text string, first bool) []int
	// Part returns the length of the first part of a text, which must not be empty. The
	// ids of a text are those of its parts, encoded separately and concatenated.
	// Appending text changes at most the last two parts.
	Part(text string) int
	// AppendBytes appends the bytes of a token. first reports whether it is the first
	// token of a text. It returns false if there is no such token.
	AppendBytes(dst []byte, id int, first bool) ([]byte, bool)
	// Size returns the largest id plus one.
	Size() int
}

// Matcher is a Codec that finds tokens in text and encodes the text between them with
// another Codec. It is immutable and safe for concurrent use.
type Matcher struct {
	codec Codec
	fresh bool // text after a token is the beginning of a text
	nfc   bool // text between tokens is converted to normalization form C

	finder *Finder
	names  map[int]string
	size   int

	normalized map[int]bool // tokens that match only if normalization would not change them
	fits       func(id int, rest string) bool
}

// New returns a Codec that finds the matched tokens of a vocabulary and encodes the text
// between them with codec. It returns codec itself if there are no matched tokens and nfc
// is false.
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

// next returns the first token in text that begins before limit, like [Finder.Next].
func (m *Matcher) next(text string, limit int) (start, end, id int) {
	return m.finder.Next(text, limit, m.fits)
}

// stays reports whether normalization leaves a token unchanged if rest follows it.
func (m *Matcher) stays(id int, rest string) bool { return !m.normalized[id] || !joins(rest) }

// joins reports whether text begins with a character that normalization combines with the
// preceding one.
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

// near is one more than the number of parts before the end of a text that can depend on
// the end.
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
		// The text after a token is a beginning, so it belongs to the same part as the
		// token.
		return end + m.Part(text[end:])
	case start > 0:
		if m.nfc && !norm.NFC.IsNormalString(text[:start]) {
			return start
		}
		return m.codec.Part(text[:start])
	}
	if m.nfc {
		if _, size := utf8.DecodeRuneInString(text[reach:]); !norm.NFC.IsNormalString(text[:reach+size]) {
			// The parts are only visible in the normal form of all text up to the next
			// token.
			if start, _, _ := m.next(text, len(text)); start > 0 {
				return start
			}
			return len(text)
		}
	}
	return part
}

// AppendBytes appends the text of a token.
func (m *Matcher) AppendBytes(dst []byte, id int, first bool) ([]byte, bool) {
	if name, ok := m.names[id]; ok {
		return append(dst, name...), true
	}
	return m.codec.AppendBytes(dst, id, first)
}

// Size returns the largest id plus one.
func (m *Matcher) Size() int { return m.size }
