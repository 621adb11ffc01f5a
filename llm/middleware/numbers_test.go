package middleware_test

import (
	"context"
	"fmt"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
	"github.com/parley-llm/parley/llm/middleware"
)

// usageReply answers with text and a usage of in and out tokens.
func usageReply(in, out int) llmtest.Reply {
	return llmtest.Text("hi").DetailedUsage(llm.Usage{
		Input: llm.Tokens{N: in, Certainty: llm.CertaintyReported}, Output: llm.Tokens{N: out, Certainty: llm.CertaintyReported},
	})
}

// passed counts the calls that a limit lets through at once.
func passed(ctx context.Context, m *llm.Model, calls, maxTokens int) (n int) {
	for range calls {
		req := llm.Prompt("x")
		req.MaxTokens = maxTokens
		if _, err := m.Generate(ctx, req); err == nil {
			n++
		}
	}
	return n
}

// TestReportedUsageLiftsNoLimit checks that impossible usage neither opens a limit nor closes
// it for longer than the limit of a minute allows.
func TestReportedUsageLiftsNoLimit(t *testing.T) {
	for _, usage := range []int{math.MinInt, -100000, 1e12, math.MaxInt / 2, math.MaxInt} {
		synctest.Test(t, func(t *testing.T) {
			limit := &middleware.RateLimit{Tokens: 600, TokenBurst: 600, MaxWait: time.Nanosecond}
			m := llmtest.Always(usageReply(usage, usage)).Model(use(t, limit))
			if n := passed(t.Context(), m, 50, 0); n > 2 { // each reserves 500 of 600
				t.Errorf("usage of %d: %d of 50 calls passed", usage, n)
			}
			time.Sleep(5 * time.Minute)
			if n := passed(t.Context(), m, 1, 0); n != 1 {
				t.Errorf("usage of %d: the limit is still closed after 5 minutes", usage)
			}
		})
	}
}

func TestMaxTokensLiftsNoLimit(t *testing.T) {
	for _, n := range []int{601, 1 << 40, math.MaxInt - 1, math.MaxInt} {
		m := llmtest.Always(usageReply(1, 1)).
			Model(use(t, &middleware.RateLimit{Tokens: 600, TokenBurst: 600, MaxWait: time.Nanosecond}))
		if passed := passed(t.Context(), m, 5, n); passed > 0 {
			t.Errorf("MaxTokens %d: %d of 5 calls passed a limit of 600", n, passed)
		}
	}
}

func TestCountLiftsNoLimit(t *testing.T) {
	for _, n := range []int{math.MinInt, math.MaxInt} {
		limit := &middleware.RateLimit{Tokens: 600, TokenBurst: 600, MaxWait: time.Nanosecond,
			Count: func(context.Context, *llm.Call) (int, error) { return n, nil }}
		m := llmtest.Always(usageReply(1000, 1000)).Model(use(t, limit))
		if passed := passed(t.Context(), m, 50, 0); passed > 2 {
			t.Errorf("a count of %d: %d of 50 calls passed", n, passed)
		}
	}
}

func TestBudgetDoesNotOverflow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		budget := &middleware.Budget{PerProcess: 5, Prices: func(string, string) (llm.Prices, bool) { return llm.Prices{Input: 1, Output: 1}, true }}
		m := llmtest.Always(usageReply(9e17, 9e17).Wait(time.Second)).Model(use(t, budget))
		done := make(chan struct{})
		const calls = 12
		for range calls {
			go func() { _, _ = m.Generate(t.Context(), llm.Prompt("x")); done <- struct{}{} }()
		}
		for range calls {
			<-done
		}
		if spent, err := budget.Process(t.Context()); err != nil || spent < 5 {
			t.Errorf("$%v are spent, with the error %v", spent, err)
		}
		if _, err := m.Generate(t.Context(), llm.Prompt("x")); llm.KindOf(err) != llm.Quota {
			t.Errorf("a further call has the error %v", err)
		}
	})
}

func TestResetOfServerClosesNoModelForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := llmtest.NewServer(t)
		srv.Handle(func(*llmtest.Request) llmtest.HTTPReply {
			return llmtest.HTTP(200, "text/event-stream", "data: {\"id\":\"1\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n").
				WithHeader("X-Ratelimit-Limit-Requests", "1").
				WithHeader("X-Ratelimit-Remaining-Requests", "0").
				WithHeader("X-Ratelimit-Reset-Requests", "2562047h")
		})
		m := overHTTP(t, srv, use(t, &middleware.RateLimit{Requests: 100}))
		for i := range 2 {
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			if _, err := m.Generate(ctx, llm.Prompt("x")); err != nil {
				t.Errorf("call %d: %v", i, err)
			}
			cancel()
		}
	})
}

// FuzzNumbers passes a usage through everything that calculates with it.
func FuzzNumbers(f *testing.F) {
	for _, n := range []int64{0, 1, -1, 1 << 40, math.MaxInt64, math.MinInt64, 9e17} {
		f.Add(n, n, n)
		f.Add(n, int64(3), -n)
	}
	prices := func(string, string) (llm.Prices, bool) { return llm.Prices{Input: 3, Output: 15}, true }
	f.Fuzz(func(t *testing.T, in, out, maxTokens int64) {
		budget := &middleware.Budget{PerProcess: 1, Prices: prices}
		limit := &middleware.RateLimit{Tokens: 1000, TokenBurst: 1000, EstimatedOutputTokens: 600, MaxWait: time.Nanosecond}
		m := llmtest.Always(usageReply(int(in), int(out))).Model(use(t, budget, limit))
		before := 0.0
		for i := range 4 {
			req := llm.Prompt("x")
			if maxTokens > 500 {
				req.MaxTokens = int(maxTokens)
			}
			resp, err := m.Generate(t.Context(), req)
			spent, _ := budget.Process(t.Context())
			if spent < before {
				t.Fatalf("the sum fell from %v to %v", before, spent)
			}
			if before = spent; err != nil {
				continue
			}
			if used := min(max(in, 0), 1e6) + min(max(out, 0), 1e6); int64(i)*used > 1000 {
				t.Fatalf("%d calls with %d tokens each passed", i+1, used)
			}
			if sum := llm.SumUsage(resp.Usage, resp.Usage).Total().N; in >= 0 && out >= 0 && sum < max(int(in), int(out)) {
				t.Fatalf("the sum of %v is %d", fmt.Sprint(resp.Usage), sum)
			}
		}
	})
}
