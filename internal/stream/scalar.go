package stream

import (
	"encoding/binary"
	"math/bits"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// The classes of bytes in a JSON string (RFC 8259, section 7).
const (
	plain   uint8 = iota
	quote         // ends the string
	escape        // a backslash
	control       // not allowed
	high          // part of a character beyond ASCII
)

var classes = func() (t [256]uint8) {
	for c := range t {
		switch {
		case c == '"':
			t[c] = quote
		case c == '\\':
			t[c] = escape
		case c < 0x20:
			t[c] = control
		case c >= utf8.RuneSelf:
			t[c] = high
		}
	}
	return t
}()

// scanString returns the length of the body of a JSON string at the start of b, up to its
// closing quote. It is verbatim if it has no escapes. The length is -1 if the string is not
// valid JSON or has no end.
func scanString(b []byte) (n int, verbatim, ascii bool) {
	n = plainPrefix(b)
	if n < len(b) && b[n] == '"' { // nearly every string
		return n, true, true
	}
	verbatim, ascii = true, true
	for i := n; i < len(b); i++ {
		switch classes[b[i]] {
		case quote:
			return i, verbatim, ascii
		case high:
			ascii = false
		case escape:
			verbatim = false
			size := escapeLen(b[i:])
			if size == 0 {
				return -1, false, false
			}
			i += size - 1
		case control:
			return -1, false, false
		}
	}
	return -1, false, false
}

// plainPrefix returns the number of plain bytes at the start of b. It checks eight at once,
// so it may not count the last few.
func plainPrefix(b []byte) int {
	const (
		ones  = 0x0101010101010101
		highs = 0x8080808080808080
	)
	n := 0
	for ; len(b)-n >= 8; n += 8 {
		w := binary.LittleEndian.Uint64(b[n:])
		quotes := w ^ ones*'"'
		escapes := w ^ ones*'\\'
		// The top bit of each byte is set if the byte is outside ASCII, below a space, a
		// quote or a backslash. A borrow from one byte can set the bit of the bytes above
		// it wrongly, but the lowest set bit is right.
		special := w | (w - ones*' ') | (quotes-ones)&^quotes | (escapes-ones)&^escapes
		if special &= highs; special != 0 {
			return n + bits.TrailingZeros64(special)/8
		}
	}
	return n
}

// escapeLen returns the length of the escape at the start of b, or 0 if it is not valid.
func escapeLen(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	switch b[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if _, ok := hex4(b[2:]); ok {
			return 6
		}
	}
	return 0
}

// unescape appends the decoded form of a JSON string's body to dst. The body must be one that
// scanString accepts. Like in encoding/json, lone surrogates and invalid UTF-8 become
// U+FFFD.
func unescape(dst, b []byte) []byte {
	for len(b) > 0 {
		switch c := b[0]; {
		case c == '\\' && b[1] == 'u':
			r, _ := hex4(b[2:])
			b = b[6:]
			if utf16.IsSurrogate(r) {
				r = pair(r, b)
				if r != unicode.ReplacementChar {
					b = b[6:]
				}
			}
			dst = utf8.AppendRune(dst, r)
		case c == '\\':
			dst = append(dst, unescaped(b[1]))
			b = b[2:]
		case c < utf8.RuneSelf:
			dst = append(dst, c)
			b = b[1:]
		default:
			r, size := utf8.DecodeRune(b)
			dst = utf8.AppendRune(dst, r)
			b = b[size:]
		}
	}
	return dst
}

// pair returns the character of the surrogate r and the escape at the start of b, or U+FFFD
// if they are not a pair.
func pair(r rune, b []byte) rune {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return unicode.ReplacementChar
	}
	low, _ := hex4(b[2:])
	return utf16.DecodeRune(r, low)
}

func unescaped(c byte) byte {
	switch c {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return c // a quote, a backslash or a slash
}

// hex4 reads four hexadecimal digits.
func hex4(b []byte) (r rune, ok bool) {
	if len(b) < 4 {
		return 0, false
	}
	for _, c := range b[:4] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// scanDigits returns the number of decimal digits at the start of b.
func scanDigits(b []byte) int {
	for i, c := range b {
		if c < '0' || c > '9' {
			return i
		}
	}
	return len(b)
}

// scanNatural returns the length of the number without sign, fraction and exponent at the
// start of b, or 0 if there is none.
func scanNatural(b []byte) int {
	if len(b) > 0 && b[0] == '0' {
		return 1
	}
	return scanDigits(b)
}

// scanDecimal is scanNatural, but the number can have a fraction.
func scanDecimal(b []byte) int {
	n := scanNatural(b)
	if n == 0 || n == len(b) || b[n] != '.' {
		return n
	}
	fraction := scanDigits(b[n+1:])
	if fraction == 0 {
		return 0
	}
	return n + 1 + fraction
}

// scanNumber returns the length of the JSON number (RFC 8259, section 6) at the start of b,
// or 0 if there is none.
func scanNumber(b []byte) int {
	sign := 0
	if len(b) > 0 && b[0] == '-' {
		sign = 1
	}
	n := scanDecimal(b[sign:])
	if n == 0 {
		return 0
	}
	n += sign
	if n == len(b) || b[n]|0x20 != 'e' {
		return n
	}
	n++
	if n < len(b) && (b[n] == '+' || b[n] == '-') {
		n++
	}
	exponent := scanDigits(b[n:])
	if exponent == 0 {
		return 0
	}
	return n + exponent
}
