package constrain

import (
	"errors"
	"fmt"
	"regexp/syntax"
	"unicode"
	"unicode/utf8"
)

// continuation returns a state from which n bytes of a character lead to a state.
func (b *builder) continuation(to int32, n int) int32 {
	for range n {
		from := b.state()
		b.bytes(from, to, 0x80, 0xBF)
		to = from
	}
	return to
}

// runes adds the characters from lo to hi in a JSON string: as themselves, and those that JSON
// cannot contain by their escapes. Surrogates are no characters.
func (b *builder) runes(from, to int32, lo, hi rune) {
	hi = min(hi, unicode.MaxRune)
	for _, special := range []rune{'"', '\\'} {
		if lo <= special && special <= hi {
			b.literal(from, to, "\\"+string(special))
		}
	}
	for r := lo; r <= min(hi, 0x1F); r++ {
		b.control(from, to, r)
	}
	for _, part := range [][2]rune{{0x20, '"' - 1}, {'"' + 1, '\\' - 1}, {'\\' + 1, 0x7F}, {0x80, 0x7FF}, {0x800, 0xD7FF}, {0xE000, 0xFFFF}, {0x10000, unicode.MaxRune}} {
		if first, last := max(lo, part[0]), min(hi, part[1]); first <= last {
			b.utf8(from, to, first, last)
		}
	}
}

// control adds the escape of a control character.
func (b *builder) control(from, to int32, r rune) {
	short := map[rune]string{'\b': `\b`, '\f': `\f`, '\n': `\n`, '\r': `\r`, '\t': `\t`}
	if text, ok := short[r]; ok {
		b.literal(from, to, text)
		return
	}
	b.literal(from, to, fmt.Sprintf(`\u%04x`, r))
}

// utf8 adds the characters from lo to hi, which have the same number of bytes.
func (b *builder) utf8(from, to int32, lo, hi rune) {
	var first, last [utf8.UTFMax]byte
	n := utf8.EncodeRune(first[:], lo)
	utf8.EncodeRune(last[:], hi)
	b.sequences(from, to, first[:n], last[:n])
}

// sequences adds the sequences of bytes from first to last. All bytes after the first one are
// continuation bytes.
func (b *builder) sequences(from, to int32, first, last []byte) {
	if len(first) == 1 {
		b.bytes(from, to, first[0], last[0])
		return
	}
	if first[0] == last[0] {
		next := b.state()
		b.bytes(from, next, first[0], first[0])
		b.sequences(next, to, first[1:], last[1:])
		return
	}
	lowest, highest := make([]byte, len(first)-1), make([]byte, len(first)-1)
	for i := range lowest {
		lowest[i], highest[i] = 0x80, 0xBF
	}
	lo, hi := first[0], last[0]
	if string(first[1:]) != string(lowest) {
		b.sequences(from, to, first, append([]byte{lo}, highest...))
		lo++
	}
	if string(last[1:]) != string(highest) {
		b.sequences(from, to, append([]byte{hi}, lowest...), last)
		hi--
	}
	if lo <= hi {
		b.bytes(from, b.continuation(to, len(lowest)), lo, hi)
	}
}

// character adds any character of a string, or its escape.
func (b *builder) character(from, to int32) {
	b.runes(from, to, 0x20, unicode.MaxRune)
	escape := b.state()
	b.bytes(from, escape, '\\', '\\')
	for _, c := range []byte(`/bfnrt`) {
		b.bytes(escape, to, c, c)
	}
	unicode := b.state()
	b.bytes(escape, unicode, 'u', 'u')
	hex := func(from, to int32) {
		b.bytes(from, to, '0', '9')
		b.bytes(from, to, 'a', 'f')
		b.bytes(from, to, 'A', 'F')
	}
	two, one := b.state(), b.state()
	three, low := b.state(), b.state()
	for _, r := range [][2]byte{{'0', '9'}, {'a', 'c'}, {'e', 'f'}, {'A', 'C'}, {'E', 'F'}} {
		b.bytes(unicode, three, r[0], r[1])
	}
	b.bytes(unicode, low, 'd', 'd') // D800 to DFFF are halves of characters
	b.bytes(unicode, low, 'D', 'D')
	b.bytes(low, two, '0', '7')
	hex(three, two)
	hex(two, one)
	hex(one, to)
}

