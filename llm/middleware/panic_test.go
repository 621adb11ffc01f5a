package middleware_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
	"github.com/parley-llm/parley/llm/middleware"
)

// errBug is the value of the panics in these tests.
var errBug = errors.New("a bug in a hook")

// doing returns middleware that runs a hook before each call, after a wait.
func doing(after time.Duration, hook func()) llm.ModelOption {
	return llm.WithMiddleware(llm.MiddlewareFunc(func(next llm.Handler) llm.Handler {
		return func(ctx context.Context, call *llm.Call) llm.Events {
			return func(yield func(llm.Event, error) bool) {
				time.Sleep(after)
				hook()
				next(ctx, call)(yield)
			}
		}
	}))
}

// recovered makes a call and returns the panic that reached its caller.
func recovered(ask func() heard) (h heard, value any) {
	defer func() { value = recover() }()
	return ask(), nil
}

// wantBug checks that a panic comes from the hook and has the stack of the hook.
func wantBug(t *testing.T, value any) {
	t.Helper()
	err, ok := value.(error)
	if !ok || !errors.Is(err, errBug) || !strings.Contains(err.Error(), "panic_test.go") {
		t.Errorf("the panic is %v, want one of %q with its stack", value, errBug)
	}
}

func TestPanicInsideOfHedgeIsItsCallers(t *testing.T) {
	bug := func() { panic(errBug) }
	for _, tt := range []struct {
		name string
		hook func(n int) // runs a second after the start of the n-th request
		took time.Duration
	}{
		{"of a call alone", func(int) { bug() }, time.Second},
		{"of the first of two", func(n int) {
			if n == 1 {
				time.Sleep(time.Minute)
				bug()
			}
			time.Sleep(time.Hour)
		}, time.Minute + time.Second},
		{"of the second of two", func(n int) {
			if n == 2 {
				bug()
			}
			time.Sleep(time.Minute)
		}, time.Minute + time.Second}, // until the first request, which sleeps, has ended
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var n atomic.Int64
				hook := doing(time.Second, func() { tt.hook(int(n.Add(1))) })
				model := llmtest.Always(llmtest.Text("Hello")).Model(use(t, &middleware.Hedge{Initial: 2 * time.Second, MaxShare: 1}), hook)
				_, value := recovered(func() heard { return ask(t, model) })
				wantBug(t, value)
			})
		})
	}
}

// A hook can end its goroutine, as testing.T.FailNow does. It is not the goroutine of the
// caller.
func TestGoexitInsideOfHedgeIsAPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		model := llmtest.Always(llmtest.Text("Hello")).Model(use(t, another(always)), doing(0, runtime.Goexit))
		_, value := recovered(func() heard { return ask(t, model) })
		if err, ok := value.(error); !ok || !strings.Contains(err.Error(), "runtime.Goexit") {
			t.Errorf("the panic is %v, want one that names runtime.Goexit", value)
		}
	})
}

func TestPanicInsideOfCacheIsItsFirstCallersAndHangsNobody(t *testing.T) {
	for name, hook := range map[string]func(){"panic": func() { panic(errBug) }, "Goexit": runtime.Goexit} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				broken := true
				p := llmtest.Always(llmtest.Text("Hello"))
				model := p.Model(use(t, &middleware.Cache{Sampled: true}), doing(time.Second, func() {
					if broken {
						hook()
					}
				}))
				var calls sync.WaitGroup
				for n := range 3 {
					calls.Go(func() {
						h, value := recovered(func() heard { return ask(t, model) })
						switch {
						case n == 0 && name == "panic":
							wantBug(t, value)
						case n == 0:
							if value == nil {
								t.Error("the first caller has no panic")
							}
						case value != nil || llm.KindOf(h.err) != "" || h.err == nil || h.took != time.Second:
							t.Errorf("an equal call has the error %v and the panic %v after %v, want an error without a kind after 1s", h.err, value, h.took)
						case name == "panic" && !errors.Is(h.err, errBug):
							t.Errorf("the error %v of an equal call does not match the panic", h.err)
						}
					})
					synctest.Wait()
				}
				calls.Wait()
				broken = false
				ask(t, model).want(t, "start text done", "") // nothing was stored
			})
		})
	}
}

// The first caller receives a panic after the end, as any other. An identical call has its
// complete answer by then, and receives no error.
func TestPanicAfterTheEndOfACachedCallIsItsFirstCallers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		late := llm.WithMiddleware(llm.MiddlewareFunc(func(next llm.Handler) llm.Handler {
			return func(ctx context.Context, call *llm.Call) llm.Events {
				return func(yield func(llm.Event, error) bool) {
					next(ctx, call)(yield)
					panic(errBug)
				}
			}
		}))
		model := llmtest.Always(llmtest.Text("Hello").Wait(time.Second)).Model(use(t, &middleware.Cache{Sampled: true}), late)
		var calls sync.WaitGroup
		for n := range 2 {
			calls.Go(func() {
				h, value := recovered(func() heard { return ask(t, model) })
				if n == 0 {
					wantBug(t, value)
					return
				}
				h.want(t, "start text done", "")
			})
			synctest.Wait()
		}
		calls.Wait()
	})
}

// A hook that panics when its call is cancelled because the caller stopped reading.
func TestPanicAtTheEndOfACachedCallIsOfWhoLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := llmtest.Always(llmtest.Func(func(ctx context.Context, _ *llm.Call) llm.Events {
			return func(yield func(llm.Event, error) bool) {
				yield(llm.Event{Type: llm.EventText, Text: "Hel"}, nil)
				<-ctx.Done()
				panic(errBug)
			}
		}))
		model := p.Model(use(t, &middleware.Cache{Sampled: true}))
		_, value := recovered(func() heard {
			for range model.Stream(t.Context(), llm.Prompt("Hi")).Events() {
				break
			}
			return heard{}
		})
		wantBug(t, value)
	})
}
