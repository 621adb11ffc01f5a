package middleware_test

import (
	"context"
	"errors"
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

// prices are easy to calculate with: one dollar for an input token, two for an output token,
// half a dollar for a cached token.
func prices(provider, model string) (llm.Prices, bool) {
	if model == "unpriced" {
		return llm.Prices{}, false
	}
	p := llm.Prices{Input: 1e6, Output: 2e6, CacheRead: 0.5e6, CacheWrite: 1.5e6}
	if model == "cheap" {
		p = llm.Prices{Input: 0.1e6, Output: 0.1e6}
	}
	return p, true
}

// spending completes a budget with prices and a counter.
func spending(t *testing.T, b *middleware.Budget) *middleware.Budget {
	t.Helper()
	b.Prices, b.Count = prices, byLength
	if err := b.Validate(); err != nil {
		t.Fatal(err)
	}
	return b
}

// dollars returns the amount, and fails the test if there is an error.
func dollars(t *testing.T, amount float64, err error) float64 {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
	return amount
}

func TestBudgetSettlesWhatWasReported(t *testing.T) {
	cached := llm.Usage{Input: llm.Known(10), Output: llm.Known(1), CacheRead: llm.Known(4), CacheWrite: llm.Known(2)}
	partial := &llm.Error{Kind: llm.Incomplete, Partial: &llm.Response{Usage: llm.Usage{Input: llm.Known(3), Output: llm.Known(4)}}}
	for _, tt := range []struct {
		name    string
		replies []llmtest.Reply
		cost    float64
	}{
		{"usage", []llmtest.Reply{llmtest.Text("Hello").Usage(10, 3)}, 16},
		{"by classes", []llmtest.Reply{llmtest.Text("Hello").DetailedUsage(cached)}, 4 + 2 + 3 + 2},
		{"unknown usage", []llmtest.Reply{llmtest.Text("12345678")}, 2 + 4},
		{"refused", []llmtest.Reply{failure(llm.Auth)}, 0},
		{"cut", []llmtest.Reply{llmtest.Text("1234", "5").CutAfter(1, nil)}, 2 + 2},
		{"cut, with its usage", []llmtest.Reply{llmtest.Text("1234").Fail(partial)}, 3 + 8},
		{"more read from the cache than there was", []llmtest.Reply{llmtest.Text("Hello").DetailedUsage(
			llm.Usage{Input: llm.Known(1), Output: llm.Known(1), CacheRead: llm.Known(4)})}, 2 + 2},
		{"broken off and tried again", []llmtest.Reply{llmtest.Text("Hello").CutAfter(0, nil), llmtest.Text("Hello").Usage(10, 3)}, 2 + 16},
		{"tried again", []llmtest.Reply{llmtest.Error(partial), llmtest.Text("Hello").Usage(10, 3)}, 11 + 16},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := spending(t, &middleware.Budget{PerProcess: 5000})
				ask(t, llmtest.New(tt.replies...).Model(llm.WithMiddleware(s), use(t, &middleware.Retry{})))
				spent, err := s.Process(t.Context())
				equal(t, "what was spent", dollars(t, spent, err), tt.cost)
			})
		})
	}
}

func TestBudgetSettlesAnEstimateWhenTheCallerLeaves(t *testing.T) {
	s := spending(t, &middleware.Budget{PerProcess: 5000})
	model := llmtest.New(llmtest.Text("12345678", "more", "and more").Usage(2, 100)).Model(llm.WithMiddleware(s))
	for range model.Stream(t.Context(), llm.Prompt("Hi")).Text() {
		break
	}
	spent, err := s.Process(t.Context())
	equal(t, "what was spent", dollars(t, spent, err), 2+2*2.0)
}

func TestBudgetPaysWhoAnswered(t *testing.T) {
	s := spending(t, &middleware.Budget{PerProcess: 5000})
	other := llmtest.Always(llmtest.Text("Hello").Usage(10, 10)).Named("second").Model(llm.WithName("cheap"))
	model := llmtest.Always(failure(llm.Overloaded)).Model(llm.WithMiddleware(s),
		use(t, &middleware.Fallback{To: []middleware.FallbackTarget{{Model: other}}}))
	ask(t, model).want(t, "attempt start warning text done", "")
	spent, err := s.Process(t.Context())
	equal(t, "what was spent", dollars(t, spent, err), 2.0)
}

