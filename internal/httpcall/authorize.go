package httpcall

import (
	"context"
	"net/http"
	"slices"
	"sync/atomic"
)

// Headers are the headers of all requests of one kind, and the place among them
// for the credential. They are safe for concurrent use.
type Headers struct {
	fixed   http.Header
	secrets Secrets // credentials in fixed
	name    string  // of the credential's header
	scheme  string  // before the credential: "Bearer "

	last atomic.Pointer[authorized]
}

// authorized is what requests with one credential carry. It is made once and
// not modified: a credential is nearly always the one of the last call.
type authorized struct {
	token   string
	header  http.Header
	secrets Secrets
}

// NewHeaders returns headers with what is fixed, which must not be modified any
// more, and those of the user's for which fixed has none. The credential goes
// into the header of that name, behind the scheme.
func NewHeaders(fixed, user http.Header, name, scheme string) *Headers {
	for key, values := range user {
		if key = http.CanonicalHeaderKey(key); fixed[key] == nil {
			fixed[key] = slices.Clone(values)
		}
	}
	return &Headers{fixed: fixed, secrets: HeaderSecrets(user), name: name, scheme: scheme}
}

// Authorize puts the headers into the request, with the credential that the
// source has for the call. A nil source has none. Its failure is an error of the
// source's kind if it has one, and of kind [llm.Auth] otherwise.
func (c *Client) Authorize(ctx context.Context, req *Request, h *Headers, source TokenSource) error {
	if source == nil {
		req.Header, req.Secrets = h.fixed, h.secrets
		return nil
	}
	token, err := c.Token(ctx, req.Call, source)
	if err != nil {
		return err
	}
	known := h.last.Load()
	if known == nil || known.token != token {
		known = h.with(token)
		h.last.Store(known)
	}
	req.Header, req.Secrets = known.header, known.secrets
	return nil
}

func (h *Headers) with(token string) *authorized {
	header := make(http.Header, len(h.fixed)+1)
	for name, values := range h.fixed {
		header[name] = values
	}
	header[h.name] = []string{h.scheme + token}
	return &authorized{token, header, append(slices.Clip(h.secrets), token)}
}
