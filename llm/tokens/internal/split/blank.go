package split

import "unicode/utf8"

// blank returns the length of the first piece of white space, if s begins with white
// space: \s*[\r\n]+|\s+(?!\S)|\s+. The piece ends after the last line end in the white
// space. Without a line end it ends at the end of the text, or before the last white
// space character, because that one belongs to the next piece. A single white space
// character is always a piece.
func blank(s string) int {
	lines, last, i := 0, 0, 0
	for i < len(s) {
		b := s[i]
		if b < utf8.RuneSelf {
			if b == ' ' && len(s)-i >= 8 && eight(s, i) == ' '*each {
				last = i + 7
				i += 8
				continue
			}
			if ascii[b]&space == 0 {
				break
			}
			last = i
			i++
			if b == '\n' || b == '\r' {
				lines = i
			}
			continue
		}
		c, width := wideAt(s, i)
		if c&space == 0 {
			break
		}
		last = i
		i += width
	}
	switch {
	case lines > 0:
		return lines
	case i == len(s) || last == 0:
		return i
	default:
		return last
	}
}

// plainBlank returns the end of the white space that begins before i. It excludes the
// last character if that belongs to the next piece: \s+(?!\S)|\s+.
func plainBlank(s string, i int, stop class) int {
	last := 0
	for i < len(s) {
		if len(s)-i >= 8 && eight(s, i) == ' '*each {
			last = i + 7
			i += 8
			continue
		}
		c, width := classAt(s, i)
		if c&space == 0 {
			if c&stop == 0 && last > 0 {
				return last
			}
			break
		}
		last = i
		i += width
	}
	return i
}
