package httpcall

import (
	"context"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/parley-llm/parley/llm"
)

// Reply is a reply with a 2xx status. It is for one goroutine.
type Reply struct {
	client  *Client
	request *Request
	resp    *http.Response // nil while there is none
	body    body
	watch   watch
	parent  context.Context // the caller's
	own     context.Context // ours, which the limits cancel
	cancel  context.CancelCauseFunc
	closed  bool
	ended   bool // the body has nothing more of interest
}

// Header returns the reply's headers.
func (r *Reply) Header() http.Header { return r.resp.Header }

// Status returns the HTTP status.
func (r *Reply) Status() int { return r.resp.StatusCode }

// Limits returns the limits of the client that sent the request.
func (r *Reply) Limits() llm.Limits { return r.client.limits }

// MediaType returns the type of the body without its parameters, in lower
// case: "text/event-stream". It is "" if the server did not say.
func (r *Reply) MediaType() string {
	contentType := r.resp.Header.Get("Content-Type")
	switch contentType { // the usual types, without the cost of parsing
	case "text/event-stream", "application/json", "application/x-ndjson":
		return contentType
	}
	mediaType, _, err := mime.ParseMediaType(contentType)
	if err != nil && mediaType == "" {
		return contentType
	}
	return mediaType
}

// MediaTypeName returns the media type for a message: "(none)" if there is none.
func (r *Reply) MediaTypeName() string {
	if mediaType := r.MediaType(); mediaType != "" {
		return mediaType
	}
	return "(none)"
}

// Body returns the body's reader. Pass its errors to [Reply.ReadError]. The limits apply to the
// time spent in its Read method.
func (r *Reply) Body() io.Reader { return &r.body }

// maxDrain and drainTime limit the reading in Close, which keeps a connection usable. A new
// connection costs 150 µs of processor time, or 3 ms with TLS.
const (
	maxDrain  = 4 << 10
	drainTime = 20 * time.Millisecond
)

// maxErrorBody and errorBodyTime bound the reading of an error reply. Its status and
// headers are here already and say the most.
const (
	maxErrorBody  = 64 << 10
	errorBodyTime = 2 * time.Second
)

// End marks the body as having nothing more of interest. Then Close tries to keep the
// connection for the next call.
func (r *Reply) End() { r.ended = true }

// Close releases all resources of the call. After End, it first reads the rest of the body, up
// to 4 KB and for up to 20 ms, so that an HTTP/1 connection can be used again. Otherwise it
// closes the connection, and the server notices that nobody reads the answer. Close can be
// called more than once.
func (r *Reply) Close() {
	if r.closed {
		return
	}
	r.closed = true
	if r.resp != nil {
		if r.ended && !r.body.eof && r.resp.ProtoMajor == 1 {
			r.watch.hurry(drainTime)
			io.CopyN(io.Discard, r.resp.Body, maxDrain) // an error does not matter
		}
		if !r.ended { // else Body.Close of Go 1.27 reads on for up to 50 ms
			r.cancel(context.Canceled)
		}
		r.resp.Body.Close()
	}
	r.watch.stop()
	r.cancel(context.Canceled)
}

// ReadError returns the error for a failed read of the body: the call was cancelled or timed
// out, or the connection broke before the answer had ended.
func (r *Reply) ReadError(err error) *llm.Error {
	if stopped := r.stopped(); stopped != nil {
		stopped.Status = r.resp.StatusCode
		return stopped
	}
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() { // of the user's own client
		return r.describe(&llm.Error{Kind: llm.Timeout, Status: r.resp.StatusCode, Message: "the HTTP client gave up: " + err.Error(), Err: err})
	}
	return r.describe(&llm.Error{
		Kind:    llm.Incomplete,
		Status:  r.resp.StatusCode,
		Message: "the connection broke before the answer had ended: " + err.Error(),
		Err:     err,
	})
}

// Fail returns an error about the reply itself.
func (r *Reply) Fail(kind llm.Kind, message string) *llm.Error {
	return r.describe(&llm.Error{Kind: kind, Status: r.resp.StatusCode, Message: message})
}

// Scrub returns a text of the server without the secrets of the request. If there are none, it
// returns the same slice.
func (r *Reply) Scrub(text []byte) []byte {
	if clean := r.request.Secrets.Scrub(string(text)); clean != string(text) {
		return []byte(clean)
	}
	return text
}

// ReadAll reads the whole body, up to limit bytes. A larger one is a
// [llm.Protocol] error, a cut one [llm.Incomplete].
func (r *Reply) ReadAll(limit int) ([]byte, error) {
	if n := r.resp.ContentLength; n > int64(limit) {
		return nil, r.tooLarge(limit)
	}
	buf := make([]byte, 0, max(512, min(r.resp.ContentLength+1, 1<<20)))
	for {
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
		n, err := r.body.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		switch {
		case len(buf) > limit:
			return nil, r.tooLarge(limit)
		case errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
			r.End()
			return buf, nil
		case err != nil:
			return buf, r.ReadError(err)
		}
	}
}

func (r *Reply) tooLarge(limit int) *llm.Error {
	return r.Fail(llm.Protocol, "the reply is larger than the limit of "+strconv.Itoa(limit)+" bytes")
}

// Start returns the detail of the first event, from the headers.
//
// Security: a credential that the server echoes in a header is removed.
func (r *Reply) Start() *llm.Start {
	h := r.resp.Header
	kept := interesting(h)
	r.request.Secrets.scrubHeader(kept)
	return &llm.Start{Provider: r.client.provider, RequestID: r.request.Secrets.Scrub(requestID(h)), RateLimits: rateLimits(h), Header: kept}
}

// readErrorBody reads the beginning of the body of an error reply, within a size and a time.
//
// Security: secrets are removed here, because a secret cannot be recognized after the text
// has been cut.
func (r *Reply) readErrorBody() []byte {
	enough := time.AfterFunc(errorBodyTime, func() { r.cancel(context.Canceled) })
	defer enough.Stop()
	data, _ := io.ReadAll(io.LimitReader(&r.body, maxErrorBody)) // one that breaks is read as far as it goes
	return []byte(r.request.Secrets.Scrub(string(data)))
}

// body is a response body whose reads are watched.
type body struct {
	reader io.Reader
	watch  *watch
	eof    bool // nothing is left to read
}

func (b *body) Read(p []byte) (int, error) {
	b.watch.advance()
	n, err := b.reader.Read(p)
	b.watch.advance()
	b.eof = b.eof || err == io.EOF
	return n, err
}
