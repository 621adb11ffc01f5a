package apierror

import (
	"strings"
	"unicode"
)

// MaxExcerpt limits the part of a server's text that an error message contains, in bytes.
const MaxExcerpt = 1000

// Excerpt returns a server's text as one printable line. For a web page, it returns the
// title.
func Excerpt(data []byte) string {
	text := string(data)
	lower := strings.ToLower(text)
	if i := strings.Index(lower, "<title>"); i >= 0 && len(lower) == len(text) {
		if j := strings.Index(lower[i:], "</title>"); j >= 0 {
			text = text[i+len("<title>") : i+j]
		}
	}
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsPrint(r):
			return r
		}
		return -1
	}, strings.ToValidUTF8(text, "\uFFFD"))
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > MaxExcerpt {
		text = strings.ToValidUTF8(text[:MaxExcerpt], "") + "…"
	}
	return text
}
