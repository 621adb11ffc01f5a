// Package ollamatest runs a real Ollama server for tests, with the predefined models of
// package tinyllama.
//
// [Start] runs a separate server for one test. Starting a server and loading models take
// time, so most tests share a server: see [Shared].
package ollamatest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/parley-llm/parley/internal/interop/ollamabuild"
)

const (
	startLimit = time.Minute      // for a server to listen and to create the models
	stopLimit  = 10 * time.Second // for a server to end its runners and itself
)

// A Server is a running Ollama server with the predefined models of package tinyllama,
// under their names. It is safe for concurrent use, but each model answers one request at
// a time.
type Server struct {
	URL string // for example http://127.0.0.1:11434

	process *exec.Cmd
	exited  chan struct{} // closed when the process has ended
	log     *serverLog
	dir     string
}

// Start runs a server until the test ends. If the program is not in the cache, Start
// builds it first. If building or starting fails, the test fails. If the test fails
// later, it prints the server's log.
func Start(t testing.TB) *Server {
	t.Helper()
	s, err := start(t.Context(), t.Output())
	if err != nil {
		t.Fatal(err)
	}
	s.showLogOnFailure(t)
	t.Cleanup(func() {
		if err := s.stop(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// showLogOnFailure prints the log from now until the end of the test if the test fails.
func (s *Server) showLogOnFailure(t testing.TB) {
	from := s.log.len()
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the Ollama server's log:\n%s", s.log.since(from))
		}
	})
}

// start builds and runs Ollama and creates the models. The output of the build goes to
// buildLog.
func start(ctx context.Context, buildLog io.Writer) (*Server, error) {
	program, err := ollamabuild.Program(ctx, buildLog)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "ollamatest-")
	if err != nil {
		return nil, err
	}
	s := &Server{exited: make(chan struct{}), log: newServerLog(), dir: dir}
	if err := s.run(program); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	err = s.ready(ctx)
	if err == nil {
		err = s.loadModels(ctx)
	}
	if err != nil {
		err = errors.Join(err, s.stop())
		return nil, fmt.Errorf("start Ollama: %w\nits log:\n%s", err, s.log.since(0))
	}
	return s, nil
}

// run starts the process on a free port.
func (s *Server) run(program string) error {
	p := exec.Command(program, "serve")
	p.Dir = s.dir
	p.Env = []string{
		"PATH=" + os.Getenv("PATH"),
		"HOME=" + s.dir, // for its key pair
		"TMPDIR=" + s.dir,
		"OLLAMA_MODELS=" + filepath.Join(s.dir, "models"),
		"OLLAMA_HOST=127.0.0.1:0",
		"OLLAMA_NO_CLOUD=1",
	}
	p.Stdout, p.Stderr = s.log, s.log
	p.SysProcAttr = processAttributes()
	p.WaitDelay = stopLimit // a runner that outlives the server keeps its output open
	if err := p.Start(); err != nil {
		return err
	}
	s.process = p
	go func() {
		defer close(s.exited)
		// The exit status does not matter. If the server ends too early, the tests fail.
		_ = p.Wait()
	}()
	return nil
}

// ready waits until the server answers.
func (s *Server) ready(ctx context.Context) error {
	select {
	case address := <-s.log.address:
		s.URL = "http://" + address
	case <-s.exited:
		return fmt.Errorf("the server ended unexpectedly: %v", s.process.ProcessState)
	case <-ctx.Done():
		return fmt.Errorf("the server does not listen: %w", context.Cause(ctx))
	}
	// The server already listens, so the request waits for the answer.
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/api/version", nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("GET /api/version: %s", response.Status)
	}
	return nil
}

// KillRunners kills the processes that run models, as in a crash, and returns their
// number. It works only on Linux.
func (s *Server) KillRunners() (int, error) {
	runners, err := s.runners()
	if err != nil {
		return 0, err
	}
	for _, pid := range runners {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			return 0, fmt.Errorf("kill runner %d: %w", pid, err)
		}
	}
	return len(runners), nil
}

// stop ends the server and its child processes, and removes its files.
func (s *Server) stop() error {
	// On SIGTERM the server ends its runners first. The rest of the process group is
	// killed.
	_ = s.process.Process.Signal(syscall.SIGTERM)
	var err error
	select {
	case <-s.exited:
	case <-time.After(stopLimit):
		err = fmt.Errorf("the Ollama server did not end within %v of SIGTERM", stopLimit)
	}
	_ = syscall.Kill(-s.process.Process.Pid, syscall.SIGKILL)
	<-s.exited
	return errors.Join(err, os.RemoveAll(s.dir))
}
