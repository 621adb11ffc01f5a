package httpcall

import (
	"context"
	"net/http"
	"slices"
	"sync/atomic"
)

// Headers holds the headers that all requests of one kind share, and the name of the
// header that receives the credential. It is safe for concurrent use.
type Headers struct {
	fixed   http.Header
	secrets Secrets // the credentials in fixed
	name    string  // the name of the credential's header
	scheme  string  // the prefix of the credential, for example "Bearer "

	last atomic.Pointer[authorized]
}

// authorized holds the complete headers for one credential. It is never modified, so that
// requests can share it: consecutive calls nearly always use the same credential.
type authorized struct {
	token   string
	header  http.Header
	secrets Secrets
}

// NewHeaders returns the union of the fixed headers and the user's headers. If both have a
// header, the fixed one wins. The caller must not modify fixed afterwards. The credential is
// written into the header with the given name, after the scheme.
func NewHeaders(fixed, user http.Header, name, scheme string) *Headers {
	for key, values := range user {
		if key = http.CanonicalHeaderKey(key); fixed[key] == nil {
			fixed[key] = slices.Clone(values)
		}
	}
	return &Headers{fixed: fixed, secrets: HeaderSecrets(user), name: name, scheme: scheme}
}

// Authorize sets the request's headers, including the credential that the source returns.
// If the source is nil, the request has no credential. If the source fails, Authorize
// returns an error of the same kind, or of kind [llm.Auth] if the source's error has no kind.
func (c *Client) Authorize(ctx context.Context, req *Request, h *Headers, source TokenSource) error {
	if source == nil {
		req.Header, req.Secrets = h.fixed, h.secrets
		return nil
	}
	token, err := source(ctx)
	known := h.last.Load()
	if err != nil || known == nil || known.token != token {
		if token, err = c.checkToken(ctx, req.Call, token, err); err != nil {
			return err
		}
		known = h.with(token)
		h.last.Store(known)
	}
	req.Header, req.Secrets = known.header, known.secrets
	return nil
}

// with returns the headers with the credential added.
func (h *Headers) with(token string) *authorized {
	header := make(http.Header, len(h.fixed)+1)
	for name, values := range h.fixed {
		header[name] = values
	}
	header[h.name] = []string{h.scheme + token}
	return &authorized{token, header, append(slices.Clip(h.secrets), token)}
}
