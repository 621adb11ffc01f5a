package llmtest

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/parley-llm/parley/internal/httpcall"
	"github.com/parley-llm/parley/llm/llmtest/internal/jsontext"
)

// removed replaces a secret.
const removed = "[removed]"

// scrubber removes secrets from exchanges.
type scrubber struct {
	secrets []string         // longer secrets come before secrets that they contain
	given   httpcall.Secrets // the secrets, without their forms in JSON and URLs
}

// newScrubber returns a scrubber that removes these strings.
func newScrubber(secrets []string) *scrubber {
	s := new(scrubber)
	for _, secret := range secrets {
		s.add(secret)
	}
	return s
}

// learn adds the credentials of an exchange, so that they are removed everywhere.
func (s *scrubber) learn(e *exchange) {
	if u, err := url.Parse(e.URL); err == nil {
		s.learnURL(u)
	}
	s.learnMessage(e.Header, e.Body)
	s.learnMessage(e.Response.Header, e.Response.Body)
}

func (s *scrubber) learnURL(u *url.URL) {
	if password, ok := u.User.Password(); ok {
		s.addCredential(password)
	}
	s.learnFields(u.Query())
}

func (s *scrubber) learnFields(fields url.Values) {
	for name, values := range fields {
		if httpcall.HoldsCredential(name) {
			for _, v := range values {
				s.addCredential(v)
			}
		}
	}
}

// inJSON finds members that are credentials by their names. A member with the name token is
// not one of them, because tokens are also pieces of text.
var inJSON = regexp.MustCompile(`"(?:access_token|refresh_token|id_token|session_token|auth_token|client_secret|secret_key|api_key|apiKey|private_key|password)"\s*:\s*("(?:[^"\\]|\\.)*")`)

// learnMessage adds the credentials in the headers and the body of a request or a reply.
func (s *scrubber) learnMessage(header http.Header, body body) {
	for name, values := range header {
		for _, v := range values {
			if httpcall.HoldsCredential(name) {
				s.learnHeader(name, v)
			} else if u, err := url.Parse(v); err == nil && name == "Location" {
				s.learnURL(u)
			}
		}
	}
	if strings.HasPrefix(header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		fields, _ := url.ParseQuery(string(body)) // the readable part of a broken form
		s.learnFields(fields)
	}
	for _, found := range inJSON.FindAllSubmatch(body, -1) {
		var value string
		if json.Unmarshal(found[1], &value) == nil {
			s.addCredential(value)
		}
	}
}

// learnHeader adds the value of a header, with and without the name of its scheme, a password
// in it, and the values of cookies.
func (s *scrubber) learnHeader(name, value string) {
	s.addCredential(value)
	switch name {
	case "Cookie":
		cookies, _ := http.ParseCookie(value) // an unreadable value is treated as one credential
		for _, c := range cookies {
			s.addCredential(c.Value)
		}
	case "Set-Cookie":
		if c, err := http.ParseSetCookie(value); err == nil {
			s.addCredential(c.Value)
		}
	default:
		scheme, rest, ok := strings.Cut(value, " ")
		if ok && !strings.ContainsAny(rest, " ,") {
			s.addCredential(rest)
		}
		if both, err := base64.StdEncoding.DecodeString(rest); err == nil && strings.EqualFold(scheme, "Basic") {
			_, password, _ := strings.Cut(string(both), ":")
			s.addCredential(password)
		}
	}
}

// shortest is the minimum length of a credential that is removed everywhere. A shorter one may
// be a placeholder or an ordinary word.
const shortest = 8

func (s *scrubber) addCredential(value string) {
	if len(value) >= shortest && value != removed {
		s.add(value)
	}
}

// add adds a secret with its forms in JSON and in URLs.
func (s *scrubber) add(secret string) {
	if secret == "" {
		return
	}
	if !slices.Contains(s.given, secret) {
		s.given = append(s.given, secret)
	}
	plain := strings.Trim(string(jsontext.Marshal(secret)), `"`)
	forms := []string{secret, plain, strings.ReplaceAll(plain, "/", `\/`), url.QueryEscape(secret), url.PathEscape(secret)}
	if forHTML, err := json.Marshal(secret); err == nil { // strings always can
		forms = append(forms, strings.Trim(string(forHTML), `"`))
	}
	for _, form := range forms {
		if !slices.Contains(s.secrets, form) {
			s.secrets = append(s.secrets, form)
		}
	}
	slices.SortStableFunc(s.secrets, func(a, b string) int { return len(b) - len(a) })
}

// exchange returns an exchange without secrets.
func (s *scrubber) exchange(e *exchange) *exchange {
	r := &e.Response
	return &exchange{Method: e.Method, URL: s.url(e.URL), Header: s.header(e.Header), Body: s.bytes(e.Body), Response: response{
		Status: r.Status, Header: s.header(r.Header), Body: s.bytes(r.Body), Broken: s.text(r.Broken),
	}}
}

func (s *scrubber) text(text string) string {
	for _, secret := range s.secrets {
		text = strings.ReplaceAll(text, secret, removed)
	}
	if clean := s.given.Scrub(text); clean != text { // partly escaped, or in base64
		return strings.ReplaceAll(clean, httpcall.Removed, removed)
	}
	return text
}

func (s *scrubber) bytes(data []byte) []byte { return []byte(s.text(string(data))) }

// header returns the headers without secrets.
func (s *scrubber) header(h http.Header) http.Header {
	clean := make(http.Header, len(h))
	for name, values := range h {
		for _, v := range values {
			switch {
			case httpcall.HoldsCredential(name):
				v = removed
			case name == "Location":
				v = s.url(v)
			}
			clean[name] = append(clean[name], s.text(v))
		}
	}
	return clean
}

// url returns a URL without user information and without the values of secret parameters.
func (s *scrubber) url(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return s.text(raw)
	}
	u.User = nil
	if u.RawQuery != "" {
		query := u.Query()
		for name := range query {
			if httpcall.HoldsCredential(name) {
				query.Set(name, removed)
			}
		}
		u.RawQuery = query.Encode()
	}
	return s.text(u.String())
}
