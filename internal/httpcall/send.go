// Package httpcall sends the requests of all providers and receives the replies. It converts
// statuses, headers and broken connections to [*llm.Error], and enforces the time limits.
//
// A [Client] sends a [Request] and returns a [Reply] with a success status. Every other reply
// is an error. The body is for the dialect: package stream splits it into frames.
//
// Security: redirects to other hosts are not followed, and secrets are removed from texts of
// servers.
package httpcall

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/parley-llm/parley/llm"
)

// Client sends the requests of one provider. It is safe for concurrent use.
type Client struct {
	provider string
	http     http.Client
	owned    *http.Transport // nil if the user brought a client
	limits   llm.Limits
	parsed   atomic.Pointer[parsedURL] // of the last call; most calls have the same URL
}

type parsedURL struct {
	text    string
	request *http.Request // of that URL; not modified
}

// NewClient returns a client for the named provider. If user is nil, the client has a transport
// that keeps enough idle connections for many streams. Otherwise it uses the user's client,
// with a different redirect rule.
func NewClient(provider string, user *http.Client, limits llm.Limits) *Client {
	c := &Client{provider: provider, limits: limits.WithDefaults()}
	if user != nil {
		c.http = *user
	} else {
		c.owned = NewTransport(c.limits.Connect)
		c.http.Transport = c.owned
	}
	c.http.CheckRedirect = checkRedirect
	return c
}

// Close closes the idle connections, unless the HTTP client is the user's.
func (c *Client) Close() error {
	if c.owned != nil {
		c.owned.CloseIdleConnections()
	}
	return nil
}

// Request is one HTTP request on behalf of a call.
type Request struct {
	Call   *llm.Call // named in errors
	Method string
	URL    string
	Header http.Header // not modified; requests may share it
	Body   []byte
	// Secrets must not appear in errors: the credential in Header.
	Secrets Secrets
}

// Do sends the request and returns the reply after its headers have arrived. A status other
// than 2xx is an error. The caller must call [Reply.Close] if there is no error.
//
// All errors are *llm.Error.
func (c *Client) Do(ctx context.Context, req *Request) (*Reply, error) {
	r := &Reply{client: c, parent: ctx, request: req}
	ctx, r.cancel = context.WithCancelCause(ctx)
	r.own = ctx
	r.watch.start(c.limits, r.cancel)
	httpReq, err := c.newRequest(ctx, req)
	if err != nil {
		r.Close()
		return nil, r.describe(&llm.Error{Kind: llm.InvalidRequest, Message: "the request cannot be made: " + withoutURL(err).Error()})
	}
	resp, err := c.exchange(httpReq)
	if err != nil {
		failure := r.noReply(err)
		r.Close()
		return nil, failure
	}
	r.watch.advance() // the headers are here
	r.resp = resp
	r.body = body{reader: resp.Body, watch: &r.watch}
	if err := r.check(); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// newRequest is like http.NewRequestWithContext, but parses the same URL only once.
func (c *Client) newRequest(ctx context.Context, req *Request) (*http.Request, error) {
	known := c.parsed.Load()
	if known == nil || known.text != req.URL {
		parsed, err := http.NewRequest(req.Method, req.URL, nil)
		if err != nil {
			return nil, err
		}
		known = &parsedURL{req.URL, parsed}
		c.parsed.Store(known)
	}
	httpReq := known.request.WithContext(ctx) // a copy
	httpReq.Method, httpReq.Header = req.Method, req.Header
	if c.owned == nil { // clients add cookies, and some transports change headers
		httpReq.Header, httpReq.URL = req.Header.Clone(), new(*httpReq.URL)
	}
	if httpReq.Header == nil {
		httpReq.Header = make(http.Header)
	}
	if len(req.Body) > 0 {
		httpReq.ContentLength = int64(len(req.Body))
		httpReq.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(req.Body)), nil }
		httpReq.Body, _ = httpReq.GetBody() // which cannot fail
	}
	return httpReq, nil
}

// exchange is like the Do method of http.Client. For the default transport, Do would only add
// redirects, and it would copy the headers for them, which is 3 % of the processor time of a
// short answer.
func (c *Client) exchange(req *http.Request) (*http.Response, error) {
	if c.owned == nil {
		return c.http.Do(req)
	}
	resp, err := c.owned.RoundTrip(req)
	if err != nil || resp.StatusCode < 300 || resp.StatusCode > 399 {
		return resp, err
	}
	client := c.http
	client.Transport = &answered{first: resp, then: c.owned}
	return client.Do(req)
}

// answered is a transport that already has the reply to its first request.
type answered struct {
	first *http.Response // nil once it has been handed out
	then  http.RoundTripper
}

