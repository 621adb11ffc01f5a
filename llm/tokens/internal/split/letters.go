package split

import "unicode/utf8"

// CL100k is the pattern of cl100k_base, and of Llama 3:
//
//	(?i:'s|'t|'re|'ve|'m|'ll|'d)|
//	[^\r\n\p{L}\p{N}]?\p{L}+|
//	\p{N}{1,3}|
//	 ?[^\s\p{L}\p{N}]+[\r\n]*|
//	\s*[\r\n]+|
//	\s+(?!\S)|
//	\s+
func CL100k(text string) int {
	return splitLetters(text, letter, 3)
}

// Qwen2 is the pattern of Qwen 2, 2.5 and 3: CL100k with each \p{N} as a separate piece.
func Qwen2(text string) int {
	return splitLetters(text, letter, 1)
}

// Qwen35 is the pattern of Qwen 3.5: Qwen2 with marks treated as letters.
func Qwen35(text string) int {
	return splitLetters(text, letter|mark, 1)
}

// splitLetters matches CL100k's expression with the given classes in place of \p{L} and
// at most digits numbers per piece.
func splitLetters(s string, word class, digits int) int {
	start := 0
	if s[0] == ' ' && len(s) > 1 {
		start = 1
	}
	// Most pieces begin with this class, after an optional space.
	next, nextWidth := classAt(s, start)
	if next&word != 0 {
		return wordEnd(s, start+nextWidth, word)
	}
	if start == 1 {
		if next&(space|number) != 0 {
			return blank(s)
		}
		return lineEnds(s, runOutside(s, 1+nextWidth, space|number|word))
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
	next, nextWidth = classAt(s, width)
	if next&word != 0 {
		if n := contraction(s); n > 0 {
			return n
		}
		return wordEnd(s, width+nextWidth, word)
	}
	if first&space != 0 {
		return blank(s)
	}
	return lineEnds(s, runOutside(s, width, space|number|word))
}

// wordEnd is like run, but faster for words in ASCII.
func wordEnd(s string, i int, word class) int {
	i = letterEnd(s, i)
	if i < len(s) && s[i] >= utf8.RuneSelf {
		return run(s, i, word)
	}
	return i
}
