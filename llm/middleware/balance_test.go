package middleware_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
	"github.com/parley-llm/parley/llm/middleware"
)

// backends returns a model that balances over one provider for each reply, and a function
// that returns the names of the called providers ("a", "b", "c" …) in order.
func backends(t *testing.T, b *middleware.Balance, replies ...llmtest.Reply) (model *llm.Model, called func() string) {
	t.Helper()
	var mu sync.Mutex
	var order strings.Builder
	for i, reply := range replies {
		name := string(rune('a' + i))
		p := llmtest.Always(reply).Named(name)
		noted := llm.WithMiddleware(llm.MiddlewareFunc(func(next llm.Handler) llm.Handler {
			return func(ctx context.Context, call *llm.Call) llm.Events {
				mu.Lock()
				defer mu.Unlock()
				order.WriteString(name)
				return next(ctx, call)
			}
		}))
		if len(b.Over) <= i {
			b.Over = append(b.Over, middleware.Backend{})
		}
		b.Over[i].Model = p.Model(noted)
	}
	return llmtest.New().Model(use(t, b)), func() string {
		mu.Lock()
		defer mu.Unlock()
		defer order.Reset()
		return order.String()
	}
}

func TestBalanceByWeight(t *testing.T) {
	hello := llmtest.Text("Hello")
	model, called := backends(t, &middleware.Balance{Over: []middleware.Backend{{Weight: 3}, {Weight: 1}}}, hello, hello)
	for range 8 {
		ask(t, model).want(t, "start text done", "")
	}
	equal(t, "who was called", called(), "aabaaaba")
}

func TestBalanceByCallsInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		model, called := backends(t, &middleware.Balance{Strategy: middleware.LeastInFlight},
			llmtest.Text("slow").Wait(time.Minute), llmtest.Text("fast").Wait(time.Second))
		var asked sync.WaitGroup
		for range 5 { // the first call to a is still running, so b gets the next ones
			asked.Go(func() { ask(t, model) })
			time.Sleep(2 * time.Second)
		}
		asked.Wait()
		equal(t, "who was called", called(), "abbbb")
	})
}

func TestBalanceGoesOnWhenRefused(t *testing.T) {
	for _, kind := range []llm.Kind{llm.RateLimited, llm.Overloaded, llm.Quota, llm.Auth, llm.Permission} {
		t.Run(string(kind), func(t *testing.T) {
			model, called := backends(t, &middleware.Balance{}, failure(kind), llmtest.Text("Hello"))
			ask(t, model).want(t, "attempt start text done", "")
			ask(t, model).want(t, "start text done", "") // a is cooling down
			equal(t, "who was called", called(), "abb")
		})
	}
	t.Run("not for what every backend would refuse", func(t *testing.T) {
		model, called := backends(t, &middleware.Balance{}, failure(llm.InvalidRequest), llmtest.Text("Hello"))
		ask(t, model).want(t, "", llm.InvalidRequest)
		equal(t, "who was called", called(), "a")
	})
	t.Run("each backend once", func(t *testing.T) {
		model, called := backends(t, &middleware.Balance{}, failure(llm.RateLimited), failure(llm.RateLimited))
		ask(t, model).want(t, "attempt", llm.RateLimited)
		equal(t, "who was called", called(), "ab")
		ask(t, model).want(t, "", llm.RateLimited) // all are in a cooldown: one of them is used anyway
		equal(t, "who was called then", called(), "a")
	})
}

func TestBalanceLeavesAFailingBackendAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		model, called := backends(t, &middleware.Balance{Failures: 2, Cooldown: 10 * time.Second}, failure(llm.Server), llmtest.Text("Hello"))
		for range 8 {
			ask(t, model)
		}
		equal(t, "who was called", called(), "ababbbbb")
		time.Sleep(10 * time.Second)
		for range 4 {
			ask(t, model)
		}
		if got := called(); !slices.Contains([]string{"abab", "baba"}, got) {
			t.Errorf("after the cooldown %q were called, want both in turn", got)
		}
	})
}

func TestBalanceWaitsAsLongAsTheServerAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limited := llmtest.Error(&llm.Error{Kind: llm.RateLimited, RetryAfter: time.Minute})
		model, called := backends(t, &middleware.Balance{Cooldown: time.Second}, limited, llmtest.Text("Hello"))
		ask(t, model)
		time.Sleep(59 * time.Second)
		ask(t, model)
		time.Sleep(2 * time.Second)
		ask(t, model)
		ask(t, model)
		equal(t, "who was called", strings.Count(called(), "a"), 2)
	})
}

