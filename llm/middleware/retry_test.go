package middleware_test

import (
	"context"
	"errors"
	"math"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
	"github.com/parley-llm/parley/llm/llmtest/conformance"
	"github.com/parley-llm/parley/llm/middleware"
)

func TestRetryAsksAgainByKind(t *testing.T) {
	conflict := llmtest.Error(&llm.Error{Kind: llm.InvalidRequest, Status: http.StatusConflict})
	header := func(value string, kind llm.Kind) llmtest.Reply {
		return llmtest.Error(&llm.Error{Kind: kind, Header: http.Header{"X-Should-Retry": {value}}})
	}
	for _, tt := range []struct {
		name  string
		retry *middleware.Retry
		fails llmtest.Reply
		tries int
	}{
		{"rate limited", &middleware.Retry{}, failure(llm.RateLimited), 3},
		{"overloaded", &middleware.Retry{}, failure(llm.Overloaded), 3},
		{"server", &middleware.Retry{}, failure(llm.Server), 3},
		{"timeout", &middleware.Retry{}, failure(llm.Timeout), 3},
		{"network", &middleware.Retry{}, failure(llm.Network), 3},
		{"incomplete", &middleware.Retry{}, failure(llm.Incomplete), 3},
		{"conflict", &middleware.Retry{}, conflict, 3},
		{"quota", &middleware.Retry{}, failure(llm.Quota), 1},
		{"invalid request", &middleware.Retry{}, failure(llm.InvalidRequest), 1},
		{"auth", &middleware.Retry{}, failure(llm.Auth), 1},
		{"context length", &middleware.Retry{}, failure(llm.ContextLength), 1},
		{"a kind by itself", &middleware.Retry{}, llmtest.Error(llm.Overloaded), 3},
		{"an error that nobody has classified", &middleware.Retry{}, llmtest.Error(errors.New("odd")), 1},
		{"the server says yes", &middleware.Retry{}, header("true", llm.InvalidRequest), 3},
		{"the server says yes, with nothing left to spend", &middleware.Retry{}, header("true", llm.Quota), 1},
		{"the server says no", &middleware.Retry{}, header("false", llm.Server), 1},
		{"five retries", &middleware.Retry{MaxRetries: 5}, failure(llm.Server), 6},
		{"its own number for the kind", &middleware.Retry{PerKind: map[llm.Kind]int{llm.Auth: 1}}, failure(llm.Auth), 2},
		{"none for the kind", &middleware.Retry{PerKind: map[llm.Kind]int{llm.Timeout: 0}}, failure(llm.Timeout), 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := llmtest.Always(tt.fails)
				h := ask(t, p.Model(use(t, tt.retry)))
				if h.err == nil || len(p.Calls()) != tt.tries || len(h.resp.Attempts) != tt.tries {
					t.Errorf("there were %d calls and %d attempts in the response, with the error %v; want %d and an error",
						len(p.Calls()), len(h.resp.Attempts), h.err, tt.tries)
				}
			})
		})
	}
}

func TestRetryTellsOfEachTry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var observed []llm.Attempt
		retry := &middleware.Retry{Observe: func(_ context.Context, _ *llm.Call, tried llm.Attempt, wait time.Duration) {
			observed = append(observed, tried)
			if wait < 0 || wait > time.Second {
				t.Errorf("the wait is %v, want at most a second", wait)
			}
		}}
		p := llmtest.New(failure(llm.Server), llmtest.Text("never seen").CutAfter(0, nil), llmtest.Text("Hello").Usage(3, 1))
		h := ask(t, p.Model(use(t, retry)))
		h.want(t, "attempt attempt start text done", "")
		attempt := func(err error, usage llm.Usage) llm.Attempt {
			return llm.Attempt{Provider: "llmtest", Model: "scripted", Err: err, Usage: usage}
		}
		want := []llm.Attempt{attempt(llm.Server, llm.Usage{}), attempt(llm.Incomplete, llm.Usage{})}
		equal(t, "what the observer was told", observed, want)
		want = append(want, attempt(nil, llm.Usage{Input: llm.Known(3), Output: llm.Known(1)}))
		equal(t, "the response's attempts", h.resp.Attempts, want)
	})
}

