package split

import "unicode/utf8"

// DeepSeek3 implements the three steps of the tokenizer of DeepSeek V3 and R1. The first
// step isolates
//
//	\p{N}{1,3}
//
// The second step isolates runs of Han and kana in the remaining text,
//
//	[一-龥぀-ゟ゠-ヿ]+
//
// and the third splits each part separately by
//
//	[!-/:-@\[-`{-~][A-Za-z]+|
//	[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+|
//	 ?[\p{P}\p{S}]+[\r\n]*|
//	\s*[\r\n]+|
//	\s+(?!\S)|
//	\s+
//
// Text that matches none of these is also a piece.
func DeepSeek3(text string) int {
	first, width := classAt(text, 0)
	if first&number != 0 {
		return upTo(text, width, number, 2)
	}
	p := part{text, isKana(text, 0)}
	if first&(letter|mark) != 0 {
		return p.run(width, letter|mark)
	}
	next, nextWidth := p.classAt(width)
	if nextWidth > 0 {
		if first&(punct|symbol) != 0 && text[0] < utf8.RuneSelf && isASCIILetter(text[1]) {
			i := 2
			for i < len(text) && isASCIILetter(text[i]) {
				i++
			}
			return i
		}
		if next&(letter|mark) != 0 && first&(punct|symbol) == 0 && text[0] != '\r' && text[0] != '\n' {
			return p.run(width+nextWidth, letter|mark)
		}
	}
	switch {
	case first&(punct|symbol) != 0:
		return p.lineEnds(p.run(width, punct|symbol))
	case text[0] == ' ' && nextWidth > 0 && next&(punct|symbol) != 0:
		return p.lineEnds(p.run(width+nextWidth, punct|symbol))
	case first&space != 0:
		return p.blank()
	}
	return p.gap(width)
}

// A part is the text up to the next number, or up to the next change between kana and
// other characters. Here kana includes Han.
type part struct {
	text string
	kana bool
}

// classAt returns the class and width of the character at i. The width is 0 at the end of
// the part.
func (p part) classAt(i int) (class, int) {
	if i >= len(p.text) {
		return 0, 0
	}
	c, width := classAt(p.text, i)
	if c&number != 0 || isKana(p.text, i) != p.kana {
		return 0, 0
	}
	return c, width
}

func (p part) run(i int, set class) int {
	for {
		c, width := p.classAt(i)
		if c&set == 0 {
			return i
		}
		i += width
	}
}

func (p part) lineEnds(i int) int {
	if p.kana {
		return i
	}
	return lineEnds(p.text, i)
}

// blank is the function blank for a part.
func (p part) blank() int {
	lines, last, i := 0, 0, 0
	for {
		c, width := p.classAt(i)
		if c&space == 0 {
			switch {
			case lines > 0:
				return lines
			case width == 0 || last == 0:
				return i
			default:
				return last
			}
		}
		last = i
		i += width
		if p.text[last] == '\n' || p.text[last] == '\r' {
			lines = i
		}
	}
}

// gap returns the end of the characters without a class. The last of them belongs to the
// letters that may follow.
func (p part) gap(i int) int {
	last := 0
	for {
		c, width := p.classAt(i)
		if c != 0 || width == 0 {
			if c&(letter|mark) != 0 {
				return last
			}
			return i
		}
		last = i
		i += width
	}
}

// isKana reports whether the character at i is in [一-龥぀-ゟ゠-ヿ].
func isKana(s string, i int) bool {
	if s[i] < 0xE3 || s[i] > 0xE9 {
		return false
	}
	r, _ := utf8.DecodeRuneInString(s[i:])
	return r >= 0x3040 && r <= 0x30FF || r >= 0x4E00 && r <= 0x9FA5
}
