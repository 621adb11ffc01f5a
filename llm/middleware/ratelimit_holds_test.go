package middleware_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
	"github.com/parley-llm/parley/llm/middleware"
	"github.com/parley-llm/parley/llm/middleware/store"
)

// No interval has more requests than limit × interval + burst. Under load, nearly all of the
// limit is used.
func TestRateLimitHoldsInEveryWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const perMinute, burst = 120, 10
		var mu sync.Mutex
		var sent []time.Time
		p := llmtest.Always(llmtest.Func(func(ctx context.Context, call *llm.Call) llm.Events {
			mu.Lock()
			defer mu.Unlock()
			sent = append(sent, time.Now())
			return llmtest.Always(llmtest.Text("Hello").Wait(3*time.Second)).Do(ctx, call)
		}))
		model := p.Model(use(t, &middleware.RateLimit{Requests: perMinute, RequestBurst: burst}))
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		var workers sync.WaitGroup
		for range 20 {
			workers.Go(func() {
				for stream(ctx, model, llm.Prompt("Hi")).err == nil {
				}
			})
		}
		workers.Wait()
		holds(t, sent, perMinute, burst)
		if used := float64(len(sent)) / (5 * perMinute); used < 0.9 {
			t.Errorf("%.0f%% of the limit were used, want 90%% at least", used*100)
		}
	})
}

// sleepy is a store on a machine that is suspended while calls queue. Operations before the
// wake-up return at that time.
type sleepy struct {
	store.Store
	wakes time.Time
}

func (s sleepy) Reserve(ctx context.Context, key string, draws []store.Reservation, most time.Duration) (time.Duration, bool, error) {
	wait, ok, err := s.Store.Reserve(ctx, key, draws, most)
	time.Sleep(time.Until(s.wakes))
	return wait, ok, err
}

// Calls whose slots passed while the machine was suspended must not start in a burst.
func TestRateLimitHoldsWhenAMachineWakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const perMinute, burst, calls = 60, 16, 100
		begun := time.Now()
		sent := sentBy(t, calls, use(t, &middleware.RateLimit{
			Requests: perMinute, RequestBurst: burst, Tokens: 1e9, Count: byLength,
			Shared: middleware.Shared{Store: sleepy{&store.Memory{}, begun.Add(calls * time.Second)}},
		}))
		equal(t, "the number of calls sent", len(sent), calls)
		holds(t, sent, perMinute, burst)
	})
}

// suspended is the context of a call on a machine that is suspended for a while. The timers
// of the call fire when the machine wakes up.
type suspended struct {
	context.Context
	from, wakes time.Time
}

func (s suspended) Err() error {
	if !time.Now().Before(s.from) {
		time.Sleep(time.Until(s.wakes))
	}
	return s.Context.Err()
}

// Machines that were suspended together must not use the slots that passed in addition to the
// limit.
func TestRateLimitOfAFleetHoldsWhenItsMachinesWake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const machines, perMinute, burst = 8, 60, 8
		var mu sync.Mutex
		var sent []time.Time
		p := llmtest.Always(llmtest.Func(func(ctx context.Context, call *llm.Call) llm.Events {
			mu.Lock()
			defer mu.Unlock()
			sent = append(sent, time.Now())
			return llmtest.Always(llmtest.Text("Hello")).Do(ctx, call)
		}))
		shared := middleware.Shared{Store: &store.Memory{}}
		now := time.Now()
		asleep := suspended{t.Context(), now.Add(500 * time.Millisecond), now.Add(time.Minute)}
		var calls sync.WaitGroup
		for range machines {
			model := p.Model(use(t, &middleware.RateLimit{Requests: perMinute, RequestBurst: burst, Shared: shared}))
			for range 3 {
				calls.Go(func() { stream(asleep, model, llm.Prompt("Hi")).want(t, "start text done", "") })
				synctest.Wait()
			}
		}
		calls.Wait()
		equal(t, "the number of calls sent", len(sent), 3*machines)
		slices.SortFunc(sent, time.Time.Compare)
		holds(t, sent, perMinute, burst)
	})
}

// Calls that wait until the server accepts requests must not start in a burst.
func TestRateLimitHoldsWhenTheServerOpensAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const perMinute, burst, calls = 60, 10, 50
		closed := llmtest.Error(&llm.Error{Kind: llm.RateLimited, Status: 429, RetryAfter: 40 * time.Second})
		limit := use(t, &middleware.RateLimit{Requests: perMinute, RequestBurst: burst})
		ask(t, llmtest.New(closed).Model(limit))
		sent := sentBy(t, calls, limit)
		equal(t, "the number of calls sent", len(sent), calls)
		if wait := sent[0].Sub(sent[0].Truncate(24 * time.Hour)); wait < 40*time.Second {
			t.Errorf("a call was sent %v after the server had asked for 40s", wait)
		}
		holds(t, sent, perMinute, burst)
	})
}

