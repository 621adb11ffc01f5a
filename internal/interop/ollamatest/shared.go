package ollamatest

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"
)

// Shared is one server for all tests of a package, started by the first that
// asks for it. The zero value is ready to use:
//
//	var ollama ollamatest.Shared
//
//	func TestMain(m *testing.M) { os.Exit(ollama.Main(m)) }
//
//	func TestChat(t *testing.T) {
//		server := ollama.Server(t)
//		…
type Shared struct {
	mu     sync.Mutex
	inMain bool
	server *Server
	err    error // why there is no server
}

// Main runs the tests, stops the server if one was started, and returns the
// status to exit with.
func (s *Shared) Main(m *testing.M) int {
	s.mu.Lock()
	s.inMain = true
	s.mu.Unlock()

	status := m.Run()

	s.mu.Lock()
	defer s.mu.Unlock()
	if s.server != nil {
		if err := s.server.stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			status = max(status, 1)
		}
	}
	return status
}

// Server returns the server, and fails the test if there cannot be one. If the
// test fails, what the server logged meanwhile becomes part of its output.
func (s *Shared) Server(t testing.TB) *Server {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.inMain {
		t.Fatal("TestMain of this package does not call Main of its ollamatest.Shared, so nothing would stop the server")
	}
	if s.server == nil && s.err == nil {
		// The server outlives this test, so it must not end with the test's context.
		s.server, s.err = start(context.WithoutCancel(t.Context()), t.Output())
	}
	if s.err != nil {
		t.Fatal(s.err)
	}
	s.server.showLogOnFailure(t)
	return s.server
}
