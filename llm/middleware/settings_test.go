package middleware_test

import (
	"context"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
	"github.com/parley-llm/parley/llm/middleware"
)

// Invalid settings fail Validate and every call, with the name of the field. Nothing is sent.
func TestBadSettingsAreRefusedByName(t *testing.T) {
	model := llmtest.New().Model()
	for _, tt := range []struct {
		settings piece
		names    string
	}{
		{&middleware.Retry{MaxRetries: -1}, "Retry: MaxRetries is -1;"},
		{&middleware.Retry{MinBackoff: -time.Second}, "Retry: MinBackoff is -1s;"},
		{&middleware.Retry{MinBackoff: 2 * time.Second, MaxBackoff: time.Second}, "Retry: MaxBackoff is 1s, less than MinBackoff, 2s"},
		{&middleware.Retry{MaxWait: -1}, "Retry: MaxWait is -1ns;"},
		{&middleware.Retry{PerKind: map[llm.Kind]int{"odd": 1}}, `Retry: PerKind has "odd"; there is no such kind of error; use one of: invalid_request, context_length_exceeded, `},
		{&middleware.Retry{PerKind: map[llm.Kind]int{llm.Server: -2}}, `Retry: PerKind is -2 for "server_error";`},
		{&middleware.Retry{Budget: middleware.RetryBudget{Tokens: -5}}, "Retry: Budget.Tokens is -5;"},
		{&middleware.Retry{Budget: middleware.RetryBudget{Tokens: 5}}, "Retry: Budget.Tokens is 5, too few for one retry; it must be at least Cost, 14"},
		{&middleware.Timeout{}, "Timeout: FirstEvent is zero, and so are Idle and Total;"},
		{&middleware.Timeout{Idle: -1}, "Timeout: Idle is -1ns;"},
		{&middleware.Timeout{Idle: 2, Total: 1}, "Timeout: Idle is 2ns, more than Total, 1ns"},
		{&middleware.Timeout{FirstEvent: 2, Total: 1}, "Timeout: FirstEvent is 2ns, more than Total, 1ns"},
		{&middleware.Fallback{}, "Fallback: To is empty;"},
		{&middleware.Fallback{To: []middleware.FallbackTarget{{Name: "a/b"}}}, `Fallback: To has no Model for the name "a/b"`},
		{&middleware.Fallback{To: []middleware.FallbackTarget{{Model: model, On: []llm.Kind{"odd"}}}}, `Fallback: To.On has "odd";`},
		{&middleware.Balance{}, "Balance: Over is empty;"},
		{&middleware.Balance{Over: []middleware.Backend{{Weight: -1}}}, "Balance: Over.Weight is -1;"},
		{&middleware.Balance{Over: []middleware.Backend{{Name: "a/b"}}}, `Balance: Over has no Model for the name "a/b"`},
		{&middleware.Balance{Over: []middleware.Backend{{}}, Strategy: "odd"}, `Balance: Strategy is "odd";`},
		{&middleware.Balance{Over: []middleware.Backend{{}}, Failures: -1}, "Balance: Failures is -1;"},
		{&middleware.Balance{Over: []middleware.Backend{{}}, Cooldown: -1}, "Balance: Cooldown is -1ns;"},
		{&middleware.Keys{}, "Keys: Keys is empty"},
		{&middleware.Keys{Keys: []llm.Secret{""}}, "Keys: Keys has an empty key"},
		{&middleware.Keys{Keys: []llm.Secret{"a"}, Cooldown: -1}, "Keys: Cooldown is -1ns;"},
		{&middleware.Breaker{Failures: -1}, "Breaker: Failures is -1;"},
		{&middleware.Breaker{OpenFor: -1}, "Breaker: OpenFor is -1ns;"},
		{&middleware.Breaker{Probes: -1}, "Breaker: Probes is -1;"},
		{&middleware.Breaker{Shared: middleware.Shared{StoreDown: "odd"}}, `Breaker: Shared.StoreDown is "odd";`},
		{&middleware.Breaker{Shared: middleware.Shared{Name: "fleet"}}, `Breaker: Shared.Store is nil, but Shared.Name is "fleet";`},
		{&middleware.Hedge{Quantile: 1}, "Hedge: Quantile is 1;"},
		{&middleware.Hedge{Quantile: -0.5}, "Hedge: Quantile is -0.5;"},
		{&middleware.Hedge{Window: 5}, "Hedge: Window is 5;"},
		{&middleware.Hedge{Initial: -1}, "Hedge: Initial is -1ns;"},
		{&middleware.Hedge{MaxShare: 2}, "Hedge: MaxShare is 2;"},
		{&middleware.Hedge{Name: "a/b"}, `Hedge: Model is missing for the name "a/b"`},
		{&middleware.Concurrency{}, "Concurrency: Max is 0;"},
		{&middleware.Concurrency{Max: 1, MaxWait: -1}, "Concurrency: MaxWait is -1ns;"},
		{&middleware.RateLimit{}, "RateLimit: Requests is zero, and so is Tokens;"},
		{&middleware.RateLimit{Requests: -1}, "RateLimit: Requests is -1;"},
		{&middleware.RateLimit{Tokens: -1}, "RateLimit: Tokens is -1;"},
		{&middleware.RateLimit{Tokens: 1, RequestBurst: 5}, "RateLimit: RequestBurst is 5, but there is no limit on Requests"},
		{&middleware.RateLimit{Requests: 1, TokenBurst: 5}, "RateLimit: TokenBurst is 5, but there is no limit on Tokens"},
		{&middleware.RateLimit{Requests: 1, RequestBurst: -5}, "RateLimit: RequestBurst is -5;"},
		{&middleware.RateLimit{Requests: 1, EstimatedOutputTokens: -5}, "RateLimit: EstimatedOutputTokens is -5;"},
		{&middleware.RateLimit{Requests: 1, MaxWait: -5}, "RateLimit: MaxWait is -5ns;"},
		{&middleware.RateLimit{Requests: 1, Shared: middleware.Shared{StoreDown: "odd"}}, `RateLimit: Shared.StoreDown is "odd";`},
		{&middleware.Budget{Prices: prices}, "Budget: PerProcess is zero, and so are PerDay and PerKey;"},
		{&middleware.Budget{Prices: prices, PerProcess: -1}, "Budget: PerProcess is -1;"},
		{&middleware.Budget{Prices: prices, PerDay: -1}, "Budget: PerDay is -1;"},
		{&middleware.Budget{Prices: prices, PerKey: -1}, "Budget: PerKey is -1;"},
		{&middleware.Budget{PerDay: 1}, "Budget: Prices is nil"},
		{&middleware.Budget{Prices: prices, PerDay: 1, EstimatedOutputTokens: -1}, "Budget: EstimatedOutputTokens is -1;"},
		{&middleware.Budget{Prices: prices, PerDay: math.NaN()}, "Budget: PerDay is NaN;"},
		{&middleware.Budget{Prices: prices, PerDay: math.Inf(1)}, "Budget: PerDay is +Inf;"},
		{&middleware.Budget{Prices: prices, PerDay: 1e10}, "Budget: PerDay is 1e+10;"},
		{&middleware.Hedge{Quantile: math.NaN()}, "Hedge: Quantile is NaN;"},
		{&middleware.Hedge{MaxShare: math.NaN()}, "Hedge: MaxShare is NaN;"},
		{&middleware.Cache{TTL: -1}, "Cache: TTL is -1ns;"},
		{&middleware.Cache{MaxBytes: -1}, "Cache: MaxBytes is -1;"},
		{&middleware.Cache{Shared: middleware.Shared{StoreDown: "odd"}}, `Cache: Shared.StoreDown is "odd";`},
		{&middleware.Trim{}, "Trim: ContextWindow is zero, and Info is nil;"},
		{&middleware.Trim{ContextWindow: -1}, "Trim: ContextWindow is -1;"},
		{&middleware.Trim{ContextWindow: 10}, "Trim: ContextWindow is 10, which leaves no room besides EstimatedOutputTokens, 1000"},
		{&middleware.Trim{ContextWindow: 10, EstimatedOutputTokens: -1}, "Trim: EstimatedOutputTokens is -1;"},
		{&middleware.Resume{MaxResumes: -1}, "Resume: MaxResumes is -1;"},
		{&middleware.Resume{Continue: []string{""}}, "Resume: Continue has an empty name"},
	} {
		t.Run(tt.names, func(t *testing.T) {
			p := llmtest.Always(llmtest.Text("Hello"))
			model := p.Model(llm.WithMiddleware(tt.settings))
			_, first := model.Generate(t.Context(), llm.Prompt("Hi"))
			_, second := model.Embed(t.Context(), &llm.EmbedRequest{Inputs: []string{"Hi"}})
			for name, err := range map[string]error{"Validate": tt.settings.Validate(), "the first call": first, "the second call": second} {
				if llm.KindOf(err) != llm.InvalidRequest || !strings.Contains(err.Error(), "middleware."+tt.names) {
					t.Errorf("the error of %s is %v, want an invalid request that says %q", name, err, tt.names)
				}
			}
			equal(t, "the number of calls that were sent", len(p.Calls()), 0)
		})
	}
}

