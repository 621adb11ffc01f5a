package stream

import (
	"encoding/json"
	"testing"
)

// checkString compares scanString and unescape with encoding/json.
func checkString(t *testing.T, body string) {
	t.Helper()
	var want string
	err := json.Unmarshal([]byte(`"`+body+`"`), &want)
	n, verbatim, ascii := scanString([]byte(body + `"`))
	if whole := n == len(body); whole != (err == nil) {
		t.Fatalf("%q: scanned %d bytes, but encoding/json says %v", body, n, err)
	} else if !whole {
		return
	}
	if got := string(unescape(nil, []byte(body))); got != want {
		t.Errorf("%q: decoded to %q, want %q", body, got, want)
	}
	if verbatim && ascii && body != want {
		t.Errorf("%q: taken as its own decoded form, which is %q", body, want)
	}
}

var stringBodies = []string{
	"", "a", " Hello, world", `\"\\\/\b\f\n\r\t`, `\u0041\u00e9\u20ac`, `\uABCD\uabcd`, `\u0000`,
	"Olá 🦙", "\u2028", "\x7f",
	`\ud83e\udd99`, `\uD83E\uDD99`, // a surrogate pair
	`\ud83e`, `\udd99`, `\udd99\ud83e`, `\ud83ea`, `\ud83e\n`, `\ud83e\u0041`, `\ud83e\ud83e\udd99`, `\ud83e\\udd99`, `\ud83eudd99`,
	`\ud83e\udd9`, `\ud83e\u`, `\ud83e\`, // cut
	"\xff", "a\xc3", "\xc3a", "\xed\xa0\x80", "\xf0\x9f\xa6", "\xc0\x80", "\xf4\x90\x80\x80",
	"a\nb", "\x00", "\x1f", "\t", // raw control characters
	`\`, `\x`, `\u`, `\u1`, `\u12`, `\u123`, `\u123g`, `\u 123`, `\U0041`, `\'`, `\0`, "\\\n", `\u+123`,
	`"`, `a"b`, `a\"`, `a\\"`, `\u00`, `\u00:0`, "\\u00\x6f\x70", "\\uGGGG", "\\u@@@@", "\\u````",
}

func TestStringsDecodeAsInEncodingJSON(t *testing.T) {
	for _, body := range stringBodies {
		checkString(t, body)
	}
}

func TestStringWithoutEnd(t *testing.T) {
	for _, body := range []string{"", "abc", `abc\"`, `abc\`, `abc\u12`} {
		if n, _, _ := scanString([]byte(body)); n != -1 {
			t.Errorf("%q: scanned %d bytes, want -1", body, n)
		}
	}
}

func FuzzString(f *testing.F) {
	for _, body := range stringBodies {
		f.Add(body)
	}
	f.Fuzz(checkString)
}

func TestNumbers(t *testing.T) {
	for _, c := range []struct {
		text                     string
		natural, decimal, number int // lengths
	}{
		{"", 0, 0, 0}, {"x", 0, 0, 0}, {".5", 0, 0, 0}, {"+1", 0, 0, 0},
		{"0", 1, 1, 1}, {"7", 1, 1, 1}, {"1782321890,", 10, 10, 10},
		{"00", 1, 1, 1}, {"01", 1, 1, 1}, {"0.5", 1, 3, 3}, {"12.50}", 2, 5, 5},
		{"1.", 1, 0, 0}, {"1.x", 1, 0, 0}, {"1.5.5", 1, 3, 3},
		{"-", 0, 0, 0}, {"-x", 0, 0, 0}, {"-0", 0, 0, 2}, {"-12.5", 0, 0, 5}, {"--1", 0, 0, 0},
		{"1e5", 1, 1, 3}, {"1E+5", 1, 1, 4}, {"1.5e-10]", 1, 3, 7}, {"1e", 1, 1, 0}, {"1e+", 1, 1, 0}, {"1ex", 1, 1, 0},
	} {
		b := []byte(c.text)
		if n := scanNatural(b); n != c.natural {
			t.Errorf("%q: natural number of %d bytes, want %d", c.text, n, c.natural)
		}
		if n := scanDecimal(b); n != c.decimal {
			t.Errorf("%q: decimal number of %d bytes, want %d", c.text, n, c.decimal)
		}
		n := scanNumber(b)
		if n != c.number {
			t.Errorf("%q: number of %d bytes, want %d", c.text, n, c.number)
		}
		if n > 0 && !json.Valid(b[:n]) {
			t.Errorf("%q is not a number to encoding/json", b[:n])
		}
	}
}
