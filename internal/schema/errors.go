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

// list joins texts with commas until maxListed bytes are used.
func list(texts []string) string {
	var b strings.Builder
	for i, text := range texts {
		if b.Len()+len(text) > maxListed && i > 0 {
			b.WriteString(" and " + strconv.Itoa(len(texts)-i) + " more")
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(text)
	}
	return b.String()
}

// quoteAll quotes each text.
func quoteAll(texts []string) []string {
	quoted := make([]string, len(texts))
	for i, text := range texts {
		quoted[i] = quote(text)
	}
	return quoted
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
