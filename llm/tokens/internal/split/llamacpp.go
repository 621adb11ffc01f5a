package split

import "unicode/utf8"

// LlamaCppO200k is O200k as llama.cpp matches it for tokenizer.ggml.pre "gpt-4o" and
// "llama4" (src/llama-vocab.cpp, LLAMA_VOCAB_PRE_TYPE_GPT4O). It distinguishes capitals
// from small letters only in ASCII, treats all other letters as both, and does not allow
// marks in words.
func LlamaCppO200k(text string) int {
	return splitLlamaCpp(text, 3, asciiContraction)
}

// LlamaCppTekken is Tekken as llama.cpp matches it (LLAMA_VOCAB_PRE_TYPE_TEKKEN). It
// deviates in the same way as LlamaCppO200k.
func LlamaCppTekken(text string) int {
	return splitLlamaCpp(text, 1, func(string) int { return 0 })
}

func splitLlamaCpp(s string, digits int, suffix func(string) int) int {
	first, width := foldedClass(s, 0)
	switch {
	case first&letter != 0:
		return caseWordBy(s, 0, foldedClass, suffix)
	case first&number != 0:
		return upTo(s, width, number, digits-1)
	case s[0] == '\r' || s[0] == '\n':
		return blank(s)
	case width == len(s):
		return width
	}
	next, _ := foldedClass(s, width)
	if next&letter != 0 {
		return caseWordBy(s, width, foldedClass, suffix)
	}
	if first&space != 0 && (s[0] != ' ' || next&(space|number) != 0) {
		return blank(s)
	}
	return lineEndsAndSlashes(s, runOutside(s, width, space|number|letter))
}

// foldedClass is like classAt, with one class for all letters outside ASCII and no class
// for marks.
func foldedClass(s string, i int) (class, int) {
	c, width := classAt(s, i)
	switch {
	case s[i] < utf8.RuneSelf:
	case c&letter != 0:
		c = other
	case c&mark != 0:
		c = 0
	}
	return c, width
}
