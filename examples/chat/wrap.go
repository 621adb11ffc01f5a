package main

import (
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// wrap breaks lines between words so that no line is wider than the given number of columns.
// A word that is wider stays in one piece. Escape sequences have no width.
func wrap(text string, columns int) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = wrapLine(line, columns)
	}
	return strings.Join(lines, "\n")
}

func wrapLine(line string, columns int) string {
	if columnsOf(line) <= columns {
		return line
	}
	var b strings.Builder
	used := 0
	for i, word := range strings.Split(line, " ") {
		n := columnsOf(word)
		switch {
		case i == 0:
		case used+1+n > columns:
			b.WriteByte('\n')
			used = 0
		default:
			b.WriteByte(' ')
			used++
		}
		b.WriteString(word)
		used += n
	}
	return b.String()
}

// columnsOf returns the width of a text on a terminal.
func columnsOf(text string) (n int) {
	inEscape := false
	for _, r := range text {
		switch {
		case r == '\x1b':
			inEscape = true
		case inEscape:
			inEscape = !unicode.IsLetter(r)
		case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		case r == '\t':
			n += 8 - n%8
		default:
			n++
			if kind := width.LookupRune(r).Kind(); kind == width.EastAsianWide || kind == width.EastAsianFullwidth {
				n++
			}
		}
	}
	return n
}
