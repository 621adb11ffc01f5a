package middleware_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
	"github.com/parley-llm/parley/llm/middleware"
	"github.com/parley-llm/parley/llm/middleware/store"
)

func TestBreakerCountsTheServersFaultsOnly(t *testing.T) {
	for kind, state := range map[llm.Kind]string{
		llm.Server: "open", llm.Overloaded: "open", llm.Timeout: "open", llm.Network: "open", llm.Protocol: "open", llm.Incomplete: "open",
		llm.RateLimited: "closed", llm.InvalidRequest: "closed", llm.Auth: "closed", llm.ContextLength: "closed",
		llm.ContentFilter: "closed", llm.Quota: "closed", llm.Canceled: "closed", llm.Unsupported: "closed",
	} {
		t.Run(string(kind), func(t *testing.T) {
			b := &middleware.Breaker{Failures: 3}
			model := llmtest.Always(failure(kind)).Model(llm.WithMiddleware(b))
			for range 3 {
				ask(t, model).want(t, "", kind)
			}
			equal(t, "the state", b.State("llmtest", "scripted"), state)
			equal(t, "the state of another model", b.State("llmtest", "another"), "closed")
		})
	}
}

func TestBreakerCountsFailuresAfterContent(t *testing.T) {
	b := &middleware.Breaker{Failures: 2}
	model := llmtest.Always(llmtest.Text("Hel", "lo").CutAfter(1, nil)).Model(llm.WithMiddleware(b))
	for range 2 {
		ask(t, model).want(t, "start text", llm.Incomplete)
	}
	equal(t, "the state", b.State("llmtest", "scripted"), "open")
}

func TestBreakerOpensProbesAndCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var changes []string
		b := &middleware.Breaker{Failures: 2, OpenFor: 10 * time.Second, Observe: func(provider, model, from, to string) {
			changes = append(changes, provider+"/"+model+" "+from+" → "+to)
		}}
		p := llmtest.New(failure(llm.Server), failure(llm.Server), failure(llm.Server), llmtest.Text("Hello"), llmtest.Text("Hello"))
		model := p.Model(llm.WithMiddleware(b))
		ask(t, model)
		ask(t, model)
		time.Sleep(4 * time.Second)
		h := ask(t, model)
		h.want(t, "", llm.Overloaded)
		if e, ok := errors.AsType[*llm.Error](h.err); !ok || e.RetryAfter != 6*time.Second {
			t.Errorf("the error %v does not say that the breaker is open for 6s more", h.err)
		}
		equal(t, "calls while it is open", len(p.Calls()), 2)
		time.Sleep(6*time.Second + 1)
		ask(t, model).want(t, "", llm.Server) // the probe fails
		ask(t, model).want(t, "", llm.Overloaded)
		time.Sleep(10*time.Second + 1)
		ask(t, model).want(t, "start text done", "") // the probe succeeds
		ask(t, model).want(t, "start text done", "")
		equal(t, "the changes", changes, []string{
			"llmtest/scripted closed → open", "llmtest/scripted open → half-open", "llmtest/scripted half-open → open",
			"llmtest/scripted open → half-open", "llmtest/scripted half-open → closed",
		})
	})
}

func TestBreakerDoesNotCountCallsThatTheirCallerEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &middleware.Breaker{Failures: 1}
		model := llmtest.Always(llmtest.Text("late").Wait(time.Minute)).Model(llm.WithMiddleware(b))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		stream(ctx, model, llm.Prompt("Hi")).want(t, "", llm.Timeout)
		equal(t, "the state after the caller's deadline", b.State("llmtest", "scripted"), "closed")

		slow := llmtest.Always(llmtest.Text("late").Wait(time.Minute))
		limit := use(t, &middleware.Timeout{FirstEvent: time.Second})
		ask(t, slow.Model(limit, llm.WithMiddleware(b))).want(t, "", llm.Timeout)
		equal(t, "the state after a limit around it ran out", b.State("llmtest", "scripted"), "closed")
		ask(t, slow.Model(llm.WithMiddleware(b), limit)).want(t, "", llm.Timeout)
		equal(t, "the state after a limit inside of it ran out", b.State("llmtest", "scripted"), "open")
	})
}

// Errors of our own limits do not count as failures of the server and are not retried.
func TestBreakerAndRetryLeaveOwnLimitsAlone(t *testing.T) {
	for _, limit := range []piece{
		&middleware.RateLimit{Requests: 6, RequestBurst: 1, MaxWait: time.Second},
		&middleware.Concurrency{Max: 1, MaxWait: time.Second},
	} {
		t.Run(fmt.Sprintf("%T", limit), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := &middleware.Breaker{Failures: 1}
				p := llmtest.Always(llmtest.Text("Hello").Wait(5 * time.Second))
				model := p.Model(use(t, &middleware.Retry{}), llm.WithMiddleware(b), use(t, limit))
				var first sync.WaitGroup
				first.Go(func() { ask(t, model) })
				synctest.Wait()
				h := ask(t, model)
				h.want(t, "", llm.RateLimited)
				h.wantTook(t, 0, time.Second)
				first.Wait()
				equal(t, "the state", b.State("llmtest", "scripted"), "closed")
			})
		})
	}
}

func TestBreakerIsNotRetried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &middleware.Breaker{Failures: 2}
		p := llmtest.Always(failure(llm.Server))
		h := ask(t, p.Model(use(t, &middleware.Retry{MaxRetries: 5}), llm.WithMiddleware(b)))
		h.want(t, "attempt attempt", llm.Overloaded)
		equal(t, "the number of calls", len(p.Calls()), 2)
	})
}

