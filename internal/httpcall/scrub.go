package httpcall

import (
	"errors"
	"net/http"
	"strings"

	"github.com/parley-llm/parley/llm"
)

// Secrets are strings that are removed from errors and events. Servers can put them there:
// some echo the key that they reject.
type Secrets []string

// shortest is the minimum length of a secret in bytes. Shorter strings are not removed,
// because users set the key of a local server to a word such as "none", and words occur in
// many messages.
const shortest = 8

// Scrub returns text with each secret replaced by "[secret]".
func (s Secrets) Scrub(text string) string {
	for _, secret := range s {
		if len(secret) >= shortest && strings.Contains(text, secret) {
			text = strings.ReplaceAll(text, secret, "[secret]")
		}
	}
	return text
}

// scrub removes the secrets from an error's texts, headers and cause.
func (s Secrets) scrub(e *llm.Error) {
	e.Message = s.Scrub(e.Message)
	e.Code = s.Scrub(e.Code)
	e.RequestID = s.Scrub(e.RequestID)
	s.scrubHeader(e.Header)
	if original := e.Err; original != nil {
		if text := s.Scrub(original.Error()); text != original.Error() {
			e.Err = &scrubbed{text, func(target error) bool { return errors.Is(original, target) }}
		}
	}
}

// scrubHeader replaces the headers that contain a secret.
func (s Secrets) scrubHeader(header http.Header) {
	for name, values := range header {
		for _, value := range values {
			if clean := s.Scrub(value); clean != value {
				header[name] = []string{"[secret]"}
				break
			}
		}
	}
}

// scrubbed is an error whose text contains no secrets. errors.Is reports the same as for the
// original error.
//
// Security: the original is captured in a function, not stored in a field, so that no
// formatting verb and no errors.As can expose it.
type scrubbed struct {
	text string
	is   func(target error) bool
}

func (e *scrubbed) Error() string        { return e.text }
func (e *scrubbed) Is(target error) bool { return e.is(target) }