// No number can be negative in any setting of any piece, and the error names the field.
func TestNoSettingCanBeNegative(t *testing.T) {
	model := llmtest.New().Model()
	for _, good := range []piece{
		&middleware.Retry{}, &middleware.Timeout{Total: time.Hour}, &middleware.Fallback{To: []middleware.FallbackTarget{{Model: model}}},
		&middleware.Balance{Over: []middleware.Backend{{}}}, &middleware.Keys{Keys: []llm.Secret{"a"}}, &middleware.Breaker{}, &middleware.Hedge{},
		&middleware.Concurrency{Max: 1}, &middleware.RateLimit{Requests: 60, Tokens: 60}, &middleware.Budget{Prices: prices, PerProcess: 1},
		&middleware.Cache{}, &middleware.Trim{ContextWindow: 8000}, &middleware.Resume{},
	} {
		settings := reflect.ValueOf(good).Elem()
		eachNumber(settings, "", func(name string, number reflect.Value) {
			number.Set(reflect.ValueOf(-7).Convert(number.Type()))
			err := good.Validate()
			if want := settings.Type().Name() + ": " + name + " is -7"; llm.KindOf(err) != llm.InvalidRequest || !strings.Contains(err.Error(), want) {
				t.Errorf("the error is %v, want an invalid request that says %q", err, want)
			}
		})
	}
}