func TestRetryNeverAfterContent(t *testing.T) {
	for _, tt := range []struct {
		name     string
		buffered bool
		calls    int
	}{
		{"streamed", false, 1},
		{"whole, so that nothing has been seen", true, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := llmtest.New(llmtest.Text("Hel", "lo").CutAfter(1, nil), llmtest.Text("Hello"))
				model := p.Model(use(t, &middleware.Retry{}))
				if tt.buffered {
					resp, err := model.Generate(t.Context(), llm.Prompt("Hi"))
					if err != nil || resp.Text() != "Hello" {
						t.Errorf("the answer is %v with the error %v, want Hello", resp, err)
					}
				} else {
					ask(t, model).want(t, "start text", llm.Incomplete)
				}
				equal(t, "the number of calls", len(p.Calls()), tt.calls)
			})
		})
	}
}

// Waits up to a minute are obeyed, longer waits fail at once, and invalid values are ignored.
func TestRetryHeedsTheServersHints(t *testing.T) {
	const ignored, refused = -1, -2
	now := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) // when the bubbles of synctest begin
	long := make([]byte, 300)
	for i := range long {
		long[i] = '9'
	}
	for _, tt := range []struct {
		header, value string
		wait          time.Duration
	}{
		{"Retry-After", "20", 20 * time.Second},
		{"Retry-After", "0.5", 500 * time.Millisecond},
		{"Retry-After", "60", time.Minute},
		{"Retry-After", "61", refused},
		{"Retry-After", "121", refused},
		{"Retry-After", now.Add(30 * time.Second).Format(http.TimeFormat), 30 * time.Second},
		{"Retry-After", now.Add(time.Hour).Format(http.TimeFormat), refused},
		{"Retry-After", now.Add(-time.Hour).Format(http.TimeFormat), ignored},
		{"Retry-After", "0", ignored},
		{"Retry-After", "inf", ignored},
		{"Retry-After", "nan", ignored},
		{"Retry-After", "-1", ignored},
		{"Retry-After", "1e100", ignored},
		{"Retry-After", string(long), ignored},
		{"Retry-After", "Fri, 32 Dec 1999 25:00:00 GMT", ignored},
		{"Retry-After", "soon", ignored},
		{"Retry-After-Ms", "250", 250 * time.Millisecond},
		{"Retry-After-Ms", "61000", refused},
	} {
		t.Run(tt.header+" "+tt.value[:min(len(tt.value), 40)], func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := conformance.OpenAI()
				limited := d.ErrorReply(&llm.Error{Status: http.StatusTooManyRequests, Message: "slow down"})
				srv := llmtest.NewServer(t, limited.WithHeader(tt.header, tt.value), d.Stream(llmtest.Text("Hello").Usage(3, 1)))
				h := ask(t, overHTTP(t, srv, use(t, &middleware.Retry{})))
				switch tt.wait {
				case refused:
					h.want(t, "", llm.RateLimited)
					h.wantTook(t, 0, 0)
					if e, ok := errors.AsType[*llm.Error](h.err); !ok || e.RetryAfter <= time.Minute {
						t.Errorf("the error %v does not say how long the server asked to wait", h.err)
					}
				case ignored:
					h.want(t, "attempt start text done", "")
					h.wantTook(t, 0, 500*time.Millisecond)
				default:
					h.want(t, "attempt start text done", "")
					h.wantTook(t, tt.wait, tt.wait*11/10+1)
				}
			})
		})
	}
}

func TestRetryBacksOffWithFullJitter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bounds := []time.Duration{500, 1000, 2000, 4000, 8000, 8000, 8000}
		longest := make([]time.Duration, len(bounds))
		for range 60 {
			n := 0
			retry := &middleware.Retry{
				MaxRetries: len(bounds),
				Observe: func(_ context.Context, _ *llm.Call, _ llm.Attempt, wait time.Duration) {
					if bound := bounds[n] * time.Millisecond; wait > bound {
						t.Errorf("the wait before retry %d is %v, want at most %v", n+1, wait, bound)
					}
					longest[n] = max(longest[n], wait)
					n++
				},
			}
			ask(t, llmtest.Always(failure(llm.Server)).Model(use(t, retry)))
		}
		for i, bound := range bounds { // waits are random up to a limit: this fails by chance once in 10^10 runs
			if longest[i] < bound*time.Millisecond*2/3 {
				t.Errorf("of 60 waits before retry %d the longest is %v, want nearly %v", i+1, longest[i], bound*time.Millisecond)
			}
		}
	})
}

func TestRetryWithoutABoundOnItsBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := llmtest.New(failure(llm.Server), llmtest.Text("Hello"))
		h := ask(t, p.Model(use(t, &middleware.Retry{MinBackoff: math.MaxInt64})))
		if h.err != nil && !errors.Is(h.err, llm.Server) {
			t.Errorf("the error is %v", h.err)
		}
	})
}

func TestRetryEndsWithItsContext(t *testing.T) {
	waiting := llmtest.Error(&llm.Error{Kind: llm.RateLimited, RetryAfter: 30 * time.Second})
	t.Run("cancelled while it sleeps", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(10*time.Second, cancel)
			p := llmtest.Always(waiting)
			h := stream(ctx, p.Model(use(t, &middleware.Retry{})), llm.Prompt("Hi"))
			h.want(t, "attempt", llm.Canceled)
			h.wantTook(t, 10*time.Second, 10*time.Second)
			if !errors.Is(h.err, context.Canceled) || len(p.Calls()) != 1 {
				t.Errorf("after %d calls the error is %v, want one call and context.Canceled", len(p.Calls()), h.err)
			}
		})
	})
	t.Run("a deadline before the wait is over", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			h := stream(ctx, llmtest.Always(waiting).Model(use(t, &middleware.Retry{})), llm.Prompt("Hi"))
			h.want(t, "", llm.RateLimited)
			h.wantTook(t, 0, 0)
		})
	})
	t.Run("left at the report of an attempt", func(t *testing.T) {
		p := llmtest.Always(failure(llm.Server))
		for range p.Model(use(t, &middleware.Retry{})).Stream(t.Context(), llm.Prompt("Hi")).Events() {
			break
		}
		equal(t, "the number of calls", len(p.Calls()), 1)
	})
}

// A sequence of calls with the results of their attempts, and the number of attempts that the
// budget allows. The AWS SDK has a similar test.
func TestRetryBudgetScript(t *testing.T) {
	const fail, throttled, work = llm.Server, llm.RateLimited, llm.Kind("")
	steps := []struct {
		outcomes []llm.Kind
		left     int // tokens in the bucket afterwards, for readers
	}{
		{[]llm.Kind{work}, 40},             // a full bucket stays full
		{[]llm.Kind{fail, work}, 40},       // the cost of a successful retry is returned
		{[]llm.Kind{fail, fail, work}, 26}, // the cost of the failed retry is not
		{[]llm.Kind{fail, fail}, 12},       // enough tokens for one retry only
		{[]llm.Kind{fail}, 12},
		{[]llm.Kind{throttled, throttled, throttled}, 2}, // MaxRetries allows three
		{[]llm.Kind{throttled}, 2},
		{[]llm.Kind{work}, 3},
		{[]llm.Kind{work}, 4},
		{[]llm.Kind{throttled}, 4},
		{[]llm.Kind{work}, 5},
		{[]llm.Kind{throttled, work}, 5},
		{[]llm.Kind{throttled, fail}, 0},
		{[]llm.Kind{throttled}, 0},
	}
	synctest.Test(t, func(t *testing.T) {
		retry := use(t, &middleware.Retry{Budget: middleware.RetryBudget{Tokens: 40, Cost: 14, ThrottledCost: 5}})
		for i, step := range steps {
			var replies []llmtest.Reply
			for _, kind := range step.outcomes {
				if kind == work {
					replies = append(replies, llmtest.Text("Hello"))
				} else {
					replies = append(replies, failure(kind))
				}
			}
			p := llmtest.New(replies...)
			h := ask(t, p.Model(retry))
			last := step.outcomes[len(step.outcomes)-1]
			if tries := len(p.Calls()); tries != len(step.outcomes) || llm.KindOf(h.err) != last {
				t.Errorf("call %d: %d tries and the error %v, want %d that end with %q", i+1, tries, h.err, len(step.outcomes), last)
			}
		}
	})
}

func TestRetryBudgetIsKeptByModel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		retry := use(t, &middleware.Retry{Budget: middleware.RetryBudget{Tokens: 14, Cost: 14}})
		spent, fresh := llmtest.Always(failure(llm.Server)), llmtest.Always(failure(llm.Server))
		ask(t, spent.Model(retry))
		ask(t, spent.Model(retry))
		ask(t, fresh.Model(retry, llm.WithName("another")))
		equal(t, "the calls of both models", []int{len(spent.Calls()), len(fresh.Calls())}, []int{3, 2})
	})
}
