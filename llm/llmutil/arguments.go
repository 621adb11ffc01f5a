package llmutil

import "strings"

// arguments are the JSON arguments of a call that arrive in pieces. It follows the brackets,
// so that each byte is looked at once.
type arguments struct {
	text             strings.Builder
	depth            int
	inString, escape bool
	complete         bool // the text is one object whose last bracket has closed
	isText           bool // not JSON: never complete
}

// add appends a piece.
func (a *arguments) add(piece string) {
	isFirst := a.text.Len() == 0
	a.text.WriteString(piece)
	if isFirst && (a.isText || !beginsObject(piece)) || a.depth < 0 {
		a.depth = -1 // not an object: never complete
		return
	}
	for i := 0; i < len(piece) && !a.complete; i++ {
		switch c := piece[i]; {
		case a.escape:
			a.escape = false
		case a.inString:
			a.escape = c == '\\'
			a.inString = c != '"'
		case c == '"':
			a.inString = true
		case c == '{', c == '[':
			a.depth++
		case c == '}', c == ']':
			a.depth--
			a.complete = a.depth == 0
		}
	}
}

// beginsObject reports whether the first character of a piece of JSON opens an object.
func beginsObject(piece string) bool {
	return strings.HasPrefix(strings.TrimLeft(piece, " \t\r\n"), "{")
}