func TestBreakerOfAnotherMachine(t *testing.T) {
	store := &store.Memory{}
	shared := &middleware.Breaker{Failures: 1, Shared: middleware.Shared{Store: store}}
	failing, healthy := llmtest.Always(failure(llm.Server)), llmtest.Always(llmtest.Text("Hello"))
	synctest.Test(t, func(t *testing.T) {
		ask(t, failing.Model(use(t, another(shared))))
		h := ask(t, healthy.Model(use(t, another(shared))))
		h.want(t, "", llm.Overloaded)
		time.Sleep(30*time.Second + 1)
		ask(t, healthy.Model(use(t, another(shared)))).want(t, "start text done", "")
	})
}

// After an outage, the machines that share a breaker send one probe together.
func TestBreakersOfAFleetProbeTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared := middleware.Shared{Store: &store.Memory{}}
		var well atomic.Bool
		p := llmtest.Always(llmtest.Func(func(ctx context.Context, call *llm.Call) llm.Events {
			reply := failure(llm.Server)
			if well.Load() {
				reply = llmtest.Text("Hello")
			}
			return llmtest.Always(reply.Wait(2*time.Second)).Do(ctx, call)
		}))
		machines := make([]*llm.Model, 5)
		for i := range machines {
			machines[i] = p.Model(use(t, &middleware.Breaker{Failures: 2, OpenFor: 10 * time.Second, Shared: shared}))
		}
		all := func(what string, want map[llm.Kind]int) { // all machines make a call at once
			t.Helper()
			got := make(map[llm.Kind]int)
			var mu sync.Mutex
			var calls sync.WaitGroup
			for _, m := range machines {
				calls.Go(func() {
					kind := llm.KindOf(ask(t, m).err)
					mu.Lock()
					defer mu.Unlock()
					got[kind]++
				})
			}
			calls.Wait()
			equal(t, what, got, want)
		}
		ask(t, machines[0])
		all("calls before a breaker opens", map[llm.Kind]int{llm.Server: 5}) // the second failure of the first machine
		all("calls while it is open", map[llm.Kind]int{llm.Overloaded: 5})
		time.Sleep(10*time.Second + 1)
		all("calls after that, of which one is a probe", map[llm.Kind]int{llm.Server: 1, llm.Overloaded: 4})
		all("calls after the probe has failed", map[llm.Kind]int{llm.Overloaded: 5})
		well.Store(true)
		time.Sleep(10*time.Second + 1)
		all("calls after that, of which one is a probe that succeeds", map[llm.Kind]int{"": 1, llm.Overloaded: 4})
		time.Sleep(10*time.Second + 1) // for machines whose local breaker is open
		all("calls after the probe has succeeded", map[llm.Kind]int{"": 5})
	})
}

// If the caller of a probe stops before there is an answer, another call is the probe.
func TestBreakersOfAFleetProbeAnewAfterAProbeThatWasLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared := &middleware.Breaker{Failures: 1, OpenFor: 10 * time.Second, Shared: middleware.Shared{Store: &store.Memory{}}}
		ask(t, llmtest.Always(failure(llm.Server)).Model(use(t, another(shared)))).want(t, "", llm.Server)
		time.Sleep(10*time.Second + 1)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		slow := llmtest.Always(llmtest.Text("late").Wait(time.Minute))
		stream(ctx, slow.Model(use(t, another(shared))), llm.Prompt("Hi")).want(t, "", llm.Timeout)
		ask(t, llmtest.Always(llmtest.Text("Hello")).Model(use(t, another(shared)))).want(t, "start text done", "")
	})
}

// The names of models must not collide in a store.
func TestBreakersOfAFleetTellModelsApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared := &middleware.Breaker{Failures: 1, Shared: middleware.Shared{Store: &store.Memory{}}}
		ask(t, llmtest.Always(failure(llm.Server)).Model(use(t, another(shared)))).want(t, "", llm.Server)
		healthy := llmtest.Always(llmtest.Text("Hello").Wait(time.Second)).Model(use(t, another(shared)))
		ask(t, healthy).want(t, "", llm.Overloaded)
		var calls sync.WaitGroup
		for range 2 { // more than the number of probes
			calls.Go(func() { ask(t, healthy.With(llm.WithName("scripted/open"))).want(t, "start text done", "") })
		}
		calls.Wait()
	})
}

func TestBreakerWithoutItsStore(t *testing.T) {
	p := llmtest.New(failure(llm.Server))
	ask(t, p.Model(use(t, &middleware.Breaker{Shared: refusing}))).wantStoreError(t)
	model := p.Model(use(t, &middleware.Breaker{Failures: 1, Shared: local}))
	ask(t, model).want(t, "", llm.Server)
	ask(t, model).want(t, "", llm.Overloaded)
}

// A probe that was not sent must not close the breaker.
func TestBreakerDoesNotCloseForACallThatWasNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &middleware.Breaker{Failures: 1}
		limit := use(t, &middleware.RateLimit{Tokens: 60, EstimatedOutputTokens: 10, Count: byLength})
		model := llmtest.Always(failure(llm.Server)).Model(llm.WithMiddleware(b), limit)
		ask(t, model).want(t, "", llm.Server)
		time.Sleep(31 * time.Second)
		stream(t.Context(), model, llm.Prompt(strings.Repeat("too long ", 10))).want(t, "", llm.InvalidRequest)
		equal(t, "the state", b.State("llmtest", "scripted"), "half-open")
		ask(t, model).want(t, "", llm.Server)
		equal(t, "the state after a probe that was sent", b.State("llmtest", "scripted"), "open")
	})
}
