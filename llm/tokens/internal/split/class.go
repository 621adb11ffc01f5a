package split

import "unicode/utf8"

//go:generate go run gen.go

// A class is a set of the Unicode categories that the patterns distinguish. A code point
// is in one of them or in none. Controls other than white space, format characters,
// unassigned and private code points are in none.
type class = uint8

const (
	upper  class = 1 << iota // Lu, Lt
	lower                    // Ll
	other                    // Lm, Lo: letters without case
	mark                     // M
	number                   // N
	space                    // \s, the same as White_Space
	punct                    // P
	symbol                   // S

	letter = upper | lower | other
	upward = upper | other | mark // first half of a word in o200k and Tekken
	onward = lower | other | mark // second half
)

type classRange struct {
	lo, hi rune
	class  class
}

// classAt returns the class of the character at i and its width in bytes.
func classAt(s string, i int) (c class, width int) {
	c, width = ascii[s[i]], 1
	if s[i] >= utf8.RuneSelf {
		c, width = wideAt(s, i)
	}
	return
}

// wideAt is classAt for a character outside ASCII. An invalid byte counts as a separate
// character with the class of U+FFFD, because U+FFFD replaces it in a request.
//
// All bytes of a character except the last are used directly as an index into the table.
// Common characters are therefore looked up without decoding.
func wideAt(s string, i int) (class, int) {
	s = s[i:]
	switch b := s[0]; {
	case b < 0xE0: // U+0080 to U+07FF
		if b >= 0xC2 && len(s) > 1 && s[1]&0xC0 == 0x80 {
			return blocks[int(index[b&0x1F])+int(s[1]&0x3F)], 2
		}
	case b < 0xF0: // up to U+FFFF, except overlong forms and surrogates
		if len(s) > 2 && s[1]&0xC0 == 0x80 && s[2]&0xC0 == 0x80 {
			at := int(b&0x0F)<<6 | int(s[1]&0x3F)
			if at >= 0x800>>6 && at>>5 != 0xD800>>11 {
				return blocks[int(index[at])+int(s[2]&0x3F)], 3
			}
		}
	}
	r, width := utf8.DecodeRuneInString(s)
	return classOf(r), width
}

// classOf returns the class of a code point.
func classOf(r rune) class {
	if r < 64*rune(len(index)) {
		return blocks[int(index[r>>6])+int(r&63)]
	}
	return find(above[:], r)
}

// find returns the class of the range that contains r, or 0.
func find(ranges []classRange, r rune) class {
	for i := range ranges {
		if r <= ranges[i].hi {
			if r >= ranges[i].lo {
				return ranges[i].class
			}
			return 0
		}
	}
	return 0
}
