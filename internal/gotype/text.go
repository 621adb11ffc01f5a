package gotype

import (
	"reflect"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// readString reads a string up to its end, an escape, or the end of the piece.
func (d *Decoder) readString(piece string, i int) int {
	start := i
	for i < len(piece) && piece[i] >= ' ' && piece[i] != '"' && piece[i] != '\\' {
		i++
	}
	run := piece[start:i]
	if run != "" {
		d.flushHigh()
	}
	switch {
	case i < len(piece) && piece[i] == '"' && d.grows.IsValid() && d.text.Len() == 0 && d.high == 0:
		d.grows.SetString(strings.Clone(run)) // the usual case: a string in one piece
		d.grows = reflect.Value{}
		d.endValue()
		d.endRaw(piece, i+1)
		return i + 1
	case d.grows.IsValid():
		d.text.WriteString(run)
	case d.isKey || d.rawDepth == 0:
		d.scratch = append(d.scratch, run...)
	}
	if i == len(piece) {
		return i
	}
	switch piece[i] {
	case '\\':
		d.state = inEscape
	case '"':
		d.endString(piece, i+1)
	default:
		return d.syntax(i, "a control character in a string")
	}
	return i + 1
}

func (d *Decoder) endString(piece string, next int) {
	d.flushHigh()
	switch {
	case d.isKey:
		d.endKey()
		return
	case d.grows.IsValid():
		d.publish(true)
		d.grows = reflect.Value{}
	case d.rawDepth == 0:
		switch p := d.current(); p.form {
		case formWholeText:
			d.place().SetString(string(d.scratch))
		default:
			d.mismatch(p, "a string")
		}
	}
	d.endValue()
	d.endRaw(piece, next)
}

// publish makes the growing string visible, without a character that is incomplete.
func (d *Decoder) publish(all bool) {
	if !d.grows.IsValid() {
		return
	}
	text := d.text.String()
	if !all {
		text = wholeCharacters(text)
	}
	d.grows.SetString(text)
}

// wholeCharacters returns text without an incomplete character at its end.
func wholeCharacters(text string) string {
	for back := 1; back <= min(utf8.UTFMax, len(text)); back++ {
		if c := text[len(text)-back]; utf8.RuneStart(c) {
			if !utf8.FullRuneInString(text[len(text)-back:]) {
				return text[:len(text)-back]
			}
			break
		}
	}
	return text
}

func (d *Decoder) addRune(r rune) {
	switch {
	case d.grows.IsValid():
		d.text.WriteRune(r)
	case d.isKey || d.rawDepth == 0:
		d.scratch = utf8.AppendRune(d.scratch, r)
	}
}

// flushHigh adds a replacement character for the first half of a surrogate pair whose second
// half did not come.
func (d *Decoder) flushHigh() {
	if d.high != 0 {
		d.high = 0
		d.addRune(utf8.RuneError)
	}
}

func (d *Decoder) readEscape(piece string, i int) int {
	const escapes, meanings = `"\/bfnrt`, "\"\\/\b\f\n\r\t"
	c := piece[i]
	if c == 'u' {
		d.state, d.escape = inUnicode, d.escape[:0]
		return i + 1
	}
	at := strings.IndexByte(escapes, c)
	if at < 0 {
		return d.syntax(i, "unknown escape %q", c)
	}
	d.flushHigh()
	d.addRune(rune(meanings[at]))
	d.state = inString
	return i + 1
}

func (d *Decoder) readUnicode(piece string, i int) int {
	d.escape = append(d.escape, piece[i])
	if len(d.escape) < 4 {
		return i + 1
	}
	code, err := strconv.ParseUint(string(d.escape), 16, 16)
	if err != nil {
		return d.syntax(i, "%q is no character code", d.escape)
	}
	d.state = inString
	r := rune(code)
	if d.high != 0 {
		pair := utf16.DecodeRune(d.high, r)
		if pair != utf8.RuneError {
			d.high = 0
			d.addRune(pair)
			return i + 1
		}
		d.flushHigh()
	}
	switch {
	case 0xD800 <= r && r < 0xDC00:
		d.high = r
	case utf16.IsSurrogate(r):
		d.addRune(utf8.RuneError)
	default:
		d.addRune(r)
	}
	return i + 1
}
