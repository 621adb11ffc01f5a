package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-llm/parley/llm"
)

// world is an environment for the program that records everything.
type world struct {
	env
	stdout, stderr buffer
	variables      map[string]string
	provider       *scripted
	terminals      []any // which of the three streams are terminals
}

func newWorld(stdin io.Reader, args ...string) *world {
	w := &world{variables: map[string]string{}, provider: newScripted()}
	w.env = env{
		args:       args,
		stdin:      stdin,
		stdout:     &w.stdout,
		stderr:     &w.stderr,
		getenv:     func(name string) string { return w.variables[name] },
		open:       w.openScripted,
		isTerminal: func(stream any) bool { return slices.Contains(w.terminals, stream) },
		interrupts: func() (<-chan os.Signal, func()) { return nil, func() {} },
	}
	return w
}

func (w *world) openScripted(name string) (*llm.Model, error) {
	provider, model, ok := strings.Cut(name, "/")
	if !ok || provider != w.provider.name {
		return nil, &llm.Error{Kind: llm.InvalidRequest, Message: fmt.Sprintf("there is no model %q", name)}
	}
	return llm.New(w.provider, model, llm.WithCloser(w.provider)), nil
}

// buffer is a bytes.Buffer that is safe for concurrent use.
type buffer struct {
	lock sync.Mutex
	data bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.lock.Lock()
	defer b.lock.Unlock()
	return b.data.Write(p)
}

func (b *buffer) String() string {
	b.lock.Lock()
	defer b.lock.Unlock()
	return b.data.String()
}

// session is a conversation at a terminal, in a synctest bubble.
type session struct {
	*world
	t        *testing.T
	screen   *buffer
	shown    int // how much of the screen has been looked at
	keyboard *io.PipeWriter
	pressed  chan os.Signal
	status   chan int
}

// converse starts the program at a terminal without colors and without a spinner, so that the
// screen has only text. Options can modify the world first.
func converse(t *testing.T, model string, options ...func(*world)) *session {
	t.Helper()
	stdin, keyboard := io.Pipe()
	s := &session{
		world:    newWorld(stdin, "-model", model),
		t:        t,
		screen:   new(buffer),
		keyboard: keyboard,
		pressed:  make(chan os.Signal, 1),
		status:   make(chan int, 1),
	}
	s.env.stdout, s.env.stderr = s.screen, s.screen
	s.terminals = []any{stdin, s.screen}
	s.variables["TERM"] = "dumb"
	s.env.interrupts = func() (<-chan os.Signal, func()) { return s.pressed, func() {} }
	for _, option := range options {
		option(s.world)
	}
	go func() { s.status <- run(context.Background(), s.env) }()
	synctest.Wait()
	s.see() // the greeting
	return s
}

// typing enters a line and returns the output of the next ten seconds.
func (s *session) typing(line string) string {
	s.t.Helper()
	if _, err := io.WriteString(s.keyboard, line+"\n"); err != nil {
		s.t.Fatal(err)
	}
	time.Sleep(10 * time.Second)
	synctest.Wait()
	return s.see()
}

// begin enters a line and waits until the program has read it.
func (s *session) begin(line string) {
	s.t.Helper()
	if _, err := s.keyboard.Write([]byte(line + "\n")); err != nil {
		s.t.Fatal(err)
	}
	synctest.Wait()
}

// interrupt presses Ctrl-C and returns the output.
func (s *session) interrupt() string {
	s.pressed <- os.Interrupt
	synctest.Wait()
	return s.see()
}

// see returns the new output without the prompt at its end.
func (s *session) see() string {
	all := s.screen.String()
	news := all[s.shown:]
	s.shown = len(all)
	return strings.TrimSuffix(news, promptFirst)
}

// leave presses Ctrl-D and returns the program's exit status.
func (s *session) leave() int {
	s.keyboard.Close()
	return <-s.status
}

// same reports the difference between two texts. Escape sequences are shown in readable form.
func same(t *testing.T, what, want, got string) {
	t.Helper()
	visible := strings.NewReplacer("\x1b", "␛", "\r", "␍")
	if d := cmp.Diff(visible.Replace(want), visible.Replace(got)); d != "" {
		t.Errorf("%s differs (-want +got):\n%s", what, d)
	}
}