// A limit holds if calls arrive in bursts, leave the queue, or wait for tokens. No interval has
// more requests or tokens than limit × interval + burst, and the calls of a machine start in
// arrival order.
func TestRateLimitHoldsWhateverCallsDo(t *testing.T) {
	for _, tt := range []struct {
		name     string
		machines int // that share the limit; 0 means one machine without a shared store
		limit    *middleware.RateLimit
		leave    float64 // the share of calls that leave
	}{
		{"requests", 0, &middleware.RateLimit{Requests: 60, RequestBurst: 10}, 0},
		{"requests of callers that leave", 0, &middleware.RateLimit{Requests: 60, RequestBurst: 10}, 0.6},
		{"no burst", 0, &middleware.RateLimit{Requests: 60, RequestBurst: 1}, 0.6},
		{"requests and tokens", 0, &middleware.RateLimit{Requests: 60, RequestBurst: 5, Tokens: 6000, TokenBurst: 1000}, 0},
		{"requests and tokens of callers that leave", 0, &middleware.RateLimit{Requests: 60, RequestBurst: 5, Tokens: 6000, TokenBurst: 1000}, 0.6},
		{"a fleet's requests", 4, &middleware.RateLimit{Requests: 60, RequestBurst: 10}, 0},
		{"a fleet's requests of callers that leave", 4, &middleware.RateLimit{Requests: 60, RequestBurst: 10}, 0.6},
		{"a fleet without a burst", 4, &middleware.RateLimit{Requests: 60, RequestBurst: 1}, 0.6},
		{"a fleet's requests and tokens of callers that leave", 4, &middleware.RateLimit{Requests: 60, RequestBurst: 5, Tokens: 6000, TokenBurst: 1000}, 0.6},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for seed := range uint64(5) {
				synctest.Test(t, func(t *testing.T) {
					limit := another(tt.limit)
					limit.Count = byLength
					limits := make([]llm.ModelOption, max(tt.machines, 1))
					for i := range limits {
						if tt.machines > 0 && i == 0 {
							limit.Shared.Store = &store.Memory{}
						}
						limits[i] = use(t, another(limit))
					}
					sent := press(t, rand.New(rand.NewPCG(seed, 0)), limits, tt.leave)
					requests, tokens := make([]weighted, len(sent)), make([]weighted, len(sent))
					last := make([]int, len(limits))
					for i, s := range sent {
						requests[i], tokens[i] = weighted{s.at, 1}, weighted{s.at, float64(s.tokens)}
						if s.call < last[s.machine] {
							t.Errorf("seed %d: call %d of machine %d began after call %d", seed, s.call, s.machine, last[s.machine])
						}
						last[s.machine] = s.call
					}
					holdsWeighted(t, requests, float64(limit.Requests), float64(limit.RequestBurst))
					if limit.Tokens > 0 {
						holdsWeighted(t, tokens, float64(limit.Tokens), float64(limit.TokenBurst))
					}
					if len(sent) < 100 {
						t.Errorf("seed %d: only %d calls began", seed, len(sent))
					}
				})
			}
		})
	}
}

// begun is a call that reached its provider.
type begun struct {
	machine, call, tokens int
	at                    time.Time
}

// press makes more calls than the limits of the machines allow. A share of them leaves the
// queue. It returns the calls that started.
func press(t *testing.T, random *rand.Rand, limits []llm.ModelOption, leave float64) []begun {
	var mu sync.Mutex
	var sent []begun
	var calls sync.WaitGroup
	for n := range 400 {
		b := begun{machine: random.IntN(len(limits)), call: n, tokens: 1 + random.IntN(200)}
		provider := llmtest.Always(llmtest.Func(func(ctx context.Context, call *llm.Call) llm.Events {
			b.at = time.Now()
			mu.Lock()
			defer mu.Unlock()
			sent = append(sent, b)
			return llmtest.Always(llmtest.Text("Hello").Usage(b.tokens, 0)).Do(ctx, call)
		}))
		req := llm.Prompt(strings.Repeat("x", b.tokens-1))
		req.MaxTokens = 1
		ctx, cancel := context.WithCancel(t.Context())
		if random.Float64() < leave {
			time.AfterFunc(time.Duration(random.IntN(60_000))*time.Millisecond, cancel)
		}
		calls.Go(func() {
			defer cancel()
			stream(ctx, provider.Model(limits[b.machine]), req)
		})
		synctest.Wait()           // the call is in the queue
		if random.IntN(20) == 0 { // they arrive in bursts
			time.Sleep(time.Duration(random.IntN(15_000)) * time.Millisecond)
		}
	}
	calls.Wait()
	return sent
}

// sentBy makes this number of calls at once, and returns the times at which they were sent.
func sentBy(t *testing.T, calls int, limit llm.ModelOption) []time.Time {
	t.Helper()
	var mu sync.Mutex
	var sent []time.Time
	count := llmtest.Func(func(ctx context.Context, call *llm.Call) llm.Events {
		mu.Lock()
		defer mu.Unlock()
		sent = append(sent, time.Now())
		return llmtest.Always(llmtest.Text("Hello").Usage(1, 1)).Do(ctx, call)
	})
	model := llmtest.Always(count).Model(limit)
	var asked sync.WaitGroup
	for range calls {
		asked.Go(func() { ask(t, model).want(t, "start text done", "") })
	}
	asked.Wait()
	return sent
}

// holds checks that no interval has more requests than limit × interval + burst.
func holds(t *testing.T, sent []time.Time, perMinute, burst float64) {
	t.Helper()
	requests := make([]weighted, len(sent))
	for i, at := range sent {
		requests[i] = weighted{at, 1}
	}
	holdsWeighted(t, requests, perMinute, burst)
}

// weighted is an amount that was taken from a limit, with its time.
type weighted struct {
	at     time.Time
	amount float64
}

// holdsWeighted checks that no interval has more than limit × interval + burst.
func holdsWeighted(t *testing.T, taken []weighted, perMinute, burst float64) {
	t.Helper()
	for i, from := range taken {
		sum := 0.0
		for _, to := range taken[i:] {
			sum += to.amount
			if most := to.at.Sub(from.at).Minutes()*perMinute + burst + 1e-6; sum > most {
				t.Fatalf("%.0f were taken within %v, want at most %.1f", sum, to.at.Sub(from.at), most)
			}
		}
	}
}
