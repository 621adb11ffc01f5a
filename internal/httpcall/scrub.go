package httpcall

import (
	"encoding/base64"
	"errors"
	"fmt"
	"html"
	"net/http"
	"regexp"
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

// Scrub returns text with each secret replaced by "[secret]": as it is, escaped as in JSON, in
// HTML or in a URL, and in base64.
func (s Secrets) Scrub(text string) string {
	for _, secret := range s {
		if len(secret) < shortest {
			continue
		}
		if strings.Contains(text, secret) {
			text = strings.ReplaceAll(text, secret, Removed)
		}
		if len(text) > len(secret) && strings.ContainsAny(text, `\%&`) {
			text = escaped(secret).ReplaceAllLiteralString(text, Removed)
		}
		if len(text) >= len(secret)*4/3-2 {
			text = scrubBase64(text, secret)
		}
	}
	return text
}

// Removed replaces a secret.
const Removed = "[secret]"

// escaped matches a secret of which any characters are escaped: as \u0073 or \/ in JSON, also
// in JSON that is inside a JSON string, as %73 in a URL, or as &#115; or &#x73; in HTML.
func escaped(secret string) *regexp.Regexp {
	var pattern strings.Builder
	for i := range len(secret) {
		c := secret[i]
		named := regexp.QuoteMeta(html.EscapeString(secret[i : i+1])) // &amp; or the character
		fmt.Fprintf(&pattern, `(?:%[2]s|\\*\x%02[1]x|\\+(?i:u00%02[1]x)|(?i:%%%02[1]x)|&#0*%[1]d;|(?i:&#x0*%02[1]x;))`, c, named)
	}
	return regexp.MustCompile(pattern.String())
}

// scrubBase64 removes a secret that is a part of a text in base64. The text before the secret
// decides which of three encodings the secret has.
func scrubBase64(text, secret string) string {
	for before := range 3 {
		data := append(make([]byte, before, before+len(secret)), secret...)
		for _, encoding := range [...]*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			// only the characters that have no bits of other text
			piece := encoding.EncodeToString(data)[(before*8+5)/6 : len(data)*8/6]
			text = strings.ReplaceAll(text, piece, Removed)
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
				header[name] = []string{Removed}
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
