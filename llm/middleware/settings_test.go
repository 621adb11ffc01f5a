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

// Settings that cannot be meant are refused where the middleware is made, by
// the field's name.
func TestBadSettingsAreRefusedByName(t *testing.T) {
	model := llmtest.New().Model()
	for _, tt := range []struct {
		settings maker
		names    string
	}{
		{middleware.Retry{MaxRetries: -1}, "Retry: MaxRetries is -1;"},
		{middleware.Retry{MinBackoff: -time.Second}, "Retry: MinBackoff is -1s;"},
		{middleware.Retry{MinBackoff: 2 * time.Second, MaxBackoff: time.Second}, "Retry: MaxBackoff is 1s, less than MinBackoff, 2s"},
		{middleware.Retry{MaxWait: -1}, "Retry: MaxWait is -1ns;"},
		{middleware.Retry{PerKind: map[llm.Kind]int{"odd": 1}}, `Retry: PerKind has "odd"; there is no such kind of error; there is: invalid_request, context_length_exceeded, `},
		{middleware.Retry{PerKind: map[llm.Kind]int{llm.Server: -2}}, `Retry: PerKind is -2 for "server_error";`},
		{middleware.Retry{Budget: middleware.RetryBudget{Tokens: -5}}, "Retry: Budget.Tokens is -5;"},
		{middleware.Retry{Budget: middleware.RetryBudget{Tokens: 5}}, "Retry: Budget.Tokens is 5, which no retry at the Cost of 14"},
		{middleware.Timeout{}, "Timeout: FirstEvent is zero, and so are Idle and Total;"},
		{middleware.Timeout{Idle: -1}, "Timeout: Idle is -1ns;"},
		{middleware.Timeout{Idle: 2, Total: 1}, "Timeout: Idle is 2ns, more than Total, 1ns"},
		{middleware.Timeout{FirstEvent: 2, Total: 1}, "Timeout: FirstEvent is 2ns, more than Total, 1ns"},
		{middleware.Fallback{}, "Fallback: To is empty;"},
		{middleware.Fallback{To: []middleware.Alternative{{Name: "a/b"}}}, `Fallback: To has no Model for the name "a/b"`},
		{middleware.Fallback{To: []middleware.Alternative{{Model: model, On: []llm.Kind{"odd"}}}}, `Fallback: To.On has "odd";`},
		{middleware.Balance{}, "Balance: Over is empty;"},
		{middleware.Balance{Over: []middleware.Backend{{Weight: -1}}}, "Balance: Over.Weight is -1;"},
		{middleware.Balance{Over: []middleware.Backend{{Name: "a/b"}}}, `Balance: Over has no Model for the name "a/b"`},
		{middleware.Balance{Over: []middleware.Backend{{}}, Strategy: "odd"}, `Balance: Strategy is "odd";`},
		{middleware.Balance{Over: []middleware.Backend{{}}, Failures: -1}, "Balance: Failures is -1;"},
		{middleware.Balance{Over: []middleware.Backend{{}}, Cooldown: -1}, "Balance: Cooldown is -1ns;"},
		{keys{}, "Keys: Keys is empty"},
		{keys{Keys: []llm.Secret{""}}, "Keys: Keys has an empty key"},
		{keys{Keys: []llm.Secret{"a"}, Cooldown: -1}, "Keys: Cooldown is -1ns;"},
		{middleware.Breaker{Failures: -1}, "Breaker: Failures is -1;"},
		{middleware.Breaker{OpenFor: -1}, "Breaker: OpenFor is -1ns;"},
		{middleware.Breaker{Probes: -1}, "Breaker: Probes is -1;"},
		{middleware.Breaker{Shared: middleware.Shared{StoreDown: "odd"}}, `Breaker: Shared.StoreDown is "odd";`},
		{middleware.Breaker{Shared: middleware.Shared{Name: "fleet"}}, `Breaker: Shared.Store is nil, and has the name "fleet";`},
		{middleware.Hedge{Quantile: 1}, "Hedge: Quantile is 1;"},
		{middleware.Hedge{Quantile: -0.5}, "Hedge: Quantile is -0.5;"},
		{middleware.Hedge{Window: 5}, "Hedge: Window is 5;"},
		{middleware.Hedge{Initial: -1}, "Hedge: Initial is -1ns;"},
		{middleware.Hedge{MaxShare: 2}, "Hedge: MaxShare is 2;"},
		{middleware.Hedge{Name: "a/b"}, `Hedge: Model is missing for the name "a/b"`},
		{middleware.Concurrency{}, "Concurrency: Max is 0;"},
		{middleware.Concurrency{Max: 1, MaxWait: -1}, "Concurrency: MaxWait is -1ns;"},
		{middleware.RateLimit{}, "RateLimit: Requests is zero, and so is Tokens;"},
		{middleware.RateLimit{Requests: -1}, "RateLimit: Requests is -1;"},
		{middleware.RateLimit{Tokens: -1}, "RateLimit: Tokens is -1;"},
		{middleware.RateLimit{Tokens: 1, RequestBurst: 5}, "RateLimit: RequestBurst is 5, but there is no limit on Requests"},
		{middleware.RateLimit{Requests: 1, TokenBurst: 5}, "RateLimit: TokenBurst is 5, but there is no limit on Tokens"},
		{middleware.RateLimit{Requests: 1, RequestBurst: -5}, "RateLimit: RequestBurst is -5;"},
		{middleware.RateLimit{Requests: 1, Answer: -5}, "RateLimit: Answer is -5;"},
		{middleware.RateLimit{Requests: 1, MaxWait: -5}, "RateLimit: MaxWait is -5ns;"},
		{middleware.RateLimit{Requests: 1, Shared: middleware.Shared{StoreDown: "odd"}}, `RateLimit: Shared.StoreDown is "odd";`},
		{middleware.Budget{Prices: prices}, "Budget: PerProcess is zero, and so are PerDay and PerKey;"},
		{middleware.Budget{Prices: prices, PerProcess: -1}, "Budget: PerProcess is -1;"},
		{middleware.Budget{Prices: prices, PerDay: -1}, "Budget: PerDay is -1;"},
		{middleware.Budget{Prices: prices, PerKey: -1}, "Budget: PerKey is -1;"},
		{middleware.Budget{PerDay: 1}, "Budget: Prices is nil"},
		{middleware.Budget{Prices: prices, PerDay: 1, Answer: -1}, "Budget: Answer is -1;"},
		{middleware.Budget{Prices: prices, PerDay: math.NaN()}, "Budget: PerDay is NaN;"},
		{middleware.Budget{Prices: prices, PerDay: math.Inf(1)}, "Budget: PerDay is +Inf;"},
		{middleware.Budget{Prices: prices, PerDay: 1e10}, "Budget: PerDay is 1e+10;"},
		{middleware.Hedge{Quantile: math.NaN()}, "Hedge: Quantile is NaN;"},
		{middleware.Hedge{MaxShare: math.NaN()}, "Hedge: MaxShare is NaN;"},
		{middleware.Cache{TTL: -1}, "Cache: TTL is -1ns;"},
		{middleware.Cache{MaxBytes: -1}, "Cache: MaxBytes is -1;"},
		{middleware.Cache{Shared: middleware.Shared{StoreDown: "odd"}}, `Cache: Shared.StoreDown is "odd";`},
		{middleware.Trim{}, "Trim: ContextWindow is zero, and Info is nil;"},
		{middleware.Trim{ContextWindow: -1}, "Trim: ContextWindow is -1;"},
		{middleware.Trim{ContextWindow: 10}, "Trim: ContextWindow is 10, which leaves nothing besides Answer, 1000"},
		{middleware.Trim{ContextWindow: 10, Answer: -1}, "Trim: Answer is -1;"},
		{middleware.Resume{MaxResumes: -1}, "Resume: MaxResumes is -1;"},
		{middleware.Resume{Continue: []string{""}}, "Resume: Continue has an empty name"},
	} {
		t.Run(tt.names, func(t *testing.T) {
			made, err := tt.settings.Middleware()
			if made != nil || llm.KindOf(err) != llm.InvalidRequest || !strings.Contains(err.Error(), "middleware."+tt.names) {
				t.Errorf("the error is %v, want an invalid request that says %q", err, tt.names)
			}
		})
	}
}

