package split

// GPT2 is the pattern of GPT-2, r50k_base and p50k_base, and of every
// tokenizer.json with a ByteLevel step that has use_regex set:
//
//	's|'t|'re|'ve|'m|'ll|'d|
//	 ?\p{L}+|
//	 ?\p{N}+|
//	 ?[^\s\p{L}\p{N}]+|
//	\s+(?!\S)|
//	\s+
func GPT2(text string) int {
	if n := smallContraction(text); n > 0 {
		return n
	}
	return plainWord(text, 0)
}

// StarCoder is GPT2 applied to the text between numbers; each \p{N} is a separate piece.
// It is the pattern of StarCoder, Granite code models, SmolLM and Command R.
func StarCoder(text string) int {
	if first, width := classAt(text, 0); first&number != 0 {
		return width
	}
	if n := smallContraction(text); n > 0 {
		return n
	}
	return plainWord(text, number)
}

// plainWord matches GPT2's expression without the contractions. The text ends before the
// first character of a class in stop. s must not begin with such a character.
func plainWord(s string, stop class) int {
	first, width := classAt(s, 0)
	if s[0] == ' ' && len(s) > 1 {
		if next, nextWidth := classAt(s, 1); next&(space|stop) == 0 {
			first, width = next, 1+nextWidth
		}
	}
	switch {
	case first&letter != 0:
		return wordEnd(s, width, letter)
	case first&number != 0:
		return run(s, width, number)
	case first&space == 0:
		return runOutside(s, width, space|letter|number|stop)
	}
	return plainBlank(s, width, stop)
}
