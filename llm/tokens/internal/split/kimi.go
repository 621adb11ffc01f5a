package split

import "unicode/utf8"

// KimiK2 is the pattern of Kimi K2. It differs from O200k in two ways: runs of the script
// Han are pieces and not parts of words, and '/' does not belong to the line ends after
// punctuation.
//
//	[\p{Han}]+|
//	[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|
//	[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|
//	\p{N}{1,3}|
//	 ?[^\s\p{L}\p{N}]+[\r\n]*|
//	\s*[\r\n]+|
//	\s+(?!\S)|
//	\s+
func KimiK2(text string) int {
	i := 0
	for i < len(text) && isHan(text, i) {
		_, width := wideAt(text, i)
		i += width
	}
	if i > 0 {
		return i
	}
	first, width := classAt(text, 0)
	switch {
	case first&(letter|mark) != 0:
		return caseWordBy(text, 0, classButHan, contraction)
	case first&number != 0:
		return upTo(text, width, number, 2)
	case text[0] == '\r' || text[0] == '\n':
		return blank(text)
	case width == len(text):
		return width
	}
	if next, _ := classButHan(text, width); next&(letter|mark) != 0 {
		return caseWordBy(text, width, classButHan, contraction)
	}
	// From here on, a character of the script Han has its normal class: a Han letter ends
	// the punctuation, and a radical belongs to it.
	next, _ := classAt(text, width)
	if first&space != 0 && (text[0] != ' ' || next&(space|number|letter) != 0) {
		return blank(text)
	}
	return lineEnds(text, runOutside(text, width, space|number|letter))
}

// classButHan is like classAt but returns no class for the script Han.
func classButHan(s string, i int) (class, int) {
	c, width := classAt(s, i)
	if isHan(s, i) {
		c = 0
	}
	return c, width
}

func isHan(s string, i int) bool {
	if s[i] < utf8.RuneSelf {
		return false
	}
	r, _ := utf8.DecodeRuneInString(s[i:])
	for i := range han {
		if r <= han[i].hi {
			return r >= han[i].lo
		}
	}
	return false
}
