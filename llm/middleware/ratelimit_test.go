package middleware_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
	"github.com/parley-llm/parley/llm/llmtest/conformance"
	"github.com/parley-llm/parley/llm/middleware"
	"github.com/parley-llm/parley/llm/middleware/store"
)

// byLength counts one token for each byte of the messages.
func byLength(_ context.Context, call *llm.Call) (int, error) {
	n := 0
	for _, m := range call.Request.Messages {
		n += len(m.Text())
	}
	return n, nil
}

func TestRateLimitLetsRequestsWaitInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		model := llmtest.Always(llmtest.Text("Hello")).Model(use(t, &middleware.RateLimit{Requests: 60, RequestBurst: 2}))
		var asked sync.WaitGroup
		for _, wait := range []time.Duration{0, 0, 1, 2, 3} { // seconds
			asked.Go(func() { ask(t, model).wantTook(t, wait*time.Second, wait*time.Second) })
			synctest.Wait()
		}
		asked.Wait()
		stream(t.Context(), model.With(llm.WithName("another")), llm.Prompt("Hi")).wantTook(t, 0, 0) // has a separate limit
	})
}

// The largest number is a valid burst.
func TestRateLimitTakesAnyBurst(t *testing.T) {
	for name, store := range map[string]store.Store{"of one machine": nil, "of a fleet": &store.Memory{}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				limit := &middleware.RateLimit{Requests: 1, RequestBurst: math.MaxInt, Tokens: 1000, TokenBurst: math.MaxInt, Count: byLength}
				limit.Shared.Store = store
				begun := time.Now()
				equal(t, "the number of calls sent", len(sentBy(t, 1000, use(t, limit))), 1000)
				equal(t, "the time for them", time.Since(begun), time.Duration(0))
			})
		})
	}
}

func TestRateLimitGivesUpAtOnce(t *testing.T) {
	for _, tt := range []struct {
		name     string
		limit    *middleware.RateLimit
		deadline time.Duration
	}{
		{"when the deadline cannot be met", &middleware.RateLimit{Requests: 6, RequestBurst: 1}, 5 * time.Second},
		{"when the wait is longer than the longest", &middleware.RateLimit{Requests: 6, RequestBurst: 1, MaxWait: 5 * time.Second}, time.Hour},
		{"when the tokens are not there in time", &middleware.RateLimit{Requests: 600, Tokens: 60, TokenBurst: 10, EstimatedOutputTokens: 8, Count: byLength}, 5 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := llmtest.Always(llmtest.Text("Hello").Usage(2, 8))
				model := p.Model(use(t, tt.limit))
				ctx, cancel := context.WithTimeout(t.Context(), tt.deadline)
				defer cancel()
				stream(ctx, model, llm.Prompt("Hi")).want(t, "start text done", "")
				h := stream(ctx, model, llm.Prompt("Hi"))
				h.want(t, "", llm.RateLimited)
				h.wantTook(t, 0, 0)
				if e, ok := errors.AsType[*llm.Error](h.err); !ok || e.RetryAfter != 10*time.Second {
					t.Errorf("the error %v does not say that there is a wait of 10s", h.err)
				}
				time.Sleep(10 * time.Second) // the call that gave up has taken nothing
				stream(t.Context(), model, llm.Prompt("Hi")).wantTook(t, 0, 0)
			})
		})
	}
}

// slowStore is a store that answers slowly.
type slowStore struct{ *store.Memory }

func (s slowStore) Reserve(ctx context.Context, key string, draws []store.Reservation, most time.Duration) (time.Duration, bool, error) {
	time.Sleep(100 * time.Millisecond)
	return s.Memory.Reserve(ctx, key, draws, most)
}

