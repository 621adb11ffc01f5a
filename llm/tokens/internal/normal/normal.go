// Package normal converts text to the normalization forms of Unicode.
//
// It uses the tables and the quick check of golang.org/x/text/unicode/norm, but not its
// conversion, because that differs from Unicode for rare texts and a tokenizer must not:
//
//   - after thirty consecutive combining marks it inserts a U+034F (the Stream-Safe Text
//     Format, UAX #15 section 13);
//   - it looks up a composition by the low 16 bits of both characters, so that U+E0041
//     with an accent becomes "À";
//   - it may combine marks with a letter across a U+FF9E.
package normal

import (
	"slices"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// String returns text in the form f. It does not allocate if text already has that form.
func String(f norm.Form, text string) string {
	if f.IsNormalString(text) {
		return text
	}
	decomposed, composes := norm.NFD, f == norm.NFC
	if f == norm.NFKC || f == norm.NFKD {
		decomposed, composes = norm.NFKD, f == norm.NFKC
	}
	chars := decompose(decomposed, text)
	if composes {
		chars = compose(chars)
	}
	return string(chars)
}

func class(r rune) uint8 {
	var b [utf8.UTFMax]byte
	n := utf8.EncodeRune(b[:], r)
	return norm.NFD.Properties(b[:n]).CCC()
}

// decompose returns the decomposed characters of text in canonical order.
func decompose(f norm.Form, text string) []rune {
	var chars []rune
	for i, r := range text {
		p := f.PropertiesString(text[i:])
		switch d := p.Decomposition(); {
		case 0xac00 <= r && r < 0xac00+11172:
			chars = append(chars, []rune(f.String(string(r)))...)
		case d != nil:
			chars = append(chars, []rune(string(d))...)
		default:
			chars = append(chars, r)
		}
	}
	for i := 0; i < len(chars); {
		j := i
		for j < len(chars) && class(chars[j]) != 0 {
			j++
		}
		slices.SortStableFunc(chars[i:j], func(a, b rune) int { return int(class(a)) - int(class(b)) })
		i = j + 1
	}
	return chars
}

// compose combines each starter with the marks that follow it: UAX #15, D117, the
// Canonical Composition Algorithm.
func compose(chars []rune) []rune {
	to := chars[:0]
	starter, last := -1, uint8(0)
	for _, r := range chars {
		c := class(r)
		blocked := starter < 0 || len(to)-1 > starter && (last == 0 || last >= c)
		if !blocked {
			if joined, ok := join(to[starter], r); ok {
				to[starter] = joined
				continue
			}
		}
		if c == 0 {
			starter = len(to)
		}
		last = c
		to = append(to, r)
	}
	return to
}

// join returns the composition of two characters. It reports false if the result does not
// decompose to them.
func join(a, b rune) (rune, bool) {
	apart := string([]rune{a, b})
	joined := norm.NFC.String(apart)
	r, size := utf8.DecodeRuneInString(joined)
	return r, size == len(joined) && norm.NFD.String(joined) == norm.NFD.String(apart)
}
