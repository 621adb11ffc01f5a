package middleware_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
	"github.com/parley-llm/parley/llm/middleware"
)

// TestNoToolRunsTwice puts a middleware that runs a tool inside of each piece that repeats
// calls. The first model call returns a tool call, and the second one fails.
func TestNoToolRunsTwice(t *testing.T) {
	for name, outer := range map[string]func() piece{
		"Retry": func() piece { return &middleware.Retry{} },
		"Fallback": func() piece {
			return &middleware.Fallback{To: []middleware.FallbackTarget{{Model: llmtest.New(llmtest.Text("other")).Model()}}}
		},
		"Hedge":  func() piece { return &middleware.Hedge{Initial: time.Millisecond, MaxShare: 1} },
		"Resume": func() piece { return &middleware.Resume{} },
	} {
		for _, buffered := range []bool{true, false} {
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					var ran atomic.Int32
					loop := llm.MiddlewareFunc(func(next llm.Handler) llm.Handler {
						return func(ctx context.Context, call *llm.Call) llm.Events {
							return func(yield func(llm.Event, error) bool) {
								tool := llm.ToolCall{ID: "1", Name: "pay", Arguments: "{}"}
								if !yield(llm.Event{Type: llm.EventToolStart, Detail: &tool}, nil) {
									return
								}
								ran.Add(1)
								next(ctx, call)(yield)
							}
						}
					})
					p := llmtest.Always(failure(llm.Overloaded))
					model := p.Model(use(t, outer()), llm.WithMiddleware(loop))
					var err error
					if buffered {
						_, err = model.Generate(t.Context(), llm.Prompt("hi"))
					} else {
						for _, e := range model.Stream(t.Context(), llm.Prompt("hi")).Events() {
							err = e
						}
					}
					if llm.KindOf(err) != llm.Overloaded {
						t.Errorf("the error is %v, want the server's", err)
					}
					if n := ran.Load(); n != 1 {
						t.Errorf("the tool ran %d times with buffered %v", n, buffered)
					}
				})
			})
		}
	}
}
