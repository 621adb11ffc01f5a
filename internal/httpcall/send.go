// Package httpcall is the one place where a provider's request goes out and its
// reply comes in: it turns statuses, headers and broken connections into
// [*llm.Error], keeps the limits on waiting, follows no redirect to another
// host, and scrubs secrets from whatever servers echo.
//
// A [Client] sends a [Request] and returns a [Reply] whose status is a success;
// every other reply is an error already. What is in the body is the dialect's
// business: package reply splits it into frames.
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
	parsed   atomic.Pointer[parsedURL] // the one used last: most calls go to the same
}

type parsedURL struct {
	text    string
	request *http.Request // of that URL; not modified
}

// NewClient returns a client for the named provider. A nil user client means
// one of our own, with a transport that keeps enough idle connections for many
// streams. Of a user's client all is kept but the rule for redirects.
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

// Close closes the idle connections of a client that is not the user's.
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
	// Secrets must not show in errors: the credential that is in Header.
	Secrets Secrets
}

// Do sends the request and returns the reply, once its headers are here and if
// its status is 2xx. The caller must call [Reply.Close].
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

// newRequest does what http.NewRequestWithContext does, but parses the URL of
// many requests once.
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
	if c.owned == nil { // clients add cookies, and some transports change what they must not
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

// exchange is http.Client's Do. With a transport of our own all that Do adds is
// redirects: copying the headers in case there is one costs a short answer 3 %
// of its processor time.
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

// answered is a transport whose first request has been answered already.
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
	case "gzip", "br", "zstd", "deflate", "compress": // others, such as "none", are habits that change nothing
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

// noReply says why there is no reply.
func (r *Reply) noReply(err error) *llm.Error {
	if stopped := r.stopped(); stopped != nil {
		return stopped
	}
	if refused, ok := errors.AsType[*redirectError](err); ok {
		return r.describe(&llm.Error{Kind: llm.Protocol, Status: refused.status, Message: refused.Error(), Err: refused})
	}
	err = withoutURL(err)
	if own, ok := errors.AsType[*llm.Error](err); ok { // of a client that knows better, such as egress's
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

// speaksPlainHTTP reports whether a server has answered a TLS handshake in HTTP: an
// http.Client says so itself, a transport shows how the answer begins.
func speaksPlainHTTP(err error) bool {
	header, ok := errors.AsType[tls.RecordHeaderError](err)
	return ok && string(header.RecordHeader[:]) == "HTTP/" || errors.Is(err, http.ErrSchemeMismatch)
}

// whileConnecting reports whether a request failed before it had a connection.
func whileConnecting(err error) bool {
	op, isOp := errors.AsType[*net.OpError](err)
	return isOp && op.Op == "dial" || strings.Contains(err.Error(), "TLS handshake timeout") // net/http has no type for it
}

// stopped returns the error of a call that was cancelled or ran out of time, by
// the caller's doing or by a limit of ours, and nil if neither happened.
func (r *Reply) stopped() *llm.Error {
	if limit, ok := errors.AsType[*limitError](context.Cause(r.own)); ok {
		return r.describe(&llm.Error{Kind: llm.Timeout, Message: limit.Error(), Err: limit})
	}
	if e, ok := errors.AsType[*llm.Error](llm.FromContext(r.parent)); ok {
		return r.describe(e)
	}
	return nil
}

// describe completes an error: it names the call and hides the secrets.
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

// hostOf returns the host of a URL, for messages: the rest can hold secrets.
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
