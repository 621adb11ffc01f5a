package llmtest

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// removed stands where a secret was.
const removed = "[removed]"

// scrubber removes secrets from what is written to a file.
type scrubber struct {
	secrets []string
}

// newScrubber returns a scrubber of these strings and of the credentials that
// are in the request's headers and URL.
func newScrubber(secrets []string, req *http.Request) *scrubber {
	s := new(scrubber)
	for _, secret := range secrets {
		s.add(secret)
	}
	for name, values := range req.Header {
		if holdsSecret(name) {
			for _, v := range values {
				s.addCredential(v)
			}
		}
	}
	for name, values := range req.URL.Query() {
		if holdsSecret(name) {
			for _, v := range values {
				s.addCredential(v)
			}
		}
	}
	// A secret that has another inside must go first.
	slices.SortFunc(s.secrets, func(a, b string) int { return len(b) - len(a) })
	return s
}

// shortest is the length from which on a credential is looked for elsewhere. A
// shorter one is likely to be a stand-in, and a word that bodies have too.
const shortest = 8

// addCredential adds the value of a header or parameter, with or without the
// name of its scheme.
func (s *scrubber) addCredential(value string) {
	if fields := strings.Fields(value); len(fields) == 2 && len(fields[1]) >= shortest {
		s.add(fields[1])
	}
	if len(value) >= shortest {
		s.add(value)
	}
}

// add adds a secret, in the forms that it has in JSON and in URLs.
func (s *scrubber) add(secret string) {
	if secret == "" {
		return
	}
	inJSON := strings.Trim(string(marshal(secret)), `"`)
	for _, form := range []string{secret, inJSON, url.QueryEscape(secret), url.PathEscape(secret)} {
		if !slices.Contains(s.secrets, form) {
			s.secrets = append(s.secrets, form)
		}
	}
}

func (s *scrubber) text(text string) string {
	for _, secret := range s.secrets {
		text = strings.ReplaceAll(text, secret, removed)
	}
	return text
}

func (s *scrubber) bytes(data []byte) []byte { return []byte(s.text(string(data))) }

// header returns the headers without those that are secrets by their names.
func (s *scrubber) header(h http.Header) http.Header {
	clean := make(http.Header, len(h))
	for name, values := range h {
		for _, v := range values {
			if holdsSecret(name) {
				v = removed
			}
			clean[name] = append(clean[name], s.text(v))
		}
	}
	return clean
}

// url returns a URL without user, and with the values of secret parameters removed.
func (s *scrubber) url(u *url.URL) string {
	clean := *u
	clean.User = nil
	if clean.RawQuery != "" {
		query := clean.Query()
		for name := range query {
			if holdsSecret(name) {
				query.Set(name, removed)
			}
		}
		clean.RawQuery = query.Encode()
	}
	return s.text(clean.String())
}

// holdsSecret reports whether a header or URL parameter is a secret, by its
// name: Authorization, Api-Key, X-Goog-Api-Key, Cookie, key, access_token.
// What servers say of limits on tokens is not.
func holdsSecret(name string) bool {
	name = strings.ToLower(name)
	if strings.Contains(name, "ratelimit") || strings.Contains(name, "tokens") {
		return false
	}
	for _, part := range [...]string{"auth", "key", "token", "cookie", "secret", "credential", "password", "signature"} {
		if strings.Contains(name, part) {
			return true
		}
	}
	return name == "sig"
}
