package split

import "unicode/utf8"

// O200k is the pattern of o200k_base and o200k_harmony:
//
//	[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|
//	[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|
//	\p{N}{1,3}|
//	 ?[^\s\p{L}\p{N}]+[\r\n/]*|
//	\s*[\r\n]+|
//	\s+(?!\S)|
//	\s+
func O200k(text string) int {
	return splitCased(text, 3, true)
}

// Tekken is the pattern of Mistral's Tekken: O200k without contractions, with each \p{N}
// as a separate piece.
func Tekken(text string) int {
	return splitCased(text, 1, false)
}

// splitCased matches O200k's expression with at most digits numbers per piece, with or
// without contractions.
func splitCased(s string, digits int, contractions bool) int {
	start := 0
	if s[0] == ' ' && len(s) > 1 {
		start = 1
	}
	// Most pieces begin with this class, after an optional space.
	next, nextWidth := classAt(s, start)
	if next&(letter|mark) != 0 {
		end := caseWord(s, start)
		if contractions && end < len(s) && s[end] == '\'' {
			end += contraction(s[end:])
		}
		return end
	}
	if start == 1 {
		if next&(space|number) != 0 {
			return blank(s)
		}
		return lineEndsAndSlashes(s, runOutside(s, 1+nextWidth, space|number|letter))
	}
	first, width := next, nextWidth
	if first&number != 0 {
		return upTo(s, width, number, digits-1)
	}
	if s[0] == '\r' || s[0] == '\n' {
		return blank(s)
	}
	if width == len(s) {
		return width
	}
	next, _ = classAt(s, width)
	if next&(letter|mark) != 0 {
		end := caseWord(s, width)
		if contractions && end < len(s) && s[end] == '\'' {
			end += contraction(s[end:])
		}
		return end
	}
	if first&space != 0 {
		return blank(s)
	}
	return lineEndsAndSlashes(s, runOutside(s, width, space|number|letter))
}

// caseWord returns the end of the word that begins at i with a letter or a mark:
// capitals, followed by small letters. Letters without case and marks count as both.
//
// If no small letter follows the capitals, the expression backtracks until the last
// character can begin the second half. The word then ends after the last character that
// counts as both. If there is none, the word is all capitals, and the second alternative
// matches.
func caseWord(s string, i int) int {
	start := i
	for i < len(s) && s[i] >= 'A' && s[i] <= 'Z' {
		i++
	}
	i = smallEnd(s, i)
	if i < len(s) && s[i] >= utf8.RuneSelf {
		return caseWordWide(s, start)
	}
	return i
}

// caseWordWide is caseWord for a word that is not all ASCII.
func caseWordWide(s string, i int) int {
	both := 0
	for i < len(s) {
		c, width := classAt(s, i)
		if c&upward == 0 {
			if c&lower != 0 {
				return run(s, i+width, onward)
			}
			break
		}
		i += width
		if c&onward != 0 {
			both = i
		}
	}
	if both > 0 {
		return both
	}
	return i
}

// caseWordBy is like caseWord. at returns the class of each character, and suffix returns
// the length of the suffix that may follow the letters.
func caseWordBy(s string, i int, at func(string, int) (class, int), suffix func(string) int) int {
	both := 0
	for i < len(s) {
		c, width := at(s, i)
		if c&upward == 0 {
			break
		}
		i += width
		if c&onward != 0 {
			both = i
		}
	}
	end := i
	for end < len(s) {
		c, width := at(s, end)
		if c&onward == 0 {
			break
		}
		end += width
	}
	if end == i && both > 0 {
		end = both
	}
	return end + suffix(s[end:])
}
