package llmtest

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Server is an HTTP server that answers from a script, with the faults of [HTTPReply]. It is
// safe for concurrent use.
type Server struct {
	// URL is the address of the server, without a trailing slash.
	URL string

	t        testing.TB
	listener net.Listener
	client   *http.Client
	serving  sync.WaitGroup

	mu       sync.Mutex
	script   []HTTPReply
	handler  func(*Request) HTTPReply
	requests []*Request
	open     map[net.Conn]bool
	opened   int
	stalled  int
	changed  chan struct{} // closed and replaced whenever open or stalled change
	closed   bool
}

// Request is a request that a [Server] received.
type Request struct {
	Method string
	Host   string
	Path   string // including the query: "/v1/models?after=3"
	Header http.Header
	Body   []byte
}

// NewServer returns a server that answers its requests with the replies, in order. A request
// after the last reply fails the test. The server is closed when the test ends.
//
// The connections are in memory, so the server works under testing/synctest. Use
// [Server.Client] to reach it. The client connects to this server for all hosts.
func NewServer(t testing.TB, replies ...HTTPReply) *Server {
	t.Helper()
	l := newPipeListener()
	return start(t, l, "http://llmtest.test", &http.Transport{DialContext: l.dial}, replies)
}

// NewLoopbackServer is like [NewServer], with sockets on 127.0.0.1. All clients can reach it.
// Broken connections are TCP resets. It does not work under testing/synctest.
func NewLoopbackServer(t testing.TB, replies ...HTTPReply) *Server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("llmtest: the server cannot listen on loopback: %v", err)
	}
	return start(t, l, "http://"+l.Addr().String(), &http.Transport{}, replies)
}

func start(t testing.TB, l net.Listener, url string, transport *http.Transport, replies []HTTPReply) *Server {
	transport.DisableCompression = true // so that tests see the bytes on the wire
	transport.MaxIdleConnsPerHost = 64
	s := &Server{
		URL: url, t: t, listener: l, client: &http.Client{Transport: transport},
		script: slices.Clone(replies), open: make(map[net.Conn]bool), changed: make(chan struct{}),
	}
	s.serving.Go(s.accept)
	t.Cleanup(s.close)
	return s
}

// Client returns a client for the server.
func (s *Server) Client() *http.Client { return s.client }

// Add adds replies to the end of the script.
func (s *Server) Add(replies ...HTTPReply) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.script = append(s.script, replies...)
}

// Handle makes f answer all further requests instead of the script. f may be called by many
// goroutines at the same time.
func (s *Server) Handle(f func(*Request) HTTPReply) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.handler = f
}

// Requests returns the requests so far, oldest first.
func (s *Server) Requests() []*Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// OpenConns returns the number of open connections, including idle ones.
// [http.Client.CloseIdleConnections] closes idle connections.
func (s *Server) OpenConns() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.open)
}

// Opened returns the number of connections so far. If it is smaller than the number of
// requests, connections were reused.
func (s *Server) Opened() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.opened
}

// WaitClosed waits until no connection is open. If ctx ends first, it returns an error with the
// number of open connections.
func (s *Server) WaitClosed(ctx context.Context) error {
	return s.wait(ctx, func() string {
		if n := len(s.open); n > 0 {
			return fmt.Sprintf("%d connections are open", n)
		}
		return ""
	})
}

// WaitStalled waits until at least one reply has stalled: a [HTTPReply.Stall] or a
// [NoResponse].
func (s *Server) WaitStalled(ctx context.Context) error {
	return s.wait(ctx, func() string {
		if s.stalled == 0 {
			return "no reply has come to a stall"
		}
		return ""
	})
}

// wait waits until missing returns "". It calls missing with the lock held.
func (s *Server) wait(ctx context.Context, missing func() string) error {
	for {
		s.mu.Lock()
		what, changed := missing(), s.changed
		s.mu.Unlock()
		if what == "" {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("llmtest: %s: %w", what, ctx.Err())
		}
	}
}

// change calls f with the lock held, and notifies waiting goroutines.
func (s *Server) change(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *Server) changeStalled(by int) { s.change(func() { s.stalled += by }) }

// close ends all work of the server and waits for its end.
func (s *Server) close() {
	s.change(func() { s.closed = true })
	s.listener.Close()
	s.client.CloseIdleConnections()
	s.CloseClientConnections()
	s.serving.Wait()
}

// CloseClientConnections closes all connections at once, also those with a request in
// progress.
func (s *Server) CloseClientConnections() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.open {
		c.Close()
	}
}

func (s *Server) accept() {
	for {
		c, err := s.listener.Accept()
		if err != nil {
			return // closed
		}
		accepted := false
		s.change(func() {
			if accepted = !s.closed; accepted {
				s.open[c] = true
				s.opened++
			}
		})
		if !accepted {
			c.Close()
			return
		}
		s.serving.Go(func() { s.serve(c) })
	}
}

// serve answers the requests of one connection.
func (s *Server) serve(c net.Conn) {
	defer func() {
		c.Close()
		s.change(func() { delete(s.open, c) })
	}()
	ours := &conn{Conn: c, reader: bufio.NewReader(c), server: s}
	for {
		req, err := http.ReadRequest(ours.reader)
		if err != nil {
			return // the client closed the connection
		}
		if strings.EqualFold(req.Header.Get("Expect"), "100-continue") {
			if _, err := c.Write([]byte("HTTP/1.1 100 Continue\r\n\r\n")); err != nil {
				return
			}
		}
		var body bytes.Buffer
		if _, err := io.Copy(&body, req.Body); err != nil {
			return // the client closed the connection inside its request
		}
		received := &Request{
			Method: req.Method, Host: req.Host, Path: req.URL.RequestURI(), Header: req.Header, Body: body.Bytes(),
		}
		if ours.deliver(s.answer(received)) != nil || req.Close {
			return
		}
	}
}

// answer records the request and returns its reply.
func (s *Server) answer(r *Request) HTTPReply {
	s.mu.Lock()
	s.requests = append(s.requests, r)
	n, handler := len(s.requests), s.handler
	var next *HTTPReply
	if handler == nil && len(s.script) > 0 {
		next = &s.script[0]
		s.script = s.script[1:]
	}
	s.mu.Unlock()
	switch {
	case handler != nil:
		return handler(r)
	case next != nil:
		return *next
	}
	complaint := fmt.Sprintf("llmtest: request %d (%s %s) has no reply: add replies to the script", n, r.Method, r.Path)
	s.t.Error(complaint)
	return HTTP(http.StatusInternalServerError, "text/plain", complaint)
}