// text adds a string of least to most characters in quotes. A negative most is no limit.
func (b *builder) text(from, to int32, least, most int) error {
	if most >= 0 && least > most {
		return errors.New("no string is that short and that long")
	}
	at := b.state()
	b.bytes(from, at, '"', '"')
	for range least {
		next := b.state()
		b.character(at, next)
		at = next
	}
	if most < 0 {
		b.character(at, at)
	}
	for range most - least {
		b.bytes(at, to, '"', '"')
		next := b.state()
		b.character(at, next)
		at = next
	}
	b.bytes(at, to, '"', '"')
	return nil
}

// anyText adds any string.
func (b *builder) anyText(from, to int32) {
	b.call(from, to, b.rule("string", func(from, to int32) { _ = b.text(from, to, 0, -1) })) // no limits, no error
}

// pattern adds strings that a regular expression matches anywhere.
func (b *builder) pattern(from, to int32, expression *syntax.Regexp) error {
	expression, open, closed := anchors(expression.Simplify())
	at, end := b.state(), b.state()
	b.bytes(from, at, '"', '"')
	if open {
		b.character(at, at)
	}
	if closed {
		b.character(end, end)
	}
	b.bytes(end, to, '"', '"')
	return b.expression(at, end, expression)
}

// anchors removes ^ and $ at the ends of an expression. open and closed report whether other text
// may come before and after it.
func anchors(e *syntax.Regexp) (rest *syntax.Regexp, open, closed bool) {
	for e.Op == syntax.OpCapture {
		e = e.Sub[0]
	}
	parts := []*syntax.Regexp{e}
	if e.Op == syntax.OpConcat {
		parts = e.Sub
	}
	open, closed = true, true
	for len(parts) > 0 && (parts[0].Op == syntax.OpBeginText || parts[0].Op == syntax.OpBeginLine) {
		parts, open = parts[1:], false
	}
	for len(parts) > 0 && (parts[len(parts)-1].Op == syntax.OpEndText || parts[len(parts)-1].Op == syntax.OpEndLine) {
		parts, closed = parts[:len(parts)-1], false
	}
	return &syntax.Regexp{Op: syntax.OpConcat, Sub: parts}, open, closed
}

var errPattern = errors.New("the pattern has ^, $ or \\b in its middle")

// expression adds the texts that an expression matches.
func (b *builder) expression(from, to int32, e *syntax.Regexp) error {
	if len(b.states) > maxStates {
		return errLarge
	}
	switch e.Op {
	case syntax.OpEmptyMatch:
		b.empty(from, to)
	case syntax.OpLiteral:
		b.word(from, to, e.Rune, e.Flags&syntax.FoldCase != 0)
	case syntax.OpCharClass:
		for i := 0; i < len(e.Rune); i += 2 {
			b.runes(from, to, e.Rune[i], e.Rune[i+1])
		}
	case syntax.OpAnyChar:
		b.runes(from, to, 0, unicode.MaxRune)
	case syntax.OpAnyCharNotNL:
		b.runes(from, to, 0, '\n'-1)
		b.runes(from, to, '\n'+1, unicode.MaxRune)
	case syntax.OpCapture:
		return b.expression(from, to, e.Sub[0])
	case syntax.OpStar, syntax.OpPlus, syntax.OpQuest:
		in, out := b.state(), b.state()
		b.empty(from, in)
		b.empty(out, to)
		if e.Op != syntax.OpPlus {
			b.empty(in, out)
		}
		if e.Op != syntax.OpQuest {
			b.empty(out, in)
		}
		return b.expression(in, out, e.Sub[0])
	case syntax.OpConcat:
		for i, sub := range e.Sub {
			next := to
			if i+1 < len(e.Sub) {
				next = b.state()
			}
			if err := b.expression(from, next, sub); err != nil {
				return err
			}
			from = next
		}
		if len(e.Sub) == 0 {
			b.empty(from, to)
		}
	case syntax.OpAlternate:
		for _, sub := range e.Sub {
			if err := b.expression(from, to, sub); err != nil {
				return err
			}
		}
	default:
		return errPattern
	}
	return nil
}

// word adds a text, in any case if fold is set.
func (b *builder) word(from, to int32, text []rune, fold bool) {
	for i, r := range text {
		next := to
		if i+1 < len(text) {
			next = b.state()
		}
		b.runes(from, next, r, r)
		if fold {
			for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
				b.runes(from, next, other, other)
			}
		}
		from = next
	}
}
