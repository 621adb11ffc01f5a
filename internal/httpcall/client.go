// Package httpcall sends the HTTP requests of all providers. It converts error statuses,
// error bodies and broken connections to [*llm.Error], and enforces the limits on waiting.
//
// A [Client] sends a [Request] and returns a [Reply] if the status is 2xx. Any other reply is
// an error. The package does not interpret the body of a successful reply: package stream
// splits it into frames, and the provider decodes them.
//
// Each kind of failure has one place: package apierror reads the errors of servers and
// determines their kinds, statusError covers replies with other statuses than 2xx,
// transportError covers requests without a reply, and contextError covers cancellation and
// limits. All of them pass through annotate, which adds the call and removes secrets.
//
// Security: redirects to another host are not followed, because they would send credentials
// and prompts there. Credentials that servers echo are removed from errors and events.
package httpcall

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/parley-llm/parley/internal/apierror"
	"github.com/parley-llm/parley/internal/waiting"
	"github.com/parley-llm/parley/llm"
)

// Client sends the requests of one provider. It is safe for concurrent use.
type Client struct {
	provider string
	http     http.Client
	owned    *http.Transport // nil if the user supplied a client
	limits   llm.Limits
	patient  llm.Limits                // for requests that can wait in a queue
	parsed   atomic.Pointer[parsedURL] // the last URL: most calls use the same one
}

// parsedURL is a request for a URL, and the text of the URL.
type parsedURL struct {
	text    string
	request *http.Request // never modified
}

// NewClient returns a client for the named provider. If user is nil, it sends through a new
// transport (see [NewTransport]). Otherwise it uses a copy of the user's client, and replaces
// only CheckRedirect. Zero limits have the defaults of [llm.Limits].
func NewClient(provider string, user *http.Client, limits llm.Limits) *Client {
	c := &Client{provider: provider, limits: limits.WithDefaults(), patient: patient(limits).WithDefaults()}
	if user != nil {
		c.http = *user
	} else {
		c.owned = NewTransport(c.limits.Connect)
		c.http.Transport = c.owned
	}
	c.http.CheckRedirect = checkRedirect
	return c
}

// Close closes the idle connections, unless the user supplied the HTTP client. It always
// returns nil.
func (c *Client) Close() error {
	if c.owned != nil {
		c.owned.CloseIdleConnections()
	}
	return nil
}

// IdleCloser closes the idle connections of a client. It is for code that made the client, and
// must release it with a model.
type IdleCloser struct{ Client *http.Client }

// Close closes the idle connections. It always returns nil.
func (c IdleCloser) Close() error {
	c.Client.CloseIdleConnections()
	return nil
}

// Request is one HTTP request of a call.
type Request struct {
	Call   *llm.Call // supplies the model and the operation of errors; may be nil
	Method string
	URL    string
	Header http.Header // not modified, so that requests can share it
	Body   []byte
	// Secrets are the credentials in Header. They are removed from errors and events.
	Secrets Secrets
	// Patient means that the server may answer late, for example under the service tier
	// "flex". Limits on waiting that the user has not set are longer then.
	Patient bool
}

// patientWait is the default of FirstEvent and Idle for a patient request. Gemini documents
// waits of up to 15 minutes: https://ai.google.dev/gemini-api/docs/flex-inference.
const patientWait = 20 * time.Minute

// patient returns the user's limits with longer defaults for waiting.
func patient(limits llm.Limits) llm.Limits {
	if limits.FirstEvent == 0 {
		limits.FirstEvent = patientWait
	}
	if limits.Idle == 0 {
		limits.Idle = patientWait
	}
	return limits
}

