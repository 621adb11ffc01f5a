package middleware_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
	"github.com/parley-llm/parley/llm/middleware"
	"github.com/parley-llm/parley/llm/middleware/store"
)

// brokenStore is a store that is unavailable.
type brokenStore struct{}

var errAway = errors.New("connection refused")

func (brokenStore) Get(context.Context, string) ([]byte, error)              { return nil, errAway }
func (brokenStore) Set(context.Context, string, []byte, time.Duration) error { return errAway }
func (brokenStore) Add(context.Context, string, int64, time.Duration) (int64, error) {
	return 0, errAway
}

func (brokenStore) Reserve(context.Context, string, []store.Reservation, time.Duration) (time.Duration, bool, error) {
	return 0, false, errAway
}

// refusing and local are the two settings for an unavailable store.
var (
	refusing = middleware.Shared{Store: brokenStore{}, StoreDown: middleware.Refuse}
	local    = middleware.Shared{Store: brokenStore{}, StoreDown: middleware.Local}
)

// wantStoreError checks that a call was refused because the store is unavailable.
func (h heard) wantStoreError(t *testing.T) {
	t.Helper()
	if !errors.Is(h.err, llm.Network) || !errors.Is(h.err, errAway) {
		t.Errorf("the error is %v, want one of kind %q about the store", h.err, llm.Network)
	}
}

// frailStore is a store that can be unavailable for a while.
type frailStore struct {
	*store.Memory
	away atomic.Bool
}

func (s *frailStore) Add(ctx context.Context, key string, n int64, ttl time.Duration) (int64, error) {
	if s.away.Load() {
		return 0, errAway
	}
	return s.Memory.Add(ctx, key, n, ttl)
}

func (s *frailStore) Reserve(ctx context.Context, key string, draws []store.Reservation, most time.Duration) (time.Duration, bool, error) {
	if s.away.Load() {
		return 0, false, errAway
	}
	return s.Memory.Reserve(ctx, key, draws, most)
}

// hangingStore is a store that hangs after a point in time: operations end with their contexts.
type hangingStore struct {
	*store.Memory
	hangs atomic.Bool
	asked atomic.Int64
}

func (s *hangingStore) hang(ctx context.Context) error {
	if !s.hangs.Load() {
		return nil
	}
	s.asked.Add(1)
	<-ctx.Done()
	return ctx.Err()
}

func (s *hangingStore) Get(ctx context.Context, key string) ([]byte, error) {
	if err := s.hang(ctx); err != nil {
		return nil, err
	}
	return s.Memory.Get(ctx, key)
}

func (s *hangingStore) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if err := s.hang(ctx); err != nil {
		return err
	}
	return s.Memory.Set(ctx, key, value, ttl)
}

func (s *hangingStore) Add(ctx context.Context, key string, n int64, ttl time.Duration) (int64, error) {
	if err := s.hang(ctx); err != nil {
		return 0, err
	}
	return s.Memory.Add(ctx, key, n, ttl)
}

func (s *hangingStore) Reserve(ctx context.Context, key string, draws []store.Reservation, most time.Duration) (time.Duration, bool, error) {
	if err := s.hang(ctx); err != nil {
		return 0, false, err
	}
	return s.Memory.Reserve(ctx, key, draws, most)
}

// A store that hangs delays neither calls nor their ends for long. Once it is known to be
// unavailable, calls do not wait for it.
func TestStoreThatHangsDoesNotHangCalls(t *testing.T) {
	for name, of := range map[string]func(middleware.Shared) piece{
		"cache":     func(s middleware.Shared) piece { return &middleware.Cache{Sampled: true, Shared: s} },
		"ratelimit": func(s middleware.Shared) piece { return &middleware.RateLimit{Tokens: 1e6, Count: byLength, Shared: s} },
		"budget": func(s middleware.Shared) piece {
			return &middleware.Budget{PerDay: 1e6, Prices: prices, Count: byLength, Shared: s}
		},
		"breaker": func(s middleware.Shared) piece { return &middleware.Breaker{Failures: 1, Shared: s} },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const longest = 2 * time.Second
				store := &hangingStore{Memory: &store.Memory{}}
				reply := llmtest.Text("Hello").Usage(1, 1)
				if name == "breaker" {
					reply = failure(llm.Server) // so that the call writes to the store at its end
				}
				p := llmtest.Always(llmtest.Func(func(ctx context.Context, call *llm.Call) llm.Events {
					store.hangs.Store(true)
					return llmtest.Always(reply).Do(ctx, call)
				}))
				model := p.Model(use(t, of(middleware.Shared{Store: store})))
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				h := stream(ctx, model, llm.Prompt("Hi"))
				h.wantTook(t, 0, longest)
				if store.asked.Load() == 0 {
					t.Error("the store was not asked while it hung, so that this shows nothing")
				}
				h = stream(t.Context(), model.With(llm.WithName("another")), llm.Prompt("another question"))
				h.wantTook(t, 0, 0)          // the store is known to be unavailable
				time.Sleep(10 * time.Second) // the store is tried again
				asked := store.asked.Load()
				var calls sync.WaitGroup
				for n := range 20 {
					calls.Go(func() {
						stream(t.Context(), model.With(llm.WithName(fmt.Sprint("model ", n))), llm.Prompt(fmt.Sprint(n))).wantTook(t, 0, longest)
					})
				}
				calls.Wait()
				equal(t, "how many of 20 calls tried the store", store.asked.Load()-asked, int64(1))
				store.hangs.Store(false)
			})
		})
	}
}

