package httpcall

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http/httptrace"
	"sync/atomic"
)

// DialFunc opens a connection, as in [net/http.Transport].
type DialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// Quiet returns a function that dials like dial. If a server sends data on a connection that
// waits for the next request, reads of the connection return io.EOF.
//
// Security: net/http would write the data to the standard logger, and it can contain a
// credential or a conversation that the server echoes. With HTTP/1, data that arrives together
// with the end of a reply is not recognized.
func Quiet(dial DialFunc) DialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &quietConn{Conn: c}, nil
	}
}

// quietConn is a connection of a [Quiet] function.
type quietConn struct {
	net.Conn
	users atomic.Int64 // requests that use the connection
	used  atomic.Bool  // something was written, for example a TLS handshake
	ended atomic.Bool  // a request has ended
}

// idle reports whether the connection waits for a request. An HTTP/2 connection never does,
// because no request of it is reported as ended.
func (c *quietConn) idle() bool {
	return c.users.Load() == 0 && (c.ended.Load() || !c.used.Load())
}

func (c *quietConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 && c.idle() {
		return 0, io.EOF
	}
	return n, err
}

func (c *quietConn) Write(p []byte) (int, error) {
	c.used.Store(true)
	return c.Conn.Write(p)
}

// traced returns a context that tells the connection of a request when it is in use.
func traced(ctx context.Context) context.Context {
	t := &connTrace{}
	t.trace.GotConn, t.trace.PutIdleConn = t.got, t.put
	return httptrace.WithClientTrace(ctx, &t.trace)
}

// connTrace is the trace of one request.
type connTrace struct {
	trace httptrace.ClientTrace
	begun atomic.Bool
	inUse atomic.Pointer[quietConn] // the connection to release
}

// got takes the connection into use. If the request is sent again, for example because of a
// redirect, it is not known which of the connections put is about. They stay in use.
func (t *connTrace) got(info httptrace.GotConnInfo) {
	c := info.Conn
	if secure, ok := c.(*tls.Conn); ok {
		c = secure.NetConn()
	}
	quiet, ok := c.(*quietConn)
	if ok {
		quiet.users.Add(1)
	}
	if again := t.begun.Swap(true); again {
		quiet = nil
	}
	t.inUse.Store(quiet)
}

func (t *connTrace) put(err error) {
	if c := t.inUse.Swap(nil); c != nil && err == nil {
		c.ended.Store(true)
		c.users.Add(-1)
	}
}