// Do sends the request and waits for the headers of the reply. It returns the reply if its
// status is 2xx. The caller must call [Reply.Close].
//
// All errors are *llm.Error.
func (c *Client) Do(ctx context.Context, req *Request) (*Reply, error) {
	r := &Reply{client: c, parent: ctx, request: req}
	ctx, r.cancel = context.WithCancelCause(ctx)
	r.own = ctx
	if req.Patient {
		r.watch.start(c.patient, r.cancel)
	} else {
		r.watch.start(c.limits, r.cancel)
	}
	httpReq, err := c.newRequest(traced(ctx), req)
	if err != nil {
		r.Close()
		return nil, r.annotate(&llm.Error{Kind: llm.InvalidRequest, Message: "invalid request: " + withoutURL(err).Error()})
	}
	resp, err := c.exchange(httpReq)
	if err != nil {
		failure := r.transportError(err)
		r.Close()
		return nil, failure
	}
	r.watch.advance() // the headers have arrived
	r.resp = resp
	r.body = body{reader: resp.Body, watch: &r.watch, limit: int64(c.limits.ReplyBytes)}
	if r.body.observer = waiting.FromContext(r.parent); r.body.observer != nil {
		r.body.observer.Opened()
	}
	if c.owned == nil { // the body of another transport may ignore the context
		r.unwatch = context.AfterFunc(ctx, func() { resp.Body.Close() })
	}
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
	if c.owned == nil { // http.Client adds cookies, and some transports modify the request
		httpReq.Header, httpReq.URL = req.Header.Clone(), new(*httpReq.URL)
	}
	if httpReq.Header == nil {
		httpReq.Header = make(http.Header)
	}
	if len(req.Body) > 0 {
		httpReq.ContentLength = int64(len(req.Body))
		httpReq.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(req.Body)), nil }
		httpReq.Body, _ = httpReq.GetBody() // never fails
	}
	return httpReq, nil
}

// exchange is like http.Client.Do. If the transport is not the user's, exchange calls Do only
// for redirects. Do copies the headers of every request in case of a redirect, and this costs
// 3 % of the processor time of a short answer. A request that the server cannot have received
// is sent again once.
func (c *Client) exchange(req *http.Request) (*http.Response, error) {
	if c.owned == nil {
		return c.http.Do(req)
	}
	resp, err := c.owned.RoundTrip(req)
	if err != nil && isUnsent(err) && req.Context().Err() == nil {
		again := req.WithContext(req.Context()) // a copy
		if req.GetBody != nil {
			again.Body, _ = req.GetBody() // never fails
		}
		resp, err = c.owned.RoundTrip(again)
	}
	if err != nil || resp.StatusCode < 300 || resp.StatusCode > 399 {
		return resp, err
	}
	client := c.http
	client.Transport = &replayFirst{first: resp, next: c.owned}
	return client.Do(req)
}

// isUnsent reports whether a request failed before the server had all of it, so that the
// server cannot have executed it, and it is sent again once. Some servers, for example
// llama.cpp's after a stream, close a connection without a "Connection: close" header. If the
// next request is being written at that moment, net/http reports an error, because it does not know whether a
// POST request may be repeated.
func isUnsent(err error) bool {
	op, isOp := errors.AsType[*net.OpError](err)
	return isOp && (op.Op == "write" || op.Op == "readfrom") || err.Error() == "http: server closed idle connection" // net/http does not export this error
}

// replayFirst is a transport that returns a response that has already been received for the
// first request, and sends all other requests.
type replayFirst struct {
	first *http.Response // nil after the first request
	next  http.RoundTripper
}

// RoundTrip implements [http.RoundTripper].
func (t *replayFirst) RoundTrip(req *http.Request) (*http.Response, error) {
	if resp := t.first; resp != nil {
		t.first = nil
		return resp, nil
	}
	return t.next.RoundTrip(req)
}

// check returns an error if the status, encoding or type of the reply shows that it is not an
// answer of an API.
func (r *Reply) check() error {
	switch status := r.resp.StatusCode; {
	case status < 200: // the body of 101 is the connection: reads do not end with the context
		return r.ReplyError(llm.Protocol, "the status "+strconv.Itoa(status)+" is not a reply to an API request: check the base URL, and whether a proxy is in between")
	case status > 299:
		return r.statusError()
	case status == http.StatusPartialContent:
		return r.ReplyError(llm.Protocol, "the reply is only a part of the content (206), which the request did not ask for: check whether a proxy or a cache is in between")
	}
	switch coding := r.resp.Header.Get("Content-Encoding"); strings.ToLower(coding) {
	case "gzip", "br", "zstd", "deflate", "compress": // other values, such as "none", occur in practice and have no effect
		return r.ReplyError(llm.Protocol, "the reply is compressed ("+coding+"), and the HTTP client did not decompress it: "+
			"do not set an Accept-Encoding header, and disable compression of streams in proxies and gateways")
	}
	if mediaType := r.MediaType(); mediaType == "text/html" || mediaType == "application/xhtml+xml" {
		text := apierror.Excerpt(r.readErrorBody())
		return r.annotate(&llm.Error{
			Kind:    llm.Protocol,
			Status:  r.resp.StatusCode,
			Message: "the reply is a web page (" + mediaType + "), not an API reply: check the base URL, and whether a proxy is in between; the page: " + text,
		})
	}
	return nil
}