// A call whose slot would come too late leaves the queue as soon as that is known, and does
// not delay the others.
func TestRateLimitGivesUpAtOnceInAQueue(t *testing.T) {
	for name, limit := range map[string]*middleware.RateLimit{
		"of one machine":        {Requests: 6, RequestBurst: 1},
		"of a fleet":            {Requests: 6, RequestBurst: 1, Shared: middleware.Shared{Store: &store.Memory{}}},
		"before a store's word": {Requests: 6, RequestBurst: 1, Shared: middleware.Shared{Store: slowStore{&store.Memory{}}}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				model := llmtest.Always(llmtest.Text("Hello")).Model(use(t, limit))
				ask(t, model)
				var calls sync.WaitGroup
				for _, c := range []struct{ patience, took, wait time.Duration }{ // in order
					{patience: time.Hour, took: 10 * time.Second},
					{patience: 15 * time.Second, wait: 20 * time.Second},
					{patience: time.Hour, took: 20 * time.Second},
					{patience: 25 * time.Second, wait: 30 * time.Second},
					{patience: 35 * time.Second, took: 30 * time.Second},
				} {
					calls.Go(func() {
						ctx, cancel := context.WithTimeout(t.Context(), c.patience)
						defer cancel()
						h := stream(ctx, model, llm.Prompt("Hi"))
						h.wantTook(t, c.took, c.took+200*time.Millisecond)
						wait := time.Duration(0)
						if e, ok := errors.AsType[*llm.Error](h.err); ok && e.Kind == llm.RateLimited {
							wait = e.RetryAfter.Round(time.Second)
						}
						equal(t, fmt.Sprintf("the wait that a call with %v refuses", c.patience), wait, c.wait)
					})
					synctest.Wait()
				}
				calls.Wait()
			})
		})
	}
}

// The wait of a call that left does not affect later calls, once the server accepts requests
// again.
func TestRateLimitForgetsWhatACallThatLeftWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		saying := func(limits llm.RateLimits) llmtest.Reply {
			return llmtest.Events(
				llm.Event{Type: llm.EventStart, Detail: &llm.Start{RateLimits: &limits}},
				llm.Event{Type: llm.EventDone, Detail: &llm.Done{FinishReason: llm.FinishStop}})
		}
		opens := saying(llm.RateLimits{RequestLimit: 5, RequestsLeft: 5, RequestReset: time.Minute}).Wait(2 * time.Second)
		closes := saying(llm.RateLimits{RequestLimit: 1, RequestsLeft: 0, RequestReset: time.Minute})
		p := llmtest.New(opens, closes, llmtest.Text("Hello"), llmtest.Text("Hello"))
		shared := middleware.Shared{Store: slowStore{&store.Memory{}}}
		model := p.Model(use(t, &middleware.RateLimit{Requests: 6000, Shared: shared}))
		var calls sync.WaitGroup
		calls.Go(func() { ask(t, model) })
		time.Sleep(time.Second)
		ask(t, model)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(3*time.Second, cancel)
		stream(ctx, model, llm.Prompt("Hi")).want(t, "", llm.Canceled) // while it waits for the server, which accepts requests again afterwards
		calls.Wait()
		for range 2 { // the second waits behind the first, which uses the store
			calls.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				stream(ctx, model, llm.Prompt("Hi")).want(t, "start text done", "")
			})
			synctest.Wait()
		}
		calls.Wait()
	})
}

