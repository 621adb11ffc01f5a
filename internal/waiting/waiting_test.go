package waiting_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/middleware"
	"github.com/parley-llm/parley/providers/openai"
)

// step is a read of a body: it waits, and then returns the text. Without a text, it ends the
// body.
type step struct {
	wait time.Duration
	text string
}

// body is a reply whose reads take the time of its steps.
type body struct {
	ctx   context.Context
	steps []step
}

func (b *body) Read(p []byte) (int, error) {
	next := b.steps[0]
	b.steps = b.steps[1:]
	if err := sleep(b.ctx, next.wait); err != nil {
		return 0, err
	}
	if next.text == "" {
		return 0, io.EOF
	}
	return copy(p, next.text), nil
}

func (b *body) Close() error { return nil }

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// server replies to every request with the steps.
type server []step

func (s server) RoundTrip(r *http.Request) (*http.Response, error) {
	header := http.Header{"Content-Type": {"text/event-stream"}}
	return &http.Response{StatusCode: http.StatusOK, Header: header, Body: &body{r.Context(), s}, Request: r, ProtoMajor: 1, ContentLength: -1}, nil
}

const (
	idle  = 4 * time.Second
	event = `data: {"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":null}]}` + "\n\n"
	ended = `data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}` + "\n\ndata: [DONE]\n\n"
)

// An idle limit counts the time of reads, and neither the caller's time nor that of events
// that have been read before.
func TestIdleLimitCountsTheReads(t *testing.T) {
	var burst = strings.Repeat(event, 20)
	atOnce := func(ctx context.Context, events int) error { return nil }
	for _, tt := range []struct {
		name    string
		server  server
		caller  time.Duration                               // for each event with text
		between func(ctx context.Context, events int) error // inside the limit, before each event
		atEnd   time.Duration                               // inside the limit, after the reply
		least   time.Duration
		most    time.Duration
		fails   bool
	}{
		{"reads in time", server{{0, burst}, {3 * time.Second, burst}, {3 * time.Second, ended}, {}}, 0, atOnce, 0, 6 * time.Second, 6 * time.Second, false},
		{"silence after a burst", server{{0, burst}, {time.Minute, ended}, {}}, 0, atOnce, 0, idle, idle, true},
		{"a slow caller", server{{0, burst}, {3 * time.Second, ended}, {}}, time.Second, atOnce, 0, 23 * time.Second, 23 * time.Second, false},
		{"a slow caller, and then silence", server{{0, burst}, {time.Minute, ended}, {}}, 3 * time.Second, atOnce, 0, 64 * time.Second, 64 * time.Second, true},
		{"silence in an event", server{{0, burst}, {3 * time.Second, event[:20]}, {3 * time.Second, event[20:]}, {}}, 0, atOnce, 0, idle, idle, true},
		{"middleware that waits after the reply", server{{0, burst}, {3 * time.Second, ""}}, 0, atOnce, time.Minute, idle, idle, true},
		{"middleware that waits between events", server{{0, burst}, {}}, 0, func(ctx context.Context, events int) error {
			if events == 10 {
				return sleep(ctx, time.Minute)
			}
			return nil
		}, 0, idle, 2 * idle, true}, // no read begins, so the limit is up to twice as long
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p, err := openai.New(openai.Config{APIKey: "k", HTTPClient: &http.Client{Transport: tt.server}})
				if err != nil {
					t.Fatal(err)
				}
				slow := llm.MiddlewareFunc(func(next llm.Handler) llm.Handler {
					return func(ctx context.Context, call *llm.Call) llm.Events {
						return func(yield func(llm.Event, error) bool) {
							n := 0
							for ev, err := range next(ctx, call) {
								if err != nil && tt.atEnd > 0 {
									err = errors.Join(err, sleep(ctx, tt.atEnd))
								}
								if failed := tt.between(ctx, n); failed != nil {
									yield(llm.Event{}, failed)
									return
								}
								if n++; !yield(ev, err) {
									return
								}
							}
						}
					}
				})
				model := llm.New(p, "m", llm.WithMiddleware(&middleware.Timeout{Idle: idle}, slow))
				begin := time.Now()
				var failure error
				for text, err := range model.Stream(t.Context(), llm.Prompt("Hi")).Text() {
					if failure = err; text != "" {
						time.Sleep(tt.caller)
					}
				}
				if took := time.Since(begin); took < tt.least || took > tt.most {
					t.Errorf("the call took %v, want %v to %v", took, tt.least, tt.most)
				}
				if timeout := errors.Is(failure, llm.Timeout); timeout != tt.fails {
					t.Errorf("the error is %v, want a timeout: %v", failure, tt.fails)
				}
			})
		})
	}
}
