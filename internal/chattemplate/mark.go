package chattemplate

import (
	"slices"
	"strings"

	"github.com/parley-llm/parley/internal/prompt"
)

// marker keeps the texts of a conversation apart from the control tokens of the template. It
// puts a mark into each name of a control token in a text, so that the name is not found in
// the rendered prompt, and takes the marks out again.
//
// The rest of a text is unchanged, because templates look into texts: they remove white space
// and the reasoning of earlier answers.
type marker struct {
	mark  string
	names map[byte][]string // by the first byte, the longest name first
	tails map[string]bool   // proper prefixes and suffixes of the names
	heads map[string]bool
	most  int // the longest name
}

// The marks are characters that no text should have. A mark that occurs in a conversation is
// not used for it.
const (
	firstMark = '\uE000'
	lastMark  = '\uF8FF'
)

func newMarker(names []string) *marker {
	m := &marker{names: make(map[byte][]string), heads: make(map[string]bool), tails: make(map[string]bool)}
	for _, name := range names {
		if name == "" {
			continue
		}
		m.names[name[0]] = append(m.names[name[0]], name)
		m.most = max(m.most, len(name))
		for i := 1; i < len(name); i++ {
			m.tails[name[:i]], m.heads[name[i:]] = true, true
		}
	}
	for _, list := range m.names {
		slices.SortFunc(list, func(a, b string) int { return len(b) - len(a) })
	}
	return m
}

// unused returns the marker with a mark that occurs in none of the texts.
func (m *marker) unused(texts ...string) *marker {
	out := *m
	for r := firstMark; r <= lastMark; r++ {
		out.mark = string(r)
		if !slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(text, out.mark) }) {
			break
		}
	}
	return &out
}

// at returns the name that text begins with, or "".
func (m *marker) at(text string) string {
	if text == "" {
		return ""
	}
	for _, name := range m.names[text[0]] {
		if strings.HasPrefix(text, name) {
			return name
		}
	}
	return ""
}

// add returns the text with marks. A text that ends or begins with a part of a name gets a mark
// too: the template could add the rest of the name.
func (m *marker) add(text string) string {
	var b strings.Builder
	if n := m.overlap(text); n > 0 {
		b.WriteString(m.mark)
	}
	end := len(text)
	for n := 1; n < min(m.most, len(text)+1); n++ {
		if m.tails[text[len(text)-n:]] {
			end = len(text) - n
		}
	}
	for i := range len(text) {
		b.WriteByte(text[i])
		if i >= end && m.tails[text[i:]] || m.at(text[i:]) != "" {
			b.WriteString(m.mark)
		}
	}
	if b.Len() == len(text) {
		return text
	}
	return b.String()
}

// overlap returns the length of the end of a name that text begins with.
func (m *marker) overlap(text string) int {
	for n := min(m.most-1, len(text)); n > 0; n-- {
		if m.heads[text[:n]] {
			return n
		}
	}
	return 0
}

// remove returns the text without marks.
func (m *marker) remove(text string) string { return strings.ReplaceAll(text, m.mark, "") }

// split divides a rendered prompt into control tokens and text, without marks.
func (m *marker) split(rendered string) []prompt.Piece {
	var pieces []prompt.Piece
	start := 0
	for i := 0; i < len(rendered); {
		name := m.at(rendered[i:])
		if name == "" {
			i++
			continue
		}
		if text := m.remove(rendered[start:i]); text != "" {
			pieces = append(pieces, prompt.Piece{Text: text})
		}
		pieces = append(pieces, prompt.Piece{Text: name, Control: true})
		i += len(name)
		start = i
	}
	if text := m.remove(rendered[start:]); text != "" {
		pieces = append(pieces, prompt.Piece{Text: text})
	}
	return pieces
}
