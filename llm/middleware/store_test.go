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

// A bucket's arithmetic, step by step: a token a second, three at most.
func TestBucketTakes(t *testing.T) {
	b := store.Bucket{Every: time.Second, Burst: 3}
	begun := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	full := make([]time.Time, 1)
	for _, step := range []struct {
		at      time.Duration
		n       int64
		maxWait time.Duration
		wait    time.Duration
		ok      bool
	}{
		{0, 2, 0, 0, true},
		{0, 1, 0, 0, true},
		{0, 1, 0, time.Second, false},              // it is empty
		{0, 1, time.Minute, time.Second, true},     // and may be waited for
		{0, 1, time.Minute, 2 * time.Second, true}, // in order
		{500 * time.Millisecond, -1, 0, 0, true},   // one gives its token back
		{500 * time.Millisecond, 1, time.Minute, 1500 * time.Millisecond, true},
		{time.Minute, 3, 0, 0, true}, // full again, and no fuller
		{time.Minute, 1, 0, time.Second, false},
		{2 * time.Minute, 10, 0, 0, true}, // more than it holds: when it is full
		{2 * time.Minute, 1, time.Minute, 8 * time.Second, true},
	} {
		var wait time.Duration
		var ok bool
		wait, ok = store.ReserveTokens(full, begun.Add(step.at), []store.Reservation{{N: step.n, Bucket: b}}, step.maxWait)
		if wait != step.wait || ok != step.ok {
			t.Errorf("at %v, Take(%d) is %v, %v; want %v, %v", step.at, step.n, wait, ok, step.wait, step.ok)
		}
	}
}

func TestMemoryForgetsWhatIsOldOrTooMuch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		m := &store.Memory{MaxBytes: 2000}
		get := func(key string) string {
			value, err := m.Get(ctx, key)
			if err != nil {
				t.Errorf("Get(%q): %v", key, err)
			}
			return string(value)
		}
		set := func(key, value string, ttl time.Duration) {
			if err := m.Set(ctx, key, []byte(value), ttl); err != nil {
				t.Errorf("Set(%q): %v", key, err)
			}
		}
		set("a", "1", time.Minute)
		set("a", "2", time.Minute)
		set("old", "3", time.Second)
		time.Sleep(time.Second)
		equal(t, "values", []string{get("a"), get("old"), get("none")}, []string{"2", "", ""})
		for i := range 10 {
			set(fmt.Sprint(i), "x", time.Minute)
			get("a") // used lately, so that it stays
		}
		set("huge", string(make([]byte, 3000)), time.Minute)
		equal(t, "values when there were too many", []string{get("a"), get("0"), get("9"), get("huge")}, []string{"2", "", "x", ""})

		add := func(n int64) int64 {
			sum, err := m.Add(ctx, "sum", n, time.Minute)
			if err != nil {
				t.Errorf("Add: %v", err)
			}
			return sum
		}
		equal(t, "sums", []int64{add(5), add(-2)}, []int64{5, 3})
		time.Sleep(time.Minute)
		equal(t, "the sum after its time", add(1), int64(1))
	})
}

func TestMemoryForgetsOldCountersAndFullBuckets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &store.Memory{}
		b := store.Bucket{Every: time.Second, Burst: 1}
		fill := func(prefix string) {
			for i := range 2000 { // more than are kept without looking for old ones
				key := fmt.Sprint(prefix, i)
				if _, err := m.Add(t.Context(), key, 1, time.Minute); err != nil {
					t.Fatal(err)
				}
				if _, _, err := m.Reserve(t.Context(), key, []store.Reservation{{N: 1, Bucket: b}}, 0); err != nil {
					t.Fatal(err)
				}
			}
		}
		fill("old")
		sum, err := m.Add(t.Context(), "old1", 1, time.Minute)
		equal(t, "a counter that is not old", sum, int64(2))
		equal(t, "the error", err, nil)
		_, ok, _ := m.Reserve(t.Context(), "old1", []store.Reservation{{N: 1, Bucket: b}}, 0)
		equal(t, "whether a bucket that is empty gives a token", ok, false)
		time.Sleep(time.Hour)
		fill("new")
		sum, err = m.Add(t.Context(), "old1", 1, time.Minute)
		equal(t, "a counter that was old", sum, int64(1))
		equal(t, "the error", err, nil)
	})
}

// brokenStore is a store that is away.
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

// refusing and local are the two choices for when the store is away.
var (
	refusing = middleware.Shared{Store: brokenStore{}, StoreDown: middleware.Refuse}
	local    = middleware.Shared{Store: brokenStore{}, StoreDown: middleware.Local}
)

// wantStoreError checks that a call was refused because the store is away.
func (h heard) wantStoreError(t *testing.T) {
	t.Helper()
	if !errors.Is(h.err, llm.Network) || !errors.Is(h.err, errAway) {
		t.Errorf("the error is %v, want one of kind %q about the store", h.err, llm.Network)
	}
}

// frailStore is a store that can be away for a while.
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

// hangingStore answers nobody, from some moment on, before their contexts end.
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

// A store that hangs holds up neither calls nor their ends for long, and when it is known to be
// away, calls do not wait for it.
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
					reply = failure(llm.Server) // to have something to tell the store at the end
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
				h.wantTook(t, 0, 0)          // the store is known to be away
				time.Sleep(10 * time.Second) // it is asked again
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

// A store that hangs fails no more than one call, however short the deadlines of calls are.
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

// oversleeping is a store whose machine sleeps for an hour while it is asked the first time.
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

// A machine that was suspended while it asked its store soon asks it again.
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

// Two servers whose models have the same names, or two customers, share nothing of a store if their
// scopes differ.
func TestScopesOfAStoreAreApart(t *testing.T) {
	store := &store.Memory{}
	in := func(scope string) middleware.Shared { return middleware.Shared{Store: store, Scope: scope} }
	for name, tt := range map[string]struct {
		of    func(middleware.Shared) piece
		first llmtest.Reply
		again func(h heard) bool // whether a second call shows that there was a first
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
