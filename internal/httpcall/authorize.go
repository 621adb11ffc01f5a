package httpcall

import (
	"context"
	"net/http"
	"slices"
	"sync/atomic"
)

// Headers are the headers of all requests of one kind, with a place for the credential. They
// are safe for concurrent use.
type Headers struct {
	fixed   http.Header
	secrets Secrets // credentials in fixed
	name    string  // of the credential's header
	scheme  string  // before the credential: "Bearer "

	last atomic.Pointer[authorized]
}

// authorized has the headers of requests with one credential. It is cached, because the
// credential is nearly always that of the last call, and never changed.
type authorized struct {
	token   string
	header  http.Header
	secrets Secrets
}

// NewHeaders returns the fixed headers, and those of the user that are not among them. The
// caller must not change fixed afterwards. The credential is set in the header of the given
// name, after the scheme.
func NewHeaders(fixed, user http.Header, name, scheme string) *Headers {
	for key, values := range user {
		if key = http.CanonicalHeaderKey(key); fixed[key] == nil {
			fixed[key] = slices.Clone(values)
		}
	}
	return &Headers{fixed: fixed, secrets: HeaderSecrets(user), name: name, scheme: scheme}
}

// Authorize sets the headers of the request, with the credential of the source. If the source
// is nil, there is no credential. If the source fails, the error has the kind of the source's
// error if that is an [*llm.Error], and otherwise the kind [llm.Auth].
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
