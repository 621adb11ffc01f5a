package spm

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/parley-llm/parley/llm/tokens/internal/vocab"
)

// Size returns the largest id plus one.
func (m *Model) Size() int { return len(m.tokens) }

// Part returns the length of the first part of text. The tokens of the text are those of
// the part followed by those of the rest.
func (m *Model) Part(text string) int {
	switch {
	case !m.norm.simple, m.unused != nil, m.kind == vocab.Unigram && !m.spaces, m.lines:
		return len(text)
	case m.split != nil:
		if m.norm.none() {
			return m.split(text)
		}
		return len(text)
	}
	return m.border(text, 1)
}

// border returns the first position from the given one on at which text can be cut, or
// the end. It is for normalizers that only add spaces.
func (m *Model) border(text string, from int) int {
	for from < len(text) && !utf8.RuneStart(text[from]) {
		from++
	}
	if from >= len(text) {
		return len(text)
	}
	left, _ := utf8.DecodeLastRuneInString(text[:from])
	left = m.escaped(left)
	for i := from; i < len(text); {
		c, n := decode(text[i:])
		c = m.escaped(c)
		if m.cuttable(left, c) {
			return i
		}
		i, left = i+n, c
	}
	return len(text)
}

func (m *Model) escaped(c rune) rune {
	if c == ' ' && m.norm.Escape {
		return '▁'
	}
	return c
}

// cuttable reports whether text can be cut between two characters.
func (m *Model) cuttable(left, right rune) bool {
	if m.unused != nil || m.lines || m.split != nil {
		return false
	}
	if m.spaces {
		return right == '▁'
	}
	if m.bigrams.has(left, right) {
		return false
	}
	// Consecutive unknown characters are one token.
	return !m.fuse || m.known(left) || m.known(right)
}

func (m *Model) known(c rune) bool {
	if int(c) < len(m.ascii) {
		return m.ascii[c] >= 0
	}
	var b [utf8.UTFMax]byte
	text := string(utf8.AppendRune(b[:0], c))
	return m.inBytes(text) || m.table.find(text) >= 0
}

// AppendBytes appends the text of a token. first reports whether it is the first token of
// a text. It returns false if there is no such token.
func (m *Model) AppendBytes(dst []byte, id int, first bool) ([]byte, bool) {
	if id < 0 || id >= len(m.tokens) || m.tokens[id] == "" {
		return dst, false
	}
	token := m.tokens[id]
	if b, ok := vocab.ByteOf(token); ok && m.bytes[b] == int32(id) {
		return append(dst, b), true
	}
	begin := len(dst)
	if m.norm.Escape {
		for {
			before, after, found := strings.Cut(token, space)
			dst = append(dst, before...)
			if !found {
				break
			}
			dst = append(dst, ' ')
			token = after
		}
	} else {
		dst = append(dst, token...)
	}
	if first && m.norm.Prefix != vocab.NoPrefix && !m.norm.Suffix && bytes.HasPrefix(dst[begin:], []byte(" ")) {
		dst = append(dst[:begin], dst[begin+1:]...)
	}
	return dst, true
}