func (a *answered) RoundTrip(req *http.Request) (*http.Response, error) {
	if resp := a.first; resp != nil {
		a.first = nil
		return resp, nil
	}
	return a.then.RoundTrip(req)
}

// check returns an error unless the reply can be the answer to an API call.
func (r *Reply) check() error {
	if status := r.resp.StatusCode; status < 200 || status > 299 {
		return r.statusError()
	}
	switch coding := r.resp.Header.Get("Content-Encoding"); strings.ToLower(coding) {
	case "gzip", "br", "zstd", "deflate", "compress": // others, for example "none", do not change the body
		return r.Fail(llm.Protocol, "the reply is compressed ("+coding+"), which the HTTP client has not undone: "+
			"set no Accept-Encoding header, and have proxies and gateways leave streams as they are")
	}
	if mediaType := r.MediaType(); mediaType == "text/html" || mediaType == "application/xhtml+xml" {
		text := excerpt(r.readErrorBody())
		return r.describe(&llm.Error{
			Kind:    llm.Protocol,
			Status:  r.resp.StatusCode,
			Message: "the reply is a web page (" + mediaType + "), not an answer of the API; is a proxy or a wrong base URL in the way? It says: " + text,
		})
	}
	return nil
}

// noReply returns the error for a request without a reply.
func (r *Reply) noReply(err error) *llm.Error {
	if stopped := r.stopped(); stopped != nil {
		return stopped
	}
	if refused, ok := errors.AsType[*redirectError](err); ok {
		return r.describe(&llm.Error{Kind: llm.Protocol, Status: refused.status, Message: refused.Error(), Err: refused})
	}
	err = withoutURL(err)
	if own, ok := errors.AsType[*llm.Error](err); ok { // from the client, for example that of package egress
		return r.describe(&llm.Error{Kind: own.Kind, Message: own.Message, Err: own})
	}
	if speaksPlainHTTP(err) {
		message := "no reply from " + hostOf(r.request.URL) + ", which speaks plain HTTP: does its base URL begin with http://, not https://?"
		return r.describe(&llm.Error{Kind: llm.Network, Message: message, Err: http.ErrSchemeMismatch})
	}
	e := &llm.Error{Kind: llm.Network, Message: "no reply from " + hostOf(r.request.URL) + ": " + err.Error(), Err: err}
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		e.Kind = llm.Timeout
		if r.client.owned != nil && r.client.limits.Connect > 0 && whileConnecting(err) {
			e.Message = "no connection to " + hostOf(r.request.URL) + " within the connect limit of " + r.client.limits.Connect.String()
		}
	}
	return r.describe(e)
}

// speaksPlainHTTP reports whether a server has answered a TLS handshake in plain HTTP. An
// http.Client returns an error for this; a transport returns the beginning of the reply.
func speaksPlainHTTP(err error) bool {
	header, ok := errors.AsType[tls.RecordHeaderError](err)
	return ok && string(header.RecordHeader[:]) == "HTTP/" || errors.Is(err, http.ErrSchemeMismatch)
}

// whileConnecting reports whether a request failed before it had a connection.
func whileConnecting(err error) bool {
	op, isOp := errors.AsType[*net.OpError](err)
	return isOp && op.Op == "dial" || strings.Contains(err.Error(), "TLS handshake timeout") // net/http has no type for it
}

// stopped returns the error of a call that was cancelled, or that ran out of time by the
// caller's deadline or by one of the limits. Otherwise it returns nil.
func (r *Reply) stopped() *llm.Error {
	if limit, ok := errors.AsType[*limitError](context.Cause(r.own)); ok {
		return r.describe(&llm.Error{Kind: llm.Timeout, Message: limit.Error(), Err: limit})
	}
	if e, ok := errors.AsType[*llm.Error](llm.FromContext(r.parent)); ok {
		return r.describe(e)
	}
	return nil
}

// describe completes an error with the call and the headers, and removes the secrets.
func (r *Reply) describe(e *llm.Error) *llm.Error {
	e.Provider = r.client.provider
	if call := r.request.Call; call != nil {
		e.Model, e.Op = call.Model, call.Op
	}
	if r.resp != nil {
		e.Header = interesting(r.resp.Header)
		if e.RequestID == "" {
			e.RequestID = requestID(r.resp.Header)
		}
	}
	r.request.Secrets.scrub(e)
	return e
}

// hostOf returns the host of a URL, for messages. The rest of a URL can contain secrets.
func hostOf(url string) string {
	_, rest, ok := strings.Cut(url, "://")
	if !ok {
		return "the server"
	}
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		rest = rest[:i]
	}
	return rest[strings.LastIndex(rest, "@")+1:]
}