// eachNumber calls check with each numeric setting and its name in errors, and restores it.
func eachNumber(v reflect.Value, name string, check func(name string, number reflect.Value)) {
	switch v.Kind() {
	case reflect.Int, reflect.Int64, reflect.Float64:
		was := reflect.ValueOf(v.Interface())
		check(name, v)
		v.Set(was)
	case reflect.Slice:
		if v.Len() > 0 {
			eachNumber(v.Index(0), name, check)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if field := v.Type().Field(i); field.IsExported() && field.Tag.Get("json") != "-" {
				eachNumber(v.Field(i), strings.TrimPrefix(name+"."+field.Name, "."), check)
			}
		}
	}
}

// A call without a request is an error in every piece, not a panic. A Model makes no such
// call, but a direct caller of a handler can.
func TestCallsThatAskForNothingAreErrors(t *testing.T) {
	strict := func(context.Context, *llm.Call) llm.Events {
		return func(yield func(llm.Event, error) bool) {
			yield(llm.Event{}, &llm.Error{Kind: llm.InvalidRequest, Message: "the request is nil"})
		}
	}
	calls := []*llm.Call{nil, {Op: llm.OpChat}, {Op: llm.OpCountTokens}, {Op: llm.OpEmbed}, {Op: llm.OpChat, Buffered: true}}
	for _, c := range columns {
		if c.settings == nil {
			continue
		}
		made := c.settings(llmtest.New().Model())
		for _, call := range calls {
			_, err := llm.Collect(made.Wrap(strict)(t.Context(), call))
			if llm.KindOf(err) != llm.InvalidRequest || !strings.Contains(err.Error(), " is nil") {
				t.Errorf("%s: the error of the call %+v is %v, want an invalid request that says what is nil", c.name, call, err)
			}
		}
	}
}
