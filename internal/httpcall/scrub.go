package httpcall

import (
	"errors"
	"net/http"
	"strings"

	"github.com/parley-llm/parley/llm"
)

// Secrets are strings that must not appear in an error. Some servers repeat the key that they
// reject.
type Secrets []string

// shortest is the minimum length of a secret. Keys for local servers are often words such as
// "none", which appear in many messages.
const shortest = 8

// Scrub returns text without the secrets.
func (s Secrets) Scrub(text string) string {
	for _, secret := range s {
		if len(secret) >= shortest && strings.Contains(text, secret) {
			text = strings.ReplaceAll(text, secret, "[secret]")
		}
	}
	return text
}

// scrub removes the secrets from an error.
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

// scrubHeader removes the secrets from headers.
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

// scrubbed is an error with the secrets removed from its text. It matches the same errors as
// the original, and gives no access to the original.
type scrubbed struct {
	text string
	is   func(target error) bool
}

func (e *scrubbed) Error() string        { return e.text }
func (e *scrubbed) Is(target error) bool { return e.is(target) }
