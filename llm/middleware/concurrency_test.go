package middleware_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
	"github.com/parley-llm/parley/llm/middleware"
)

func TestConcurrencyLetsCallsWaitInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		underWay, most := 0, 0
		var mu sync.Mutex
		var order []string
		count := func(by int) {
			mu.Lock()
			defer mu.Unlock()
			underWay += by
			most = max(most, underWay)
		}
		p := llmtest.Always(llmtest.Func(func(ctx context.Context, call *llm.Call) llm.Events {
			return func(yield func(llm.Event, error) bool) {
				count(+1)
				defer count(-1)
				mu.Lock()
				order = append(order, call.Request.Messages[0].Text())
				mu.Unlock()
				llmtest.Always(llmtest.Text("Hello").Wait(10*time.Second)).Do(ctx, call)(yield)
			}
		}))
		model := p.Model(use(t, &middleware.Concurrency{Max: 2}))
		var asked sync.WaitGroup
		for _, name := range []string{"a", "b", "c", "d", "e"} {
			asked.Go(func() { stream(t.Context(), model, llm.Prompt(name)).want(t, "start text done", "") })
			time.Sleep(time.Second)
		}
		asked.Wait()
		equal(t, "the order", order, []string{"a", "b", "c", "d", "e"})
		equal(t, "the most at once", most, 2)
	})
}

func TestConcurrencyFreesTheTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		model := llmtest.New(llmtest.Text("a", "b"), llmtest.Text("late").Wait(time.Minute), failure(llm.Server), llmtest.Text("Hello")).
			Model(use(t, &middleware.Concurrency{Max: 1}))
		for range model.Stream(t.Context(), llm.Prompt("left")).Text() {
			break
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		stream(ctx, model, llm.Prompt("ended")).want(t, "", llm.Timeout)
		ask(t, model).want(t, "", llm.Server)
		ask(t, model).want(t, "start text done", "")
	})
}

func TestConcurrencyGivesUp(t *testing.T) {
	for _, tt := range []struct {
		name    string
		maxWait time.Duration
		kind    llm.Kind
		after   time.Duration
	}{
		{"when its context ends", 0, llm.Canceled, 5 * time.Second},
		{"after its longest wait", 2 * time.Second, llm.RateLimited, 2 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				model := llmtest.Always(llmtest.Text("Hello").Wait(time.Minute)).
					Model(use(t, &middleware.Concurrency{Max: 1, MaxWait: tt.maxWait}))
				var first sync.WaitGroup
				first.Go(func() { ask(t, model) })
				synctest.Wait()
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(5*time.Second, cancel)
				h := stream(ctx, model, llm.Prompt("Hi"))
				h.want(t, "", tt.kind)
				h.wantTook(t, tt.after, tt.after)
				other := stream(t.Context(), model.With(llm.WithName("another")), llm.Prompt("Hi")) // has separate slots
				other.wantTook(t, time.Minute, time.Minute)
				first.Wait()
			})
		})
	}
}