func TestRateLimitCountsTokens(t *testing.T) {
	limit := &middleware.RateLimit{Tokens: 60, TokenBurst: 30, EstimatedOutputTokens: 20, Count: byLength} // a token a second
	ten := llm.Prompt("0123456789")
	for _, tt := range []struct {
		name  string
		first llmtest.Reply
		wait  time.Duration // of a second call, of 10 and 20 tokens
	}{
		{"as reserved", llmtest.Text("Hello").Usage(10, 20), 30 * time.Second},
		{"less than reserved", llmtest.Text("Hello").Usage(10, 5), 15 * time.Second},
		{"more than reserved", llmtest.Text("Hello").Usage(10, 50), time.Minute},
		{"estimated where it is unknown", llmtest.Text("01234567"), 12 * time.Second},
		{"of a broken answer", llmtest.Text("01234567", "more").CutAfter(1, nil), 12 * time.Second},
		{"nothing for what was refused", failure(llm.InvalidRequest), 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				model := llmtest.New(tt.first, llmtest.Text("Hello")).Model(use(t, another(limit)))
				stream(t.Context(), model, ten)
				stream(t.Context(), model, ten).wantTook(t, tt.wait, tt.wait)
			})
		})
	}
	t.Run("never more than a minute's", func(t *testing.T) {
		h := stream(t.Context(), llmtest.New().Model(use(t, limit)), llm.Prompt(strings.Repeat("x", 50)))
		h.want(t, "", llm.InvalidRequest)
	})
	t.Run("counted by the model", func(t *testing.T) {
		p := llmtest.New(llmtest.Count(50), llmtest.Text("Hello").Usage(50, 10))
		model := p.Model(use(t, &middleware.RateLimit{Tokens: 55}))
		ask(t, model).want(t, "", llm.InvalidRequest) // 50 and 500
		equal(t, "the calls", p.Calls()[0].Op, llm.OpCountTokens)
	})
	t.Run("of embeddings", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			model := llmtest.Always(llmtest.Embedding([]float32{1})).Model(use(t, &middleware.RateLimit{Tokens: 60, TokenBurst: 10}))
			begun := time.Now()
			for range 2 { // 40 bytes count as 10 tokens
				if _, err := model.Embed(t.Context(), &llm.EmbedRequest{Inputs: []string{strings.Repeat("x", 40)}}); err != nil {
					t.Fatal(err)
				}
			}
			equal(t, "the time for two", time.Since(begun), 10*time.Second)
		})
	})
}

// If nothing can count tokens, four bytes count as one token, and other content as a thousand
// tokens.
func TestRateLimitGuessesTokens(t *testing.T) {
	request := func(parts ...llm.Part) *llm.Request {
		return &llm.Request{Messages: []llm.Message{llm.User("1234"), {Role: llm.RoleAssistant, Parts: parts}}}
	}
	forty := strings.Repeat("x", 40)
	withTool := request(llm.Text{Text: forty})
	withTool.Tools = []llm.Tool{{Name: "12345678", Description: "12345678", Parameters: []byte(`{"a": 1}`)}}
	for _, tt := range []struct {
		name   string
		req    *llm.Request
		tokens int // in addition to those of two messages and the answer
	}{
		{"text", request(llm.Text{Text: forty}), 10},
		{"reasoning", request(llm.Reasoning{Text: forty}), 10},
		{"refusal", request(llm.Refusal{Text: forty}), 10},
		{"tool call", request(llm.ToolCall{Name: "12345", Arguments: `{"a": "123456789012345678901234567890"}`}), 11},
		{"code", request(llm.Code{Source: forty, Output: forty}), 20},
		{"image", request(llm.Image{URL: "https://example.com/a.png"}), 1000},
		{"tools", withTool, 16},
	} {
		t.Run(tt.name, func(t *testing.T) {
			need := tt.tokens + 8 + 1 + 5 // between messages, the second message, the answer
			for limit, kind := range map[int]llm.Kind{need: "", need - 1: llm.InvalidRequest} {
				p := llmtest.New(failure(llm.Unsupported), llmtest.Text("Hello"))
				tt.req.MaxTokens = 5
				h := stream(t.Context(), p.Model(use(t, &middleware.RateLimit{Tokens: limit, TokenBurst: limit})), tt.req)
				if llm.KindOf(h.err) != kind {
					t.Errorf("with a limit of %d tokens the error is %v, want kind %q", limit, h.err, kind)
				}
			}
		})
	}
}