// A store that hangs fails at most one call, even if the deadlines of calls are short.
func TestStoreThatHangsIsAwayForCallsInAHurryToo(t *testing.T) {
	for down, want := range map[middleware.StoreDown]llm.Kind{middleware.Local: "", middleware.Refuse: llm.Network} {
		t.Run(string(down), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := &hangingStore{Memory: &store.Memory{}}
				store.hangs.Store(true)
				shared := middleware.Shared{Store: store, StoreDown: down}
				model := llmtest.Always(llmtest.Text("Hello")).Model(use(t, &middleware.RateLimit{Requests: 600, Shared: shared}))
				for n, want := range []llm.Kind{llm.Timeout, want, want} {
					ctx, cancel := context.WithTimeout(t.Context(), time.Second)
					h := stream(ctx, model, llm.Prompt("Hi"))
					if llm.KindOf(h.err) != want || want != llm.Timeout && (h.took > 0 || errors.Is(h.err, context.DeadlineExceeded)) {
						t.Errorf("call %d ends with %v after %v, want %q, and at once after the first", n+1, h.err, h.took, want)
					}
					cancel()
				}
			})
		})
	}
}

// oversleeping is a store whose first operation takes an hour, because the machine is suspended.
type oversleeping struct {
	*store.Memory
	asked atomic.Int64
}

func (s *oversleeping) Reserve(ctx context.Context, key string, draws []store.Reservation, most time.Duration) (time.Duration, bool, error) {
	if s.asked.Add(1) == 1 {
		time.Sleep(time.Hour)
		return 0, false, errAway
	}
	return s.Memory.Reserve(ctx, key, draws, most)
}

// A machine that was suspended during an operation of the store tries the store again soon.
func TestStoreIsNotLeftAloneForAsLongAsAMachineSlept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &oversleeping{Memory: &store.Memory{}}
		model := llmtest.Always(llmtest.Text("Hello")).Model(use(t, &middleware.RateLimit{Requests: 600, Shared: middleware.Shared{Store: store}}))
		ask(t, model).want(t, "start text done", "")
		time.Sleep(20 * time.Second)
		ask(t, model).want(t, "start text done", "")
		equal(t, "how often the store was asked", store.asked.Load(), int64(2))
	})
}

// Two servers whose models have equal names, or two tenants, share no state if their scopes
// differ.
func TestScopesOfAStoreAreApart(t *testing.T) {
	store := &store.Memory{}
	in := func(scope string) middleware.Shared { return middleware.Shared{Store: store, Scope: scope} }
	for name, tt := range map[string]struct {
		of    func(middleware.Shared) piece
		first llmtest.Reply
		again func(h heard) bool // whether a second call shows the state of the first one
	}{
		"cache": {func(s middleware.Shared) piece { return &middleware.Cache{Sampled: true, Shared: s} }, llmtest.Text("first"),
			func(h heard) bool { return h.resp.Text() == "first" }},
		"rate limit": {func(s middleware.Shared) piece { return &middleware.RateLimit{Requests: 1, MaxWait: 1, Shared: s} }, llmtest.Text("first"),
			func(h heard) bool { return llm.KindOf(h.err) == llm.RateLimited }},
		"budget": {func(s middleware.Shared) piece {
			return &middleware.Budget{PerDay: 30, EstimatedOutputTokens: 10, Prices: prices, Count: byLength, Shared: s}
		}, llmtest.Text("first").Usage(2, 10), func(h heard) bool { return llm.KindOf(h.err) == llm.Quota }},
		"breaker": {func(s middleware.Shared) piece { return &middleware.Breaker{Failures: 1, Shared: s} }, failure(llm.Server),
			func(h heard) bool { return llm.KindOf(h.err) == llm.Overloaded }},
	} {
		ask(t, llmtest.New(tt.first).Model(use(t, tt.of(in("east")))))
		for scope, want := range map[string]bool{"east": true, "west": false, "": false} {
			h := ask(t, llmtest.New(llmtest.Text("second").Usage(1, 1)).Model(use(t, tt.of(in(scope)))))
			if got := tt.again(h); got != want {
				t.Errorf("%s: in the scope %q a call that scope east has made before is known: %v, want %v (%v)", name, scope, got, want, h.err)
			}
		}
	}
}
