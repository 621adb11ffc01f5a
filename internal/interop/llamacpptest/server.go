// Package llamacpptest runs a real llama.cpp server for tests, llama-server,
// with one of the tiny models of package tinyllama.
//
// The program comes from Debian, whatever Debian the tests run on: see
// install.go. It starts in a moment, so that each test has one of its own.
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

// startLimit is for a server to load its model.
const startLimit = time.Minute

// Template is the chat template that the models are given, since their files
// have none. It ends in a newline, as scripted models want it.
const Template = "{%- for m in messages -%}\n<|{{ m.role }}|>\n{{ m.content }}\n{% endfor -%}\n" +
	"{%- if add_generation_prompt -%}\n<|assistant|>\n{% endif -%}"

// Server is a running server. Any number of goroutines may use it at once.
type Server struct {
	URL string // http://127.0.0.1:port

	process *exec.Cmd
	exited  chan struct{} // closed when the process has ended
	log     serverLog
}

// Start runs a server with the model of that name, for the duration of a test,
// with further arguments. If there are none, its chat template is [Template].
// It fetches the program if it was not before, and fails the test if that or the
// start does not succeed.
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
		// That it ends unasked shows in the tests.
		_ = p.Wait()
	}()
	t.Cleanup(func() {
		s.Kill()
		if t.Failed() {
			t.Logf("the log of llama.cpp's server:\n%s", s.log.String())
		}
	})
	if err := s.ready(t.Context()); err != nil {
		t.Fatalf("starting llama.cpp's server: %v", err)
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
	return "", fmt.Errorf("there is no model %q", name)
}

// Kill ends the server at once, as a crash would, and waits for that.
func (s *Server) Kill() {
	_ = s.process.Process.Kill() // it may have ended already
	<-s.exited
}

// ready waits until the server listens, which it says in its log, and answers.
func (s *Server) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	select {
	case s.URL = <-s.log.address:
	case <-s.exited:
		return errors.New("it ended by itself")
	case <-ctx.Done():
		return fmt.Errorf("it does not listen: %w", context.Cause(ctx))
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

// serverLog keeps what the server logs, and finds the address in it.
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