func TestBudgetPaysWhoAnsweredOfTheSameProvider(t *testing.T) {
	for _, tt := range []struct {
		name  string
		other string
		cost  float64
	}{
		{"by its own prices", "cheap", 2},
		{"by those of the model asked where it has none", "unpriced", 10 + 20},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := spending(t, &middleware.Budget{PerProcess: 5000})
			other := llmtest.Always(llmtest.Text("Hello").Usage(10, 10)).Model(llm.WithName(tt.other))
			model := llmtest.Always(failure(llm.ContextLength)).Model(llm.WithMiddleware(s),
				use(t, &middleware.Fallback{To: []middleware.FallbackTarget{{Model: other}}}))
			ask(t, model).want(t, "attempt start warning text done", "")
			spent, err := s.Process(t.Context())
			equal(t, "what was spent", dollars(t, spent, err), tt.cost)
		})
	}
}

func TestBudgetStops(t *testing.T) {
	for _, tt := range []struct {
		name    string
		budget  *middleware.Budget
		model   string
		says    string
		nextDay llm.Kind // of the same call a day later
	}{
		{"per process", &middleware.Budget{PerProcess: 30, EstimatedOutputTokens: 10}, "scripted",
			"the call may cost $22, and $22 of the budget of $30 for this process (PerProcess) are already spent or reserved", llm.Quota},
		{"per day", &middleware.Budget{PerDay: 30, EstimatedOutputTokens: 10}, "scripted", "of the budget of $30 for a day (PerDay)", ""},
		{"per key", &middleware.Budget{PerKey: 30, EstimatedOutputTokens: 10}, "scripted", "of the budget of $30 for a day and a key (PerKey)", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tt.budget.Key = func(context.Context, *llm.Call) string { return "team" }
				p := llmtest.Always(llmtest.Text("Hello").Usage(2, 10))
				model := p.Model(llm.WithMiddleware(spending(t, tt.budget)))
				ask(t, model).want(t, "start text done", "")
				h := ask(t, model)
				h.want(t, "", llm.Quota)
				if !strings.Contains(h.err.Error(), tt.says) {
					t.Errorf("the error is %v, want one that says %q", h.err, tt.says)
				}
				equal(t, "the number of calls", len(p.Calls()), 1)
				time.Sleep(24 * time.Hour)
				if h := ask(t, model); llm.KindOf(h.err) != tt.nextDay {
					t.Errorf("a day later the error is %v, want kind %q", h.err, tt.nextDay)
				}
			})
		})
	}
}

func TestBudgetKeepsKeysApart(t *testing.T) {
	type keyOf struct{}
	s := spending(t, &middleware.Budget{PerKey: 30, PerDay: 100, EstimatedOutputTokens: 10, Key: func(ctx context.Context, _ *llm.Call) string {
		return ctx.Value(keyOf{}).(string)
	}})
	model := llmtest.Always(llmtest.Text("Hello").Usage(2, 10)).Model(llm.WithMiddleware(s))
	by := func(key string) heard {
		return stream(context.WithValue(t.Context(), keyOf{}, key), model, llm.Prompt("Hi"))
	}
	by("a").want(t, "start text done", "")
	by("a").want(t, "", llm.Quota)
	by("b").want(t, "start text done", "")
	a, err := s.TodayFor(t.Context(), "a")
	equal(t, "what a has spent", dollars(t, a, err), 22.0)
	all, err := s.Today(t.Context())
	equal(t, "what all have spent: nothing is left of what was refused", dollars(t, all, err), 44.0)
}

// A budget of a config file has no Key function. The key comes from the context.
func TestBudgetOfTheKeyInTheContext(t *testing.T) {
	s := spending(t, &middleware.Budget{PerKey: 30, EstimatedOutputTokens: 10})
	model := llmtest.Always(llmtest.Text("Hello").Usage(2, 10)).Model(llm.WithMiddleware(s))
	for _, c := range []struct {
		key  string
		kind llm.Kind
	}{{"a", ""}, {"a", llm.Quota}, {"b", ""}, {"", ""}, {"", llm.Quota}} { // 22 for each call
		ctx := t.Context()
		if c.key != "" {
			ctx = middleware.WithKey(ctx, c.key)
		}
		if h := stream(ctx, model, llm.Prompt("Hi")); llm.KindOf(h.err) != c.kind {
			t.Errorf("the call of %q ends with %v, want %q", c.key, h.err, c.kind)
		}
	}
	spent, err := s.TodayFor(t.Context(), "b")
	equal(t, "what b has spent", dollars(t, spent, err), 22.0)
}

func TestBudgetReservesBeforeTheAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := spending(t, &middleware.Budget{PerProcess: 50, EstimatedOutputTokens: 10})
		p := llmtest.Always(llmtest.Text("Hello").Usage(2, 1).Wait(time.Minute))
		model := p.Model(llm.WithMiddleware(s))
		var asked sync.WaitGroup
		for range 5 { // 22 for each call; two calls fit
			asked.Go(func() { ask(t, model) })
		}
		asked.Wait()
		equal(t, "the number of calls", len(p.Calls()), 2)
		spent, err := s.Process(t.Context())
		equal(t, "what was spent", dollars(t, spent, err), 8.0)
	})
}

func TestBudgetOfModelsWithoutAPrice(t *testing.T) {
	p := llmtest.Always(llmtest.Text("Hello"))
	model := p.Model(llm.WithName("unpriced"))
	ask(t, model.With(llm.WithMiddleware(spending(t, &middleware.Budget{PerProcess: 1})))).want(t, "", llm.Quota)
	ask(t, model.With(llm.WithMiddleware(spending(t, &middleware.Budget{PerProcess: 1, AllowUnpriced: true})))).want(t, "start text done", "")
}

func TestCodeOfABudget(t *testing.T) {
	p := llmtest.Always(llmtest.Text("Hello"))
	err := ask(t, p.Model(llm.WithName("unpriced"), llm.WithMiddleware(spending(t, &middleware.Budget{PerProcess: 1})))).err
	e, ok := errors.AsType[*llm.Error](err)
	if !ok {
		t.Fatal(err)
	}
	equal(t, "code", e.Code, middleware.BudgetExceeded)
}

func TestBudgetWithoutItsStore(t *testing.T) {
	p := llmtest.Always(llmtest.Text("Hello").Usage(2, 10))
	ask(t, p.Model(llm.WithMiddleware(spending(t, &middleware.Budget{PerDay: 100, EstimatedOutputTokens: 10, Shared: refusing})))).wantStoreError(t)
	model := p.Model(llm.WithMiddleware(spending(t, &middleware.Budget{PerDay: 30, EstimatedOutputTokens: 10, Shared: local})))
	ask(t, model).want(t, "start text done", "")
	ask(t, model).want(t, "", llm.Quota)
}

// A reservation in one store must not be returned to another one, which would then allow too
// much spending.
func TestBudgetSettlesWhereItReserved(t *testing.T) {
	for _, tt := range []struct {
		name                string
		awayBefore, awayNow bool
	}{
		{"when the store goes away during the call", false, true},
		{"when the store comes back during the call", true, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := &frailStore{Memory: &store.Memory{}}
				s := spending(t, &middleware.Budget{PerDay: 100, EstimatedOutputTokens: 10, Shared: middleware.Shared{Store: store}})
				store.away.Store(tt.awayBefore)
				model := llmtest.Always(llmtest.Text("Hello").Usage(2, 1)).Model(llm.WithMiddleware(s))
				for range model.Stream(t.Context(), llm.Prompt("Hi")).Text() {
					store.away.Store(tt.awayNow)
				}
				time.Sleep(time.Second) // the store is tried again
				spent, err := s.Today(t.Context())
				equal(t, "what the other state has", dollars(t, spent, err), 0.0)
			})
		})
	}
}

// A server that answers under flex is paid at its rate.
func TestBudgetChargesTheServiceTier(t *testing.T) {
	tier := func(name string) llmtest.Reply {
		return llmtest.Events(llm.Event{Type: llm.EventDone, Detail: &llm.Done{
			FinishReason: llm.FinishStop, Usage: llm.Usage{Input: llm.Known(1e6), Output: llm.Known(0)}, ServiceTier: name,
		}})
	}
	for name, want := range map[string]float64{"": 2, "flex": 1, "priority": 2} {
		budget := &middleware.Budget{PerProcess: 100, Prices: func(string, string) (llm.Prices, bool) { return llm.Prices{Input: 2, FlexFactor: 0.5}, true }}
		if _, err := llmtest.Always(tier(name)).Model(llm.WithMiddleware(budget)).Generate(t.Context(), llm.Prompt("Hi")); err != nil {
			t.Fatal(err)
		}
		spent, err := budget.Process(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "spent under the tier "+name, spent, want)
	}
}