// No number can be negative, of whatever setting of whatever middleware, and the error has its name.
func TestNoSettingCanBeNegative(t *testing.T) {
	model := llmtest.New().Model()
	for _, good := range []maker{
		middleware.Retry{}, middleware.Timeout{Total: time.Hour}, middleware.Fallback{To: []middleware.Alternative{{Model: model}}},
		middleware.Balance{Over: []middleware.Backend{{}}}, keys{Keys: []llm.Secret{"a"}}, middleware.Breaker{}, middleware.Hedge{},
		middleware.Concurrency{Max: 1}, middleware.RateLimit{Requests: 60, Tokens: 60}, middleware.Budget{Prices: prices, PerProcess: 1},
		middleware.Cache{}, middleware.Trim{ContextWindow: 8000}, middleware.Resume{},
	} {
		settings := reflect.New(reflect.TypeOf(good)).Elem()
		settings.Set(reflect.ValueOf(good))
		eachNumber(settings, "", func(name string, number reflect.Value) {
			number.Set(reflect.ValueOf(-7).Convert(number.Type()))
			_, err := settings.Interface().(maker).Middleware()
			if want := settings.Type().Name() + ": " + name + " is -7"; llm.KindOf(err) != llm.InvalidRequest || !strings.Contains(strings.ReplaceAll(err.Error(), "keys", "Keys"), strings.ReplaceAll(want, "keys", "Keys")) {
				t.Errorf("the error is %v, want an invalid request that says %q", err, want)
			}
		})
	}
}

// eachNumber calls check with the number of each setting, by the name that errors have for it, and sets it back.
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
			if field := v.Type().Field(i); field.Tag.Get("yaml") != "-" {
				eachNumber(v.Field(i), strings.TrimPrefix(name+"."+field.Name, "."), check)
			}
		}
	}
}

// A call that asks for nothing is an error of every middleware, not a panic: no Model makes one, but
// whoever calls a handler can.
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
		made, err := c.settings(llmtest.New().Model()).Middleware()
		if err != nil {
			t.Fatal(err)
		}
		for _, call := range calls {
			_, err := llm.Collect(made(strict)(t.Context(), call))
			if llm.KindOf(err) != llm.InvalidRequest || !strings.Contains(err.Error(), " is nil") {
				t.Errorf("%s: the error of the call %+v is %v, want an invalid request that says what is nil", c.name, call, err)
			}
		}
	}
}

// keys makes a middleware of Keys, as the table wants.
type keys middleware.Keys

func (k keys) Middleware() (llm.Middleware, error) {
	ring, err := middleware.NewKeyRing(middleware.Keys(k))
	if err != nil {
		return nil, err
	}
	return ring.Middleware, nil
}
