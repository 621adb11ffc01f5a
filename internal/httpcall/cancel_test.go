package httpcall

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-llm/parley/internal/providertest"
	"github.com/parley-llm/parley/llm"
)

var errUserLeft = errors.New("the user closed the window")

// stops are the ways in which a caller can end a call, and the expected errors.
var stops = []struct {
	name    string
	after   func(ctx context.Context, d time.Duration) (context.Context, func())
	kind    llm.Kind
	message string
	matches []error
}{
	{
		"cancelled",
		func(ctx context.Context, d time.Duration) (context.Context, func()) {
			ctx, cancel := context.WithCancel(ctx)
			time.AfterFunc(d, cancel)
			return ctx, cancel
		},
		llm.Canceled, "the caller canceled the call", []error{context.Canceled},
	},
	{
		"cancelled with a cause",
		func(ctx context.Context, d time.Duration) (context.Context, func()) {
			ctx, cancel := context.WithCancelCause(ctx)
			time.AfterFunc(d, func() { cancel(errUserLeft) })
			return ctx, func() { cancel(nil) }
		},
		llm.Canceled, "the caller canceled the call: the user closed the window", []error{context.Canceled, errUserLeft},
	},
	{
		"the deadline passed",
		func(ctx context.Context, d time.Duration) (context.Context, func()) {
			return context.WithTimeout(ctx, d)
		},
		llm.Timeout, "the caller's deadline passed", []error{context.DeadlineExceeded},
	},
	{
		"the deadline passed, with a cause of a kind",
		func(ctx context.Context, d time.Duration) (context.Context, func()) {
			return context.WithTimeoutCause(ctx, d, &llm.Error{Kind: llm.Quota, Message: "the budget of time is spent"})
		},
		llm.Quota, "the budget of time is spent", []error{context.DeadlineExceeded},
	},
}

func TestCallerEndsCall(t *testing.T) {
	hang := func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	}
	for _, phase := range []struct {
		name    string
		handler http.HandlerFunc
		status  int
	}{
		{"while the headers do not come", hang, 0},
		{"while the body does not come", func(w http.ResponseWriter, r *http.Request) { piece(w, ""); hang(w, r) }, 200},
		{"in the middle of the body", func(w http.ResponseWriter, r *http.Request) { piece(w, "one "); hang(w, r) }, 200},
		{"in the middle of a refusal", func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(500)
			io.WriteString(w, "one ")
			w.(http.Flusher).Flush()
			hang(w, r)
		}, 0},
	} {
		for _, stop := range stops {
			t.Run(phase.name+": "+stop.name, func(t *testing.T) {
				inBubble(t, llm.Limits{}, phase.handler, func(t *testing.T, c *Client) {
					begun := time.Now()
					ctx, cancel := stop.after(t.Context(), time.Second)
					defer cancel()
					r, err := c.Do(ctx, post(anyURL, "{}"))
					if err == nil {
						defer r.Close()
						_, err = readAll(r)
					}
					e := asLLM(t, err)
					equal(t, "time until the error", time.Since(begun), time.Second)
					equal(t, "kind", e.Kind, stop.kind)
					equal(t, "message", e.Message, stop.message)
					for _, target := range stop.matches {
						if !errors.Is(e, target) {
							t.Errorf("the error %v does not match %v", e, target)
						}
					}
					if phase.status != 0 {
						equal(t, "status", e.Status, phase.status)
					}
				})
			})
		}
	}
}

func TestCallerCancelsWhileConnecting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := providertest.NewPipeNet() // without a server
		defer network.Close()
		transport := &http.Transport{DialContext: network.Dial}
		c := client(t, &http.Client{Transport: transport}, llm.Limits{})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begun := time.Now()
		e := refuseIn(ctx, t, c, post(anyURL, "{}"))
		equal(t, "kind", e.Kind, llm.Timeout)
		equal(t, "time until the error", time.Since(begun), time.Second)
		if !errors.Is(e, context.DeadlineExceeded) {
			t.Errorf("the error %v does not match the context's", e)
		}
	})
}

func TestCanceledCallIsNotSent(t *testing.T) {
	c := client(t, inMemory(t, func(http.ResponseWriter, *http.Request) { t.Error("the request was sent") }), llm.Limits{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	e := refuseIn(ctx, t, c, post(anyURL, "{}"))
	equal(t, "kind", e.Kind, llm.Canceled)
	if !errors.Is(e, context.Canceled) {
		t.Errorf("the error %v does not match context.Canceled", e)
	}
}

func TestCallerEndsCallDuringTokenSource(t *testing.T) {
	for _, stop := range stops {
		t.Run(stop.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, end := stop.after(t.Context(), time.Second)
				defer end()
				_, err := client(t, nil, llm.Limits{}).Token(ctx, &llm.Call{}, func(ctx context.Context) (string, error) {
					<-ctx.Done()
					return "", ctx.Err()
				})
				e := asLLM(t, err)
				equal(t, "kind", e.Kind, stop.kind)
				for _, match := range stop.matches {
					if !errors.Is(err, match) {
						t.Errorf("the error does not match %v: %v", match, err)
					}
				}
			})
		})
	}
}

// TestBodyThatIgnoresContext uses transports whose bodies end only when they are closed.
func TestBodyThatIgnoresContext(t *testing.T) {
	for _, status := range []int{200, 500} {
		for _, limits := range []llm.Limits{{}, {FirstEvent: time.Second}} {
			synctest.Test(t, func(t *testing.T) {
				user := &http.Client{Transport: providertest.RoundTrip(func(*http.Request) (*http.Response, error) {
					resp := providertest.Respond(status, "application/json", nil)
					resp.Body, _ = io.Pipe()
					return resp, nil
				})}
				ctx, cancel := t.Context(), context.CancelFunc(func() {})
				if limits.FirstEvent == 0 {
					ctx, cancel = context.WithTimeout(ctx, time.Second)
				}
				defer cancel()
				begun := time.Now()
				r, err := client(t, user, limits).Do(ctx, post(anyURL, "{}"))
				if err == nil {
					defer r.Close()
					_, err = readAll(r)
				}
				if waited := time.Since(begun); err == nil || waited > 3*time.Second {
					t.Errorf("status %d: error %v after %v", status, err, waited)
				}
			})
		}
	}
}
