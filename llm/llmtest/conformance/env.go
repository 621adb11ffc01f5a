package conformance

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
)

// env is the environment of a check: a server, and a provider that talks to it. At the end of
// the check it fails the test if goroutines or connections are left.
type env struct {
	testing.TB
	suite    *Suite
	srv      *llmtest.Server
	provider llm.Provider
}

// setup returns an env with connections in memory.
func (s *Suite) setup(t testing.TB, replies ...llmtest.HTTPReply) *env {
	t.Helper()
	return s.setupWith(t, llmtest.NewServer(t, replies...))
}

func (s *Suite) setupWith(t testing.TB, srv *llmtest.Server) *env {
	t.Helper()
	e := &env{TB: t, suite: s, srv: srv}
	group := labelGoroutines()
	t.Cleanup(func() {
		group.unlabel()
		if c, ok := e.provider.(io.Closer); ok {
			if err := c.Close(); err != nil {
				t.Errorf("the provider's Close fails: %v", err)
			}
		}
		srv.Client().CloseIdleConnections()
		e.wantClosed("after the check, with idle connections closed")
		if left := group.wait(s.wait()); left != "" {
			t.Errorf("goroutines that the provider started are left after the check:\n%s", left)
		}
	})
	e.provider = s.open(t, srv.URL, srv.Client())
	if e.provider == nil {
		t.Fatal("the Suite made no provider")
	}
	return e
}

// setupHurried is like setup, for checks whose call may end before there is a connection. It
// disables keep-alive, because net/http would keep the late connection for the next call.
func (s *Suite) setupHurried(t testing.TB, replies ...llmtest.HTTPReply) *env {
	t.Helper()
	srv := llmtest.NewServer(t, replies...)
	srv.Client().Transport.(*http.Transport).DisableKeepAlives = true
	return s.setupWith(t, srv)
}

// onLoopback reports whether the server's connections are sockets.
func (e *env) onLoopback() bool { return strings.HasPrefix(e.srv.URL, "http://127.0.0.1:") }

// wantClosed waits until the server has no open connection.
func (e *env) wantClosed(when string) {
	e.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), e.suite.wait())
	defer cancel()
	if err := e.srv.WaitClosed(ctx); err != nil {
		e.Errorf("%s, the provider keeps a connection open: %v", when, err)
	}
}

// wantStalled waits until the reply of the server stalls.
func (e *env) wantStalled() {
	e.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), e.suite.wait())
	defer cancel()
	if err := e.srv.WaitStalled(ctx); err != nil {
		e.Fatalf("the provider has not made its request within %v: %v", e.suite.wait(), err)
	}
}

// chat returns a call with a short conversation.
func (e *env) chat() *llm.Call {
	return &llm.Call{Op: llm.OpChat, Provider: e.provider.Name(), Model: e.suite.model(), Request: llm.Prompt("Hello?")}
}

func (e *env) nonStreaming() *llm.Call {
	call := e.chat()
	call.Request.NonStreaming = true
	return call
}

// ask makes the call and returns the response and the error. With an error, the response is
// partial. ask fails the test if the events break a rule.
func (e *env) ask(call *llm.Call) (*llm.Response, *llm.Error) {
	e.Helper()
	ctx, inTime := e.bounded()
	resp, err := e.askWith(ctx, call)
	if !inTime() {
		e.Fatalf("the provider has not come to an end within %v, and then: %v", e.suite.wait(), err)
	}
	return resp, err
}

// bounded returns a context for a call that should end without being canceled. The context is
// still active after the call, so that its end does not hide leaks. If the call takes too
// long, the context is canceled, the connections are closed, and inTime returns false.
func (e *env) bounded() (ctx context.Context, inTime func() bool) {
	ctx, cancel := context.WithCancel(context.Background())
	tooLate := time.AfterFunc(e.suite.wait(), func() {
		cancel()
		e.srv.CloseClientConnections()
	})
	return ctx, tooLate.Stop
}

func (e *env) askWith(ctx context.Context, call *llm.Call) (*llm.Response, *llm.Error) {
	e.Helper()
	return e.askWatching(ctx, call, func(llm.Event) {})
}

// askWatching is like askWith, and passes each event to watch.
func (e *env) askWatching(ctx context.Context, call *llm.Call, watch func(llm.Event)) (*llm.Response, *llm.Error) {
	e.Helper()
	rules := &rules{t: e.TB, provider: e.provider.Name()}
	var events []llm.Event
	var last error
	e.provider.Do(ctx, call)(func(ev llm.Event, err error) bool {
		rules.check(ev, err)
		if err != nil {
			last = err
		} else {
			events = append(events, ev)
			watch(ev)
		}
		return true
	})
	rules.end()
	resp, err := llm.Collect(func(yield func(llm.Event, error) bool) {
		for _, ev := range events {
			if !yield(ev, nil) {
				return
			}
		}
		if last != nil {
			yield(llm.Event{}, last)
		}
	})
	if err == nil {
		return resp, nil
	}
	return resp, asError(err)
}

// mustAnswer makes the call and checks that the answer has the content of the reply.
func (e *env) mustAnswer(call *llm.Call, reply llmtest.Reply) *llm.Response {
	e.Helper()
	resp, err := e.ask(call)
	if err != nil {
		e.Fatalf("the server answered well, and the provider fails: %v\nit was to answer: %s", err, describe(wanted(reply)))
	}
	e.compare(resp, reply)
	return resp
}

// mustFail makes the call and checks the kind of its error.
func (e *env) mustFail(call *llm.Call, kinds ...llm.Kind) (*llm.Response, *llm.Error) {
	e.Helper()
	resp, err := e.ask(call)
	if err == nil {
		e.Fatalf("the provider reports success, want an error of kind %s; its answer: %s", oneOf(kinds), describe(resp))
	}
	e.wantKind(err, kinds...)
	return resp, err
}

func (e *env) wantKind(err error, kinds ...llm.Kind) {
	e.Helper()
	for _, kind := range kinds {
		if errors.Is(err, kind) {
			return
		}
	}
	e.Fatalf("the error is of kind %q, want %s: %v", llm.KindOf(err), oneOf(kinds), err)
}
