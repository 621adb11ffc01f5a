package middleware_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
	"github.com/parley-llm/parley/llm/middleware"
)

func TestChainIsReachableFromAConfigFile(t *testing.T) {
	const file = `
log: {content: true, level: DEBUG}
cache: {ttl: 10m, max_bytes: 1000, sampled: true, shared: {store: fleet, scope: east, store_down: refuse}}
timeout: {first_event: 30s, idle: 10s, total: 2m}
trim: {context_window: 8000, estimated_output_tokens: 500}
budget: {per_process: 10, per_day: 5.5, per_key: 1, estimated_output_tokens: 2000, allow_unpriced: true}
resume: {max_resumes: 2, continue: [ollama], no_reset: true}
fallback: {to: [{model: openai/gpt-4o, on: [context_length_exceeded]}]}
retry: {max_retries: 4, per_kind: {timed_out: 0}, min_backoff: 250ms, max_backoff: 4s, max_wait: 20s, budget: {tokens: 100, cost: 10, throttled_cost: 2}}
hedge: {quantile: 0.9, window: 50, initial: 2s, max_share: 0.05, model: openai/gpt-4o}
balance: {strategy: least_in_flight, over: [{model: ollama/a, weight: 2}], failures: 2, cooldown: 5s}
breaker: {failures: 10, open_for: 1m, probes: 2}
rate_limit: {requests: 60, tokens: 1000, request_burst: 5, token_burst: 100, estimated_output_tokens: 50, max_wait: 5s}
concurrency: {max: 8, max_wait: 3s}
`
	want := &middleware.Chain{
		Log:     &middleware.Log{Content: true, Level: -4},
		Cache:   &middleware.Cache{TTL: 10 * time.Minute, MaxBytes: 1000, Sampled: true, Shared: middleware.Shared{Name: "fleet", Scope: "east", StoreDown: middleware.Refuse}},
		Timeout: &middleware.Timeout{FirstEvent: 30 * time.Second, Idle: 10 * time.Second, Total: 2 * time.Minute},
		Trim:    &middleware.Trim{ContextWindow: 8000, EstimatedOutputTokens: 500},
		Budget:  &middleware.Budget{PerProcess: 10, PerDay: 5.5, PerKey: 1, EstimatedOutputTokens: 2000, AllowUnpriced: true},
		Resume:  &middleware.Resume{MaxResumes: 2, Continue: []string{"ollama"}, NoReset: true},
		Fallback: &middleware.Fallback{To: []middleware.FallbackTarget{
			{Name: "openai/gpt-4o", On: []llm.Kind{llm.ContextLength}},
		}},
		Retry: &middleware.Retry{
			MaxRetries: 4, PerKind: map[llm.Kind]int{llm.Timeout: 0}, MinBackoff: 250 * time.Millisecond, MaxBackoff: 4 * time.Second,
			MaxWait: 20 * time.Second, Budget: middleware.RetryBudget{Tokens: 100, Cost: 10, ThrottledCost: 2},
		},
		Hedge: &middleware.Hedge{Quantile: 0.9, Window: 50, Initial: 2 * time.Second, MaxShare: 0.05, Name: "openai/gpt-4o"},
		Balance: &middleware.Balance{
			Strategy: middleware.LeastInFlight, Over: []middleware.Backend{{Name: "ollama/a", Weight: 2}}, Failures: 2, Cooldown: 5 * time.Second,
		},
		Breaker: &middleware.Breaker{Failures: 10, OpenFor: time.Minute, Probes: 2},
		RateLimit: &middleware.RateLimit{
			Requests: 60, Tokens: 1000, RequestBurst: 5, TokenBurst: 100, EstimatedOutputTokens: 50, MaxWait: 5 * time.Second,
		},
		Concurrency: &middleware.Concurrency{Max: 8, MaxWait: 3 * time.Second},
	}
	decoder := yaml.NewDecoder(strings.NewReader(file))
	decoder.KnownFields(true)
	got := &middleware.Chain{}
	if err := decoder.Decode(got); err != nil {
		t.Fatal(err)
	}
	equal(t, "what the file says", got, want)

	data, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	again := &middleware.Chain{}
	if err := json.Unmarshal(data, again); err != nil {
		t.Fatal(err)
	}
	equal(t, "what JSON says", again, want)
	for _, name := range unset(reflect.ValueOf(want), "Chain") {
		t.Errorf("the test has no value for %s", name)
	}
}

