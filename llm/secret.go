package llm

import (
	"fmt"
	"log/slog"
)

// Secret is a credential in a setting. When it is printed, logged or encoded,
// only "[secret]" comes out; convert it to string to use it.
//
// As its underlying type is string, there are three ways past that, to be
// avoided: a struct's unexported field, which fmt prints as it is, the key of a
// map in JSON, and the verb %p.
type Secret string

const redacted = "[secret]"

// String returns "[secret]", or "" for none.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return redacted
}

// Format prints what String returns, whatever the verb: without it, fmt shows
// the value with a verb that is not one for strings.
func (s Secret) Format(f fmt.State, verb rune) {
	if verb != 'q' {
		verb = 's'
	}
	fmt.Fprintf(f, fmt.FormatString(f, verb), s.String())
}

// GoString returns what String returns.
func (s Secret) GoString() string { return s.String() }

// MarshalText returns what String returns.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue returns what String returns.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }
