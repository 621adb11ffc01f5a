package middleware_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
	"github.com/parley-llm/parley/llm/middleware"
)

func TestSettingsAreFixedAtTheFirstCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limit := &middleware.RateLimit{Requests: -1}
		model := llmtest.Always(llmtest.Text("Hello")).Model(llm.WithMiddleware(limit))
		limit.Requests, limit.RequestBurst = 60, 1 // before the first call, settings can change
		ask(t, model).wantTook(t, 0, 0)
		limit.Requests, limit.RequestBurst = -1, 0
		ask(t, model).wantTook(t, time.Second, time.Second)
		if err := limit.Validate(); llm.KindOf(err) != llm.InvalidRequest {
			t.Errorf("Validate returns %v, want the error of the changed settings", err)
		}
	})
}

func TestListsAndMapsOfSettingsAreFixedAtTheFirstCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		boom := &llm.Error{Kind: llm.Server, Message: "boom"}
		p := llmtest.Always(llmtest.Error(boom))
		retry := &middleware.Retry{PerKind: map[llm.Kind]int{llm.Server: 0}}
		model := p.Model(llm.WithMiddleware(retry))
		ask(t, model)
		retry.PerKind[llm.Server] = 3
		ask(t, model)
		equal(t, "calls with PerKind changed after the first call", len(p.Calls()), 2)

		other := llmtest.Always(llmtest.Text("Hello"))
		fallback := &middleware.Fallback{To: []middleware.FallbackTarget{{Model: other.Model(), On: []llm.Kind{llm.Auth}}}}
		model = p.Model(llm.WithMiddleware(fallback))
		ask(t, model)
		fallback.To[0].On[0] = llm.Server
		ask(t, model)
		equal(t, "calls of the other model with On changed after the first call", len(other.Calls()), 0)
	})
}

func TestValidateDoesNotFixSettings(t *testing.T) {
	cache := &middleware.Cache{TTL: -1}
	if err := cache.Validate(); llm.KindOf(err) != llm.InvalidRequest {
		t.Errorf("Validate returns %v, want an error", err)
	}
	cache.TTL = time.Hour
	stream(t.Context(), llmtest.New(llmtest.Text("Hello")).Model(use(t, cache)), sure("Hi")).want(t, "start text done", "")
}

func TestModelsWithTheSamePieceShareItsState(t *testing.T) {
	cache := &middleware.Cache{}
	chain := &middleware.Chain{Cache: cache, Breaker: &middleware.Breaker{}}
	p := llmtest.New(llmtest.Text("Hello"))
	for _, m := range []llm.Middleware{cache, chain, cache} {
		stream(t.Context(), p.Model(llm.WithMiddleware(m)), sure("Hi")).want(t, "start text done", "")
	}
	equal(t, "the statistics", cache.Stats(), middleware.CacheStats{Hits: 2, Misses: 1})
}

func TestFirstCallsCanBeConcurrent(t *testing.T) {
	cache := &middleware.Cache{Sampled: true}
	chain := &middleware.Chain{Cache: cache, Retry: &middleware.Retry{}, Breaker: &middleware.Breaker{}}
	p := llmtest.Always(llmtest.Text("Hello"))
	var calls sync.WaitGroup
	for range 8 {
		model := p.Model(llm.WithMiddleware(chain))
		calls.Go(func() { ask(t, model).want(t, "start text done", "") })
	}
	calls.Wait()
	stats := cache.Stats()
	equal(t, "the number of calls that the cache counted", stats.Hits+stats.Misses+stats.Shared, int64(8))
	equal(t, "the number of calls that were sent", int64(len(p.Calls())), stats.Misses)
}

func TestInvalidPieceFailsTheWholeChain(t *testing.T) {
	p := llmtest.Always(llmtest.Text("Hello"))
	model := p.Model(llm.WithMiddleware(&middleware.Chain{Cache: &middleware.Cache{Sampled: true}, Retry: &middleware.Retry{MaxRetries: -1}}))
	for range 2 {
		ask(t, model).want(t, "", llm.InvalidRequest)
	}
	equal(t, "the number of calls that were sent", len(p.Calls()), 0)
}

func TestStatesOfPieces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		breaker := &middleware.Breaker{Failures: 1}
		keys := &middleware.Keys{Keys: []llm.Secret{"a", "b"}}
		balance := &middleware.Balance{Over: []middleware.Backend{{}, {Model: llmtest.Always(llmtest.Text("Hello")).Model()}}}
		model := llmtest.Always(failure(llm.RateLimited)).Model(llm.WithMiddleware(balance, keys))
		ask(t, model).want(t, "attempt attempt start text done", "")
		ask(t, llmtest.Always(failure(llm.Server)).Model(llm.WithMiddleware(breaker))).want(t, "", llm.Server)

		until := time.Now().Add(30 * time.Second)
		equal(t, "the breakers", breaker.States(), map[string]string{"llmtest/scripted": "open"})
		equal(t, "the keys", keys.States(), []middleware.KeyState{{CooldownUntil: until}, {CooldownUntil: until}})
		equal(t, "the backends", balance.States(), []middleware.BackendState{{CooldownUntil: until}, {}})
	})
}

func TestStatesOfInvalidPiecesAreEmpty(t *testing.T) {
	equal(t, "the state of a breaker", (&middleware.Breaker{Failures: -1}).State("openai", "any"), "")
	equal(t, "the breakers", len((&middleware.Breaker{Failures: -1}).States()), 0)
	equal(t, "the keys", len((&middleware.Keys{}).States()), 0)
	equal(t, "the backends", len((&middleware.Balance{}).States()), 0)
	if _, err := (&middleware.Budget{}).Today(t.Context()); llm.KindOf(err) != llm.InvalidRequest {
		t.Errorf("Today returns %v, want the error of the settings", err)
	}
}