// transportError returns the error for a request without a reply.
func (r *Reply) transportError(err error) *llm.Error {
	if ended := r.contextError(); ended != nil {
		return ended
	}
	if redirect, ok := errors.AsType[*redirectError](err); ok {
		return r.annotate(&llm.Error{Kind: llm.Protocol, Status: redirect.status, Message: redirect.Error(), Err: redirect})
	}
	err = withoutURL(err)
	if own, ok := errors.AsType[*llm.Error](err); ok { // a transport's own error, for example from package egress
		return r.annotate(&llm.Error{Kind: own.Kind, Message: own.Message, Err: own})
	}
	if isPlainHTTP(err) {
		message := "no reply from " + hostOf(r.request.URL) + ": the server uses plain HTTP; change https:// to http:// in the base URL"
		return r.annotate(&llm.Error{Kind: llm.Network, Message: message, Err: http.ErrSchemeMismatch})
	}
	e := &llm.Error{Kind: llm.Network, Message: "no reply from " + hostOf(r.request.URL) + ": " + err.Error(), Err: err}
	if isUnsent(err) && len(r.request.Body) >= largeBody {
		e.Message += fmt.Sprintf("; the server closed the connection while it received a request of %d MB, which may be too large for it", len(r.request.Body)>>20)
	}
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		e.Kind = llm.Timeout
		if r.client.owned != nil && r.client.limits.Connect > 0 && isConnectTimeout(err) {
			e.Message = "no connection to " + hostOf(r.request.URL) + " within the connect limit of " + r.client.limits.Connect.String()
		}
	}
	return r.annotate(e)
}

// largeBody is the size in bytes of a request that many servers refuse. Some of them close the
// connection at once, and then the reply with status 413 can be lost.
const largeBody = 1 << 20

// isPlainHTTP reports whether a server replied to a TLS handshake in plain HTTP. http.Client
// has an error value for it, and a transport's error contains the start of the reply.
func isPlainHTTP(err error) bool {
	header, ok := errors.AsType[tls.RecordHeaderError](err)
	return ok && string(header.RecordHeader[:]) == "HTTP/" || errors.Is(err, http.ErrSchemeMismatch)
}

// isConnectTimeout reports whether a request timed out before it had a connection.
func isConnectTimeout(err error) bool {
	op, isOp := errors.AsType[*net.OpError](err)
	return isOp && op.Op == "dial" || strings.Contains(err.Error(), "TLS handshake timeout") // net/http does not export its type
}

// contextError returns the error of a call whose context has ended or which exceeded a limit,
// and nil if neither is the case.
func (r *Reply) contextError() *llm.Error {
	if limit, ok := errors.AsType[*limitError](context.Cause(r.own)); ok {
		return r.annotate(&llm.Error{Kind: llm.Timeout, Message: limit.Error(), Err: limit})
	}
	if e, ok := errors.AsType[*llm.Error](llm.FromContext(r.parent)); ok {
		return r.annotate(e)
	}
	return nil
}

// annotate adds the call and the reply's headers to an error, and removes the secrets.
func (r *Reply) annotate(e *llm.Error) *llm.Error {
	e.Provider = r.client.provider
	if call := r.request.Call; call != nil {
		e.Model, e.Op = call.Model, call.Op
	}
	if r.resp != nil {
		e.Header = explanatory(r.resp.Header)
		if e.RequestID == "" {
			e.RequestID = requestID(r.resp.Header)
		}
	}
	r.request.Secrets.scrub(e)
	return e
}

// hostOf returns the host of a URL, for messages. Security: the rest of a URL can contain
// secrets.
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
