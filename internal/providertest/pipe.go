package providertest

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"testing"
)

// PipeNet is an in-memory network with one server. Its pipes work with the fake clock of
// testing/synctest, and sockets do not.
type PipeNet struct {
	conns chan net.Conn
	done  chan struct{}
	close sync.Once
}

// NewPipeNet returns a network without a listening server.
func NewPipeNet() *PipeNet {
	return &PipeNet{conns: make(chan net.Conn), done: make(chan struct{})}
}

// Accept returns the server's end of the next connection.
func (n *PipeNet) Accept() (net.Conn, error) {
	select {
	case conn := <-n.conns:
		return conn, nil
	case <-n.done:
		return nil, net.ErrClosed
	}
}

// Close makes later calls of Dial and Accept fail.
func (n *PipeNet) Close() error {
	n.close.Do(func() { close(n.done) })
	return nil
}

// Addr returns an address reserved for documentation.
func (n *PipeNet) Addr() net.Addr {
	return net.TCPAddrFromAddrPort(netip.MustParseAddrPort("192.0.2.1:80"))
}

// Dial connects to the server. It ignores the address.
func (n *PipeNet) Dial(ctx context.Context, _, _ string) (net.Conn, error) {
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

// InMemory starts an in-memory server and returns an HTTP client that reaches it at any
// address. Both are closed when the test ends.
func InMemory(t testing.TB, handler http.HandlerFunc) *http.Client {
	t.Helper()
	network := NewPipeNet()
	var running sync.WaitGroup // the server and its handlers
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		running.Add(1)
		defer running.Done()
		handler(w, r)
	})}
	running.Go(func() { server.Serve(network) })
	transport := &http.Transport{DialContext: network.Dial, DisableCompression: true}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		server.Close()
		running.Wait()
	})
	return &http.Client{Transport: transport}
}
