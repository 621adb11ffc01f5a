package llm

import (
	"fmt"
	"log/slog"
)

// Secret is a credential. Printing, logging and encoding it produce "[secret]". Convert it to
// string to use it.
//
// Security: three cases show the value, because the underlying type is string: an unexported
// field of a struct that is printed with fmt, a map key in JSON, and the verb %p.
type Secret string

const redacted = "[secret]"

// String returns "[secret]", or "" for an empty secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return redacted
}

// Format prints the result of String for every verb. Without it, fmt would show the value for
// verbs that are not for strings.
func (s Secret) Format(f fmt.State, verb rune) {
	if verb != 'q' {
		verb = 's'
	}
	fmt.Fprintf(f, fmt.FormatString(f, verb), s.String())
}

// GoString returns the result of String.
func (s Secret) GoString() string { return s.String() }

// MarshalText returns the result of String.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue returns the result of String.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }
