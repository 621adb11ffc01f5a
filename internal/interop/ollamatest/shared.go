package ollamatest

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"
)

// Shared is one server for all tests of a package. The first test that needs it starts
// it. The zero value is ready to use:
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
	err    error // error that prevented the start
}

// Main runs the tests and stops the server if it was started. It returns the exit status.
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

// Server returns the server, and starts it if necessary. If starting fails, the test
// fails. If the test fails later, it prints the server's log.
func (s *Shared) Server(t testing.TB) *Server {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.inMain {
		t.Fatal("the server would not be stopped: call Main of the ollamatest.Shared in TestMain")
	}
	if s.server == nil && s.err == nil {
		// The server must outlive this test, so it does not use the test's context.
		s.server, s.err = start(context.WithoutCancel(t.Context()), t.Output())
	}
	if s.err != nil {
		t.Fatal(s.err)
	}
	s.server.showLogOnFailure(t)
	return s.server
}
