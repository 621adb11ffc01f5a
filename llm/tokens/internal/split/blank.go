package split

import "unicode/utf8"

// blank returns the length of the first piece of white space, where s starts
// with some: \s*[\r\n]+|\s+(?!\S)|\s+. It ends after the last line end of the
// white space; without one at the end of the text, or else before the last
// character, which belongs to what follows, unless that is all there is.
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

// plainBlank returns the end of the white space up to i and from there on,
// without the last character if it belongs to what follows: \s+(?!\S)|\s+.
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
