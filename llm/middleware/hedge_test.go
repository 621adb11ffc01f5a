package middleware_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
	"github.com/parley-llm/parley/llm/middleware"
)

// always sends a second request after a second.
var always = &middleware.Hedge{Initial: time.Second, MaxShare: 1}

func TestHedgeTakesTheFirstWithContent(t *testing.T) {
	slow, fast := llmtest.Text("slow").Wait(10*time.Second), llmtest.Text("fast").Wait(2*time.Second)
	for _, tt := range []struct {
		name          string
		first, second llmtest.Reply
		events        string
		kind          llm.Kind
		text          string
		took          time.Duration
		calls         int
	}{
		{"soon enough", llmtest.Text("soon"), fast, "start text done", "", "soon", 0, 1},
		{"the second", slow, fast, "start text attempt done", "", "fast", 3 * time.Second, 2},
		{"the first after all", fast, slow, "start text attempt done", "", "fast", 2 * time.Second, 2},
		{"a start is no content", llmtest.Text("slow").Pace(10 * time.Second), fast, "start text attempt done", "", "fast", 3 * time.Second, 2},
		{"the first fails soon", failure(llm.Server), fast, "", llm.Server, "", 0, 1},
		{"the first fails late", failure(llm.Server).Wait(2 * time.Second), fast, "start text attempt done", "", "fast", 3 * time.Second, 2},
		{"the second fails", slow, failure(llm.Server), "start text attempt done", "", "slow", 10 * time.Second, 2},
		{"both fail", failure(llm.Server).Wait(5 * time.Second), failure(llm.Auth), "attempt", llm.Server, "", 5 * time.Second, 2},
		{"the winner is cut", slow, fast.CutAfter(1, nil), "start text attempt", llm.Incomplete, "fast", 3 * time.Second, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := llmtest.New(tt.first, tt.second)
				h := ask(t, p.Model(use(t, another(always))))
				h.want(t, tt.events, tt.kind)
				h.wantTook(t, tt.took, tt.took)
				equal(t, "the text", h.resp.Text(), tt.text)
				equal(t, "the number of calls", len(p.Calls()), tt.calls)
			})
		})
	}
}

func TestHedgeCancelsTheLoserAtTheWinnersFirstContent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		var canceled time.Duration
		var n int
		var mu sync.Mutex
		p := llmtest.Always(llmtest.Func(func(ctx context.Context, call *llm.Call) llm.Events {
			mu.Lock()
			n++
			first := n == 1
			mu.Unlock()
			if !first {
				return llmtest.Always(llmtest.Text("a", "b", "c").Pace(time.Second)).Do(ctx, call)
			}
			return func(yield func(llm.Event, error) bool) {
				<-ctx.Done()
				canceled = time.Since(begun)
				yield(llm.Event{}, &llm.Error{
					Kind: llm.Canceled, Err: ctx.Err(), Partial: &llm.Response{Usage: llm.Usage{Input: llm.Known(7)}},
				})
			}
		}))
		h := ask(t, p.Model(use(t, another(always))))
		h.want(t, "start text text text attempt done", "")
		equal(t, "when the loser was cancelled", canceled, 2*time.Second)
		equal(t, "what the loser cost", h.resp.Attempts[0].Usage, llm.Usage{Input: llm.Known(7)})
		if !errors.Is(h.resp.Attempts[0].Err, llm.Canceled) {
			t.Errorf("the loser's error is %v, want one of kind %q", h.resp.Attempts[0].Err, llm.Canceled)
		}
	})
}

func TestHedgeLearnsWhatIsSlow(t *testing.T) {
	const slowest = 200 * time.Millisecond // the 95 % quantile of 20 answers
	for _, tt := range []struct {
		name  string
		known int // answers before
		took  time.Duration
	}{
		{"too few answers known", 19, time.Minute},
		{"enough answers known", 20, slowest},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var replies []llmtest.Reply
				for i := range tt.known {
					replies = append(replies, llmtest.Text("Hello").Wait(slowest*time.Duration(20-i)/20))
				}
				p := llmtest.New(append(replies, llmtest.Text("slow").Wait(time.Minute), llmtest.Text("fast"))...)
				model := p.Model(use(t, &middleware.Hedge{}))
				for range tt.known {
					ask(t, model).want(t, "start text done", "")
				}
				ask(t, model).wantTook(t, tt.took, tt.took)
			})
		})
	}
}

func TestHedgeBoundsItsShare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := llmtest.Always(llmtest.Text("slow").Wait(5 * time.Second))
		model := p.Model(use(t, &middleware.Hedge{Initial: time.Second, MaxShare: 0.2}))
		for range 20 {
			ask(t, model)
		}
		equal(t, "calls to the provider for 20 of the program's", len(p.Calls()), 24)
	})
}

func TestHedgeAsksAnotherModel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		other := llmtest.Always(llmtest.Text("fast")).Named("second").Model(llm.WithName("other"))
		hedge := another(always)
		hedge.Model = other
		h := ask(t, llmtest.Always(llmtest.Text("slow").Wait(time.Minute)).Model(use(t, hedge)))
		h.want(t, "start warning text attempt done", "")
		equal(t, "the warnings", h.resp.Warnings, []llm.Warning{{
			Code: llm.WarnAnsweredBy, Message: "second/other answered sooner than llmtest/scripted",
		}})
	})
}

func TestHedgeEndsWithItsCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		model := llmtest.Always(llmtest.Text("slow").Wait(time.Minute)).Model(use(t, another(always)))
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		h := stream(ctx, model, llm.Prompt("Hi"))
		h.want(t, "attempt", llm.Timeout)
		h.wantTook(t, 3*time.Second, 3*time.Second)
	})
	synctest.Test(t, func(t *testing.T) { // a goroutine that is left running fails the test
		p := llmtest.New(llmtest.Text("slow").Wait(time.Minute), llmtest.Text("fast", "er"))
		for ev := range p.Model(use(t, another(always))).Stream(t.Context(), llm.Prompt("Hi")).Text() {
			equal(t, "the first piece", ev, "fast")
			break
		}
	})
}

func TestHedgeReportsALoserThatIsAnotherModel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		usage := llm.Usage{Input: llm.Known(7)}
		late := llmtest.Always(llmtest.Func(func(ctx context.Context, _ *llm.Call) llm.Events {
			return func(yield func(llm.Event, error) bool) {
				<-ctx.Done() // like an engine that ends its answer when it is cancelled
				yield(llm.Event{Type: llm.EventDone, Detail: &llm.Done{Usage: usage}}, nil)
			}
		}))
		hedge := another(always)
		hedge.Model = late.Named("second").Model(llm.WithName("other"))
		h := ask(t, llmtest.Always(llmtest.Text("fast").Wait(2*time.Second)).Model(use(t, hedge)))
		h.want(t, "start text attempt done", "")
		equal(t, "the loser", h.resp.Attempts[0], llm.Attempt{Provider: "second", Model: "other", Err: llm.Canceled, Usage: usage})
	})
}
