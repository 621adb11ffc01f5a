package send

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/parley-llm/parley/llm"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// pipeNet is a network of one server in memory: unlike sockets, its pipes work
// under the fake clock of testing/synctest.
type pipeNet struct {
	conns chan net.Conn
	done  chan struct{}
	close sync.Once
}

func newPipeNet() *pipeNet {
	return &pipeNet{conns: make(chan net.Conn), done: make(chan struct{})}
}

func (n *pipeNet) Accept() (net.Conn, error) {
	select {
	case conn := <-n.conns:
		return conn, nil
	case <-n.done:
		return nil, net.ErrClosed
	}
}

func (n *pipeNet) Close() error {
	n.close.Do(func() { close(n.done) })
	return nil
}

func (n *pipeNet) Addr() net.Addr {
	return net.TCPAddrFromAddrPort(netip.MustParseAddrPort("192.0.2.1:80"))
}

func (n *pipeNet) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case n.conns <- server:
		return client, nil
	case <-n.done:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// inMemory starts a server in memory and returns an HTTP client that reaches
// it under any address. Both end with the test.
func inMemory(t testing.TB, handler http.HandlerFunc) *http.Client {
	t.Helper()
	network := newPipeNet()
	var running sync.WaitGroup // the server and its handlers
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		running.Add(1)
		defer running.Done()
		handler(w, r)
	})}
	running.Go(func() { server.Serve(network) })
	transport := &http.Transport{DialContext: network.dial, DisableCompression: true}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		server.Close()
		running.Wait()
	})
	return &http.Client{Transport: transport}
}

// says is a handler that gives every request the same reply.
func says(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

// loopback starts a server on a real socket.
func loopback(t testing.TB, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server
}

// client returns a client of the provider "test" that closes with the test.
func client(t testing.TB, user *http.Client, limits llm.Limits) *Client {
	t.Helper()
	c := NewClient("test", user, limits)
	t.Cleanup(func() { c.Close() })
	return c
}

// post is a request such as a chat makes.
func post(url, body string) *Request {
	return &Request{
		Call:   &llm.Call{Op: llm.OpChat, Provider: "test", Model: "m"},
		Method: http.MethodPost, URL: url, Body: []byte(body),
		Header: http.Header{"Content-Type": {"application/json"}},
	}
}

const anyURL = "http://server.test/v1/chat/completions"

// refuse sends a request that must be refused and returns the error.
func refuse(t testing.TB, c *Client, req *Request) *llm.Error {
	t.Helper()
	return refuseIn(t.Context(), t, c, req)
}

func refuseIn(ctx context.Context, t testing.TB, c *Client, req *Request) *llm.Error {
	t.Helper()
	r, err := c.Do(ctx, req)
	if err == nil {
		r.Close()
		t.Fatalf("the request succeeded with status %d, want an error", r.Status())
	}
	return asLLM(t, err)
}

func asLLM(t testing.TB, err error) *llm.Error {
	t.Helper()
	e, ok := errors.AsType[*llm.Error](err)
	if !ok {
		t.Fatalf("the error is a %T, want an *llm.Error: %v", err, err)
	}
	return e
}

// readAll reads the body to its end through the reply, as a dialect does.
func readAll(r *Reply) (string, error) {
	var b strings.Builder
	if _, err := io.Copy(&b, r.Body()); err != nil {
		return b.String(), r.ReadError(err)
	}
	return b.String(), nil
}

// equal compares what there is with what there should be.
func equal(t testing.TB, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}
