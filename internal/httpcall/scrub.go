package httpcall

import (
	"errors"
	"net/http"
	"strings"

	"github.com/parley-llm/parley/llm"
)

// Secrets are strings that must not show in an error, whoever put them there:
// some servers echo the key that they refuse.
type Secrets []string

// shortest is the length from which a string is taken for a secret. Local
// servers are given keys such as "none", which are words of many messages.
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

// scrubbed is an error whose text is scrubbed. It still matches what the
// original matches, and does not hand the original out, however it is printed.
type scrubbed struct {
	text string
	is   func(target error) bool
}

func (e *scrubbed) Error() string        { return e.text }
func (e *scrubbed) Is(target error) bool { return e.is(target) }
