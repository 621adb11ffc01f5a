package httpcall

import (
	"context"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/parley-llm/parley/internal/waiting"
	"github.com/parley-llm/parley/llm"
)

// Reply is a reply with a 2xx status. It is not safe for concurrent use.
type Reply struct {
	client  *Client
	request *Request
	resp    *http.Response // nil until the headers have arrived
	body    body
	watch   watch
	parent  context.Context // the caller's context
	own     context.Context // derived from parent; canceled by the limits
	cancel  context.CancelCauseFunc
	unwatch func() bool // nil, or ends the closing of the body with the context
	closed  bool
	ended   bool // End was called
}

// Header returns the reply's headers.
func (r *Reply) Header() http.Header { return r.resp.Header }

// Status returns the HTTP status.
func (r *Reply) Status() int { return r.resp.StatusCode }

// Limits returns the limits of the client that sent the request.
func (r *Reply) Limits() llm.Limits { return r.client.limits }

// MediaType returns the media type of the body without parameters, in lower case: for example
// "text/event-stream". It returns "" if the reply has no Content-Type.
func (r *Reply) MediaType() string {
	contentType := r.resp.Header.Get("Content-Type")
	essence, _, _ := strings.Cut(contentType, ";")
	switch essence { // the most frequent values need no parsing
	case "text/event-stream", "application/json", "application/x-ndjson":
		return essence
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

// Body returns the body's reader. Pass its errors, except io.EOF, to [Reply.ReadError]. The
// limits FirstEvent and Idle apply to the time spent in its Read method.
func (r *Reply) Body() io.Reader { return &r.body }

// maxDrain and drainTime limit the rest of a body that Close reads to keep the connection
// reusable. A new connection costs 150 µs of processor time, and 3 ms with TLS.
const (
	maxDrain  = 4 << 10
	drainTime = 20 * time.Millisecond
)

// maxErrorBody and errorBodyTime limit the part of an error reply's body that is read. The
// status and the headers are known without it.
const (
	maxErrorBody  = 64 << 10
	errorBodyTime = 2 * time.Second
)

// End marks the answer as complete, so that [Reply.Close] keeps the connection for the next
// call if it can.
func (r *Reply) End() { r.ended = true }

// Close releases everything that the call holds. If [Reply.End] was called, Close first reads
// the rest of the body, at most 4 KB within 20 ms, so that an HTTP/1 connection can be reused.
// Otherwise it closes the connection, so that the server stops generating. Close may be called
// more than once.
func (r *Reply) Close() {
	if r.closed {
		return
	}
	r.closed = true
	if r.resp != nil {
		if r.ended && !r.body.eof && r.resp.ProtoMajor == 1 {
			r.watch.closeWithin(drainTime)
			io.CopyN(io.Discard, r.resp.Body, maxDrain) // the error does not matter: the answer is complete
		}
		if r.unwatch != nil {
			r.unwatch()
		}
		if !r.ended { // else Body.Close of Go 1.27 reads on for up to 50 ms
			r.cancel(context.Canceled)
		}
		r.resp.Body.Close()
	}
	r.watch.stop()
	r.cancel(context.Canceled)
	if r.body.observer != nil {
		r.body.observer.Closed()
	}
}

// Ended reports whether the context of the call has ended, or a limit was exceeded.
func (r *Reply) Ended() bool { return r.own.Err() != nil }

// ReadError returns the error for a failed read of the body. Its kind is [llm.Canceled] or
// [llm.Timeout] if the context ended or a limit was exceeded, and otherwise [llm.Incomplete],
// because the connection closed before the end of the answer.
func (r *Reply) ReadError(err error) *llm.Error {
	if ended := r.contextError(); ended != nil {
		ended.Status = r.resp.StatusCode
		return ended
	}
	if errors.Is(err, errReplyTooLarge) {
		return r.ReplyError(llm.Protocol, "the reply is larger than the limit of "+strconv.Itoa(r.client.limits.ReplyBytes)+" bytes: raise Limits.ReplyBytes if this size is expected")
	}
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() { // http.Client.Timeout of the user's client
		return r.annotate(&llm.Error{Kind: llm.Timeout, Status: r.resp.StatusCode, Message: "the HTTP client timed out: " + err.Error(), Err: err})
	}
	return r.annotate(&llm.Error{
		Kind:    llm.Incomplete,
		Status:  r.resp.StatusCode,
		Message: "the connection closed before the end of the answer: " + err.Error(),
		Err:     err,
	})
}

// ReplyError returns an error of the given kind about the reply. It has the reply's status,
// headers and request ID.
func (r *Reply) ReplyError(kind llm.Kind, message string) *llm.Error {
	return r.annotate(&llm.Error{Kind: kind, Status: r.resp.StatusCode, Message: message})
}

// Scrub returns text without the secrets of the request. If text contains no secret, Scrub
// returns text itself.
func (r *Reply) Scrub(text []byte) []byte {
	if clean := r.request.Secrets.Scrub(string(text)); clean != string(text) {
		return []byte(clean)
	}
	return text
}

// ReadAll reads the whole body. A body larger than limit bytes is an error of kind
// [llm.Protocol], a truncated one an error of kind [llm.Incomplete].
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
	return r.ReplyError(llm.Protocol, "the reply is larger than the limit of "+strconv.Itoa(limit)+" bytes: raise Limits.FrameBytes if this size is expected")
}

// Start returns the details of the first event: the request ID, the rate limits and the
// headers that help to diagnose a reply. Security: if the server echoes a secret of the
// request in a header, it is removed.
func (r *Reply) Start() *llm.Start {
	h := r.resp.Header
	kept := explanatory(h)
	var limits *llm.RateLimits
	if kept != nil {
		limits = rateLimits(kept, time.Now())
	}
	r.request.Secrets.scrubHeader(kept)
	return &llm.Start{Provider: r.client.provider, RequestID: r.request.Secrets.Scrub(requestID(h)), RateLimits: limits, Header: kept}
}

// readErrorBody reads the body of a reply that is not an answer: at most 64 KB within 2
// seconds.
//
// Security: the secrets of the request are removed before the text is shortened, because a
// truncated secret could not be recognized.
func (r *Reply) readErrorBody() []byte {
	timer := time.AfterFunc(errorBodyTime, func() { r.cancel(context.Canceled) })
	defer timer.Stop()
	data, _ := io.ReadAll(io.LimitReader(&r.body, maxErrorBody)) // after a read error, the part read so far is used
	return []byte(r.request.Secrets.Scrub(string(data)))
}

const byteOrderMark = "\uFEFF"

// BeginsWith reports whether the body begins with one of the texts, after white space and a
// byte order mark. It waits for as many bytes as it needs to decide. They are read again by
// the readers of the body.
func (r *Reply) BeginsWith(texts ...string) bool {
	b := &r.body
	for b.n < len(b.peeked) && b.err == nil {
		var n int
		n, b.err = b.fill(b.peeked[b.n:])
		b.n += n
		begin := strings.TrimPrefix(strings.TrimLeft(string(b.peeked[:b.n]), " \t\r\n"), byteOrderMark)
		begin = strings.TrimLeft(begin, " \t\r\n")
		open := strings.HasPrefix(byteOrderMark, begin)
		for _, text := range texts {
			if strings.HasPrefix(begin, text) {
				return true
			}
			open = open || strings.HasPrefix(text, begin)
		}
		if !open {
			break
		}
	}
	return false
}

// body is a response body whose reads are subject to the limits.
type body struct {
	reader io.Reader
	watch  *watch
	// observer is told about each read, if the call has one.
	observer waiting.Observer
	eof      bool  // the body was read to its end
	limit    int64 // ReplyBytes; 0 means none
	read     int64 // bytes so far

	peeked [32]byte // see Reply.BeginsWith
	at, n  int      // the bytes of peeked that have not been read are peeked[at:n]
	err    error    // after them
}

// errReplyTooLarge ends the reading of a body that is larger than the limit ReplyBytes.
var errReplyTooLarge = errors.New("the reply is too large")

func (b *body) Read(p []byte) (int, error) {
	if b.at < b.n {
		n := copy(p, b.peeked[b.at:b.n])
		b.at += n
		return n, nil
	}
	if b.err != nil {
		return 0, b.err
	}
	return b.fill(p)
}

// fill reads from the connection.
func (b *body) fill(p []byte) (int, error) {
	b.watch.advance()
	if b.observer != nil {
		b.observer.ReadBegins()
	}
	n, err := b.reader.Read(p)
	if b.observer != nil {
		b.observer.ReadEnds()
	}
	b.watch.advance()
	if b.read += int64(n); b.limit > 0 && b.read > b.limit {
		return 0, errReplyTooLarge
	}
	b.eof = b.eof || err == io.EOF
	return n, err
}