// unset returns the names of settings without a value. Shared is checked in Cache only.
func unset(v reflect.Value, name string) (names []string) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			return unset(v.Elem(), name)
		}
	case reflect.Slice:
		if v.Len() > 0 {
			return unset(v.Index(0), name)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			field := v.Type().Field(i)
			if field.IsExported() && field.Tag.Get("json") != "-" && (field.Type != reflect.TypeFor[middleware.Shared]() || name == "Chain.Cache") {
				names = append(names, unset(v.Field(i), name+"."+field.Name)...)
			}
		}
		return names
	}
	if v.IsZero() {
		return []string{name}
	}
	return nil
}

func TestChainNamesAllThatIsWrong(t *testing.T) {
	chain := &middleware.Chain{
		Timeout:     &middleware.Timeout{Idle: 2, Total: 1},
		Cache:       &middleware.Cache{TTL: -1},
		Budget:      &middleware.Budget{},
		Breaker:     &middleware.Breaker{Probes: -1},
		Concurrency: &middleware.Concurrency{},
	}
	err := chain.Validate()
	for _, part := range []string{"Timeout: Idle", "Cache: TTL", "Budget: Prices", "Breaker: Probes", "Concurrency: Max"} {
		if err == nil || !strings.Contains(err.Error(), "middleware."+part) {
			t.Errorf("the error %v does not name %s", err, part)
		}
	}
}

func TestChainBoundsEachTryAndAllOfThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		chain := &middleware.Chain{
			Timeout: &middleware.Timeout{FirstEvent: 10 * time.Second, Total: 25 * time.Second},
			Retry:   &middleware.Retry{MinBackoff: time.Millisecond, MaxRetries: 5},
		}
		p := llmtest.Always(llmtest.Text("late").Wait(time.Hour))
		h := ask(t, p.Model(use(t, chain)))
		h.want(t, "attempt attempt", llm.Timeout)
		h.wantTook(t, 25*time.Second, 25*time.Second)
		if !strings.Contains(h.err.Error(), "Total") {
			t.Errorf("the error is %v, want the limit on the whole call", h.err)
		}
	})
}

func TestChainShowsItsParts(t *testing.T) {
	chain := &middleware.Chain{
		Cache: &middleware.Cache{}, Breaker: &middleware.Breaker{},
		Budget: &middleware.Budget{PerProcess: 1000, EstimatedOutputTokens: 1, Prices: prices, Count: byLength},
	}
	model := llmtest.New(llmtest.Text("Hello").Usage(2, 1)).Model(llm.WithMiddleware(chain))
	for range 2 { // the second call costs nothing
		stream(t.Context(), model, sure("Hi")).want(t, "start text done", "")
	}
	spent, err := chain.Budget.Process(t.Context())
	equal(t, "what was spent", dollars(t, spent, err), 4.0)
	equal(t, "the cache's statistics", chain.Cache.Stats(), middleware.CacheStats{Hits: 1, Misses: 1})
	equal(t, "the breaker's state", chain.Breaker.State("llmtest", "scripted"), "closed")
}

func TestChainOfNothingChangesNothing(t *testing.T) {
	ask(t, llmtest.New(llmtest.Text("Hello")).Model(use(t, &middleware.Chain{}))).want(t, "start text done", "")
}

func TestRecommendedChainRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		model := llmtest.New(failure(llm.Server), llmtest.Text("Hello")).Model(use(t, middleware.Recommended()))
		ask(t, model).want(t, "attempt start text done", "")
	})
}