func TestRateLimitHeedsTheServer(t *testing.T) {
	d := conformance.OpenAI()
	hello := d.Stream(llmtest.Text("Hello").Usage(3, 1))
	limits := func(name, limit, left, reset string) llmtest.HTTPReply {
		return hello.WithHeader("X-Ratelimit-Limit-"+name, limit).WithHeader("X-Ratelimit-Remaining-"+name, left).
			WithHeader("X-Ratelimit-Reset-"+name, reset)
	}
	for _, tt := range []struct {
		name string
		wire llmtest.HTTPReply
		wait time.Duration
	}{
		{"no requests left", limits("Requests", "10", "0", "20s"), 2 * time.Second},
		{"some requests left", limits("Requests", "10", "1", "20s"), 0},
		{"too few tokens left", limits("Tokens", "10000", "100", "1m0s"), 60 * time.Second * 402 / 9900},
		{"enough tokens left", limits("Tokens", "10000", "600", "1m0s"), 0},
		{"asked to wait", d.ErrorReply(&llm.Error{Status: 429, RetryAfter: 7 * time.Second}), 7 * time.Second},
		{"nothing said", hello, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := llmtest.NewServer(t, tt.wire, hello)
				model := overHTTP(t, srv, use(t, &middleware.RateLimit{Requests: 6000, Tokens: 1e6, Count: byLength})) // "Hi" and 500
				ask(t, model)
				h := ask(t, model)
				h.wantTook(t, tt.wait-time.Microsecond, tt.wait+time.Microsecond)
			})
		})
	}
}

func TestRateLimitIsSharedThroughItsStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limit := &middleware.RateLimit{Requests: 60, RequestBurst: 1, Shared: middleware.Shared{Store: &store.Memory{}}}
		p := llmtest.Always(llmtest.Text("Hello"))
		ask(t, p.Model(use(t, another(limit)))).wantTook(t, 0, 0)
		ask(t, p.Model(use(t, another(limit)))).wantTook(t, time.Second, time.Second)
	})
}

func TestRateLimitWithoutItsStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := llmtest.Always(llmtest.Text("Hello"))
		ask(t, p.Model(use(t, &middleware.RateLimit{Requests: 60, Shared: refusing}))).wantStoreError(t)
		model := p.Model(use(t, &middleware.RateLimit{Requests: 60, RequestBurst: 1, Shared: local}))
		ask(t, model).wantTook(t, 0, 0)
		ask(t, model).wantTook(t, time.Second, time.Second)
	})
}

func TestRateLimitGivesBackWhatACancelledWaiterTook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		model := llmtest.Always(llmtest.Text("Hello")).Model(use(t, &middleware.RateLimit{Requests: 6, RequestBurst: 1}))
		ask(t, model)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		stream(ctx, model, llm.Prompt("Hi")).want(t, "", llm.Canceled)
		ask(t, model).wantTook(t, 9*time.Second, 9*time.Second)
	})
}

// Tokens that were reserved in one store must not be returned to another one.
func TestRateLimitGivesBackWhereItTook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		frail := &frailStore{Memory: &store.Memory{}}
		model := llmtest.Always(llmtest.Text("Hello").Usage(2, 0)).Model(use(t, &middleware.RateLimit{
			Tokens: 60, TokenBurst: 60, EstimatedOutputTokens: 38, Count: byLength, Shared: middleware.Shared{Store: frail}, // "Hi" may take 40
		}))
		away := func(away bool) {
			t.Helper()
			for range model.Stream(t.Context(), llm.Prompt("Hi")).Text() {
				frail.away.Store(away)
			}
		}
		away(true)  // 40 reserved in the shared store, which is unavailable when 38 are returned
		away(false) // 40 reserved and 38 returned locally, although the shared store is available again
		frail.away.Store(true)
		ask(t, model).wantTook(t, 0, 0)
		wait, ok, err := frail.Memory.Reserve(t.Context(), "rate/llmtest/scripted",
			[]store.Reservation{{}, {N: 60, Bucket: store.Bucket{Every: time.Second, Burst: 60}}}, time.Hour)
		equal(t, "the wait for a full shared bucket, of which 40 are taken", wait, 40*time.Second)
		equal(t, "whether it can be had", ok, true)
		equal(t, "the error", err, nil)
	})
}
