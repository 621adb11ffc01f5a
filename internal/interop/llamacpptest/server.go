// Package llamacpptest runs a real llama.cpp server, llama-server, for tests. It serves
// one of the predefined models of package tinyllama.
//
// The program is a Debian package, and works on every release of Debian: see install.go.
// It starts within a moment, so that each test uses a separate server.
package llamacpptest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/parley-llm/parley/internal/tinyllama"
)

// startLimit is the time limit for loading the model.
const startLimit = time.Minute

// Template is the default chat template, because the model files contain none. It ends in
// a newline, because scripted models require it.
const Template = "{%- for m in messages -%}\n<|{{ m.role }}|>\n{{ m.content }}\n{% endfor -%}\n" +
	"{%- if add_generation_prompt -%}\n<|assistant|>\n{% endif -%}"

// Server is a running server. It is safe for concurrent use.
type Server struct {
	URL string // for example http://127.0.0.1:8080

	process *exec.Cmd
	exited  chan struct{} // closed when the process has ended
	log     serverLog
}

// Start runs a server with the model of the given name until the test ends. args are
// additional arguments of the program; without any, the chat template is [Template]. If
// the program is not in the cache, Start downloads it first. If downloading or starting
// fails, the test fails.
func Start(t testing.TB, model string, args ...string) *Server {
	t.Helper()
	program, err := install(t.Context(), t.Output())
	if err != nil {
		t.Fatal(err)
	}
	file, err := modelFile(t, model)
	if err != nil {
		t.Fatal(err)
	}
	if len(args) == 0 {
		args = []string{"--chat-template", Template}
	}
	s := &Server{exited: make(chan struct{})}
	s.log.address = make(chan string, 1)
	p := exec.Command(program.loader, append([]string{"--library-path", program.libraries, program.program,
		"-m", file, "--alias", model, "--host", "127.0.0.1", "--port", "0", "-c", "2048", "-t", "1", "--slots", "--jinja"}, args...)...)
	p.Dir = t.TempDir()
	p.Env = []string{"HOME=" + p.Dir, "GGML_BACKEND_PATH=" + program.backend, "LLAMA_OFFLINE=1"}
	p.Stdout, p.Stderr = &s.log, &s.log
	p.SysProcAttr = processAttributes()
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	s.process = p
	go func() {
		defer close(s.exited)
		// If the server ends too early, the tests fail.
		_ = p.Wait()
	}()
	t.Cleanup(func() {
		s.Kill()
		if t.Failed() {
			t.Logf("the log of llama.cpp's server:\n%s", s.log.String())
		}
	})
	if err := s.ready(t.Context()); err != nil {
		t.Fatalf("start llama.cpp's server: %v", err)
	}
	return s
}

// modelFile writes the model to a file.
func modelFile(t testing.TB, name string) (string, error) {
	for _, m := range tinyllama.Ready() {
		if m.Name != name {
			continue
		}
		data, err := m.File()
		if err != nil {
			return "", err
		}
		path := filepath.Join(t.TempDir(), name+".gguf")
		return path, os.WriteFile(path, data, 0o644)
	}
	return "", fmt.Errorf("unknown model %q", name)
}

// Kill ends the server immediately, as in a crash, and waits until it has ended.
func (s *Server) Kill() {
	_ = s.process.Process.Kill() // it may have ended already
	<-s.exited
}

// ready waits until the server's log contains the address and the server answers.
func (s *Server) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	select {
	case s.URL = <-s.log.address:
	case <-s.exited:
		return errors.New("the server ended unexpectedly")
	case <-ctx.Done():
		return fmt.Errorf("the server does not listen: %w", context.Cause(ctx))
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/health", nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("GET /health: %s", response.Status)
	}
	return nil
}

// serverLog keeps the output of the server and finds the server's address in it.
type serverLog struct {
	mu      sync.Mutex
	text    bytes.Buffer
	found   bool
	address chan string
}

var listening = regexp.MustCompile(`listening on (http://127\.0\.0\.1:[1-9]\d*)\s`)

func (l *serverLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text.Write(p)
	if m := listening.FindSubmatch(l.text.Bytes()); m != nil && !l.found {
		l.found = true
		l.address <- string(m[1])
	}
	return len(p), nil
}

func (l *serverLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
