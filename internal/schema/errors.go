package schema

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// Error is a problem with a schema, or with a translation of it to a backend's profile.
type Error struct {
	// Path is the JSON pointer of the subschema. The root is the empty string.
	Path string
	// Problem describes the mistake, and Fix the correction.
	Problem, Fix string
	// Unsupported is true if the schema is correct, but a backend's profile cannot express it.
	Unsupported bool
}

// Error returns "schema at /path: problem: fix".
func (e *Error) Error() string {
	text := "schema: " + e.Problem
	if e.Path != "" {
		text = "schema at " + shorten(e.Path, maxPath) + ": " + e.Problem
	}
	if e.Fix != "" {
		text += ": " + e.Fix
	}
	return text
}

// Sizes of texts in findings, warnings and errors, in bytes.
const (
	maxPath    = 300
	maxQuoted  = 60
	maxListed  = 200
	maxMessage = 600
)

// shorten returns text with at most limit bytes. It cuts between characters and marks the
// cut with an ellipsis.
func shorten(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	cut := limit
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "…"
}

// quote returns text as a short JSON-like string.
func quote(text string) string { return strconv.Quote(shorten(text, maxQuoted)) }

// list joins n texts with commas until maxListed bytes are used. It makes no text that it
// does not use, so that a message costs little even for a very long list.
func list(n int, text func(int) string) string {
	var b strings.Builder
	for i := range n {
		next := text(i)
		if b.Len()+len(next) > maxListed && i > 0 {
			b.WriteString(" and " + strconv.Itoa(n-i) + " more")
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(next)
	}
	return b.String()
}

// quoteAll lists names in quotes.
func quoteAll(names []string) string {
	return list(len(names), func(i int) string { return quote(names[i]) })
}

var pointerEscaper = strings.NewReplacer("~", "~0", "/", "~1")
var pointerUnescaper = strings.NewReplacer("~1", "/", "~0", "~")

// escape returns one segment of a JSON pointer (RFC 6901).
func escape(segment string) string {
	if !strings.ContainsAny(segment, "~/") {
		return segment
	}
	return pointerEscaper.Replace(segment)
}