func TestBalanceFreesABackendThatItsCallerLeftBeforeTheCall(t *testing.T) {
	for name, leave := range map[string]func(){
		"by leaving the loop": func() {},
		"by a panic":          func() { panic("the caller's own") },
	} {
		t.Run(name, func(t *testing.T) {
			model, called := backends(t, &middleware.Balance{Strategy: middleware.LeastInFlight, Cooldown: 1}, failure(llm.Auth), llmtest.Text("Hello"))
			func() {
				defer func() { recover() }()
				for range model.Stream(t.Context(), llm.Prompt("Hi")).Events() { // the first event reports that a refused
					leave()
					break
				}
			}()
			equal(t, "who was called", called(), "a")
			time.Sleep(time.Microsecond) // until the cooldown ends
			ask(t, model)
			if got := called(); !strings.HasPrefix(got, "b") {
				t.Errorf("%q were called, want b first: no call of it is under way, and it is its turn", got)
			}
		})
	}
}

func TestKeysRotateWhenRefused(t *testing.T) {
	for _, kind := range []llm.Kind{llm.Auth, llm.RateLimited, llm.Quota} {
		t.Run(string(kind), func(t *testing.T) {
			ring := &middleware.Keys{Keys: []llm.Secret{"bad", "good", "spare"}}
			var used []string
			p := llmtest.Always(llmtest.Func(func(ctx context.Context, call *llm.Call) llm.Events {
				key, err := ring.Token(ctx)
				if err != nil {
					t.Error(err)
				}
				used = append(used, key)
				reply := llmtest.Text("Hello")
				if key == "bad" {
					reply = failure(kind)
				}
				return llmtest.Always(reply).Do(ctx, call)
			}))
			model := p.Model(llm.WithMiddleware(ring))
			ask(t, model).want(t, "attempt start text done", "")
			ask(t, model).want(t, "start text done", "")
			ask(t, model).want(t, "start text done", "")
			equal(t, "the keys used", used[:2], []string{"bad", "good"})
			equal(t, "how often the bad key was used", strings.Count(strings.Join(used, " "), "bad"), 1)
			equal(t, "whether the spare key was used", slices.Contains(used, "spare"), true)
		})
	}
}

// An overload of the server affects all keys, so the other keys must not be tried.
func TestKeysAreNotToBlameForTheServer(t *testing.T) {
	for _, kind := range []llm.Kind{llm.Overloaded, llm.Server, llm.Network} {
		ring := &middleware.Keys{Keys: []llm.Secret{"a", "b", "c"}}
		p := llmtest.Always(failure(kind))
		ask(t, p.Model(llm.WithMiddleware(ring))).want(t, "", kind)
		equal(t, "the number of calls", len(p.Calls()), 1)
	}
}

func TestKeysNeedTheirMiddleware(t *testing.T) {
	ring := &middleware.Keys{Keys: []llm.Secret{"key"}}
	if _, err := ring.Token(t.Context()); llm.KindOf(err) != llm.Auth {
		t.Errorf("the error is %v, want one of kind %q", err, llm.Auth)
	}
}

// A key must only reach the provider that uses its Keys as token source.
func TestKeysOfDifferentProvidersAreSeparate(t *testing.T) {
	ring := func(key llm.Secret) *middleware.Keys {
		made := &middleware.Keys{Keys: []llm.Secret{key}}
		return made
	}
	ours, theirs := ring("ours"), ring("theirs")
	p := llmtest.Always(llmtest.Func(func(ctx context.Context, call *llm.Call) llm.Events {
		if key, err := ours.Token(ctx); key != "ours" || err != nil {
			t.Errorf("the ring's own key is %q, %v", key, err)
		}
		if key, err := theirs.Token(ctx); key != "" || llm.KindOf(err) != llm.Auth {
			t.Errorf("another ring has the key %q, %v", key, err)
		}
		return llmtest.Always(llmtest.Text("Hello")).Do(ctx, call)
	}))
	ask(t, p.Model(llm.WithMiddleware(ours))).want(t, "start text done", "")
}
