package middleware_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	vendor "github.com/sashabaranov/go-openai"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
	"github.com/parley-llm/parley/llm/middleware"
	"github.com/parley-llm/parley/llm/middleware/store"
	"github.com/parley-llm/parley/providers/openai"
)

// sure returns a request with temperature 0.
func sure(text string) *llm.Request {
	req := llm.Prompt(text)
	req.Temperature = new(0.0)
	return req
}

// all returns the events of an answer.
func all(t *testing.T, model *llm.Model, req *llm.Request) []llm.Event {
	t.Helper()
	var events []llm.Event
	for ev, err := range model.Stream(t.Context(), req).Events() {
		if err != nil {
			t.Fatalf("the error is %v, want none", err)
		}
		events = append(events, ev)
	}
	return events
}

func TestCacheReplaysTheStream(t *testing.T) {
	event := func(typ llm.EventType, text string, detail llm.Detail) llm.Event {
		return llm.Event{Type: typ, Text: text, Detail: detail}
	}
	seal := &llm.ProviderData{Provider: "llmtest", Data: []byte{0, 255}}
	call := llm.ToolCall{ID: "1", Name: "weather", Arguments: `{"city": "Oslo"}`, ProviderData: seal}
	reply := llmtest.Events(
		event(llm.EventStart, "", &llm.Start{ID: "7", Model: "exact", RequestID: "r", Header: http.Header{"Date": {"today"}}}),
		event(llm.EventWarning, "", &llm.Warning{Code: llm.WarnUnsupported, Setting: "TopK", Message: "left out"}),
		event(llm.EventAttempt, "", &llm.Attempt{Provider: "llmtest", Err: llm.Server}),
		event(llm.EventReasoning, "think", seal),
		event(llm.EventText, "Hel", nil),
		event(llm.EventText, "lö <&>", seal),
		event(llm.EventRefusal, "no", nil),
		event(llm.EventToolCallStart, "", &llm.ToolCall{ID: "1", Name: "weather"}),
		llm.Event{Type: llm.EventToolCallDelta, Index: 1, Text: "{}"},
		event(llm.EventToolCallEnd, "", &call),
		event(llm.EventMedia, "", &llm.Media{Part: llm.Image{MediaType: "image/png", Data: []byte{1}}}),
		event(llm.EventSource, "", &llm.Source{URL: "https://example.com", Title: "Example", Start: 1, End: 2}),
		event(llm.EventLogprob, "", &llm.TokenLogprob{Token: "a", Logprob: -0.5, Bytes: []byte{97}}),
		event(llm.EventDone, "", &llm.Done{FinishReason: llm.FinishStop, RawFinishReason: "stop", Usage: llm.Usage{Input: llm.Known(9)}, Raw: []byte("raw")}),
	)
	synctest.Test(t, func(t *testing.T) {
		p := llmtest.New(reply)
		cache := &middleware.Cache{}
		model := p.Model(llm.WithMiddleware(cache))
		first := all(t, model, sure("Hi"))
		time.Sleep(90 * time.Second)
		got := all(t, model, sure("Hi"))

		want := append(first[:2:2], first[3:]...) // without the attempt
		want[0].Detail = &llm.Start{Provider: "llmtest", ID: "7", Model: "exact",
			Header: http.Header{"Age": {"90"}, "Cache-Status": {"parley; hit"}}}
		done := *want[len(want)-1].Detail.(*llm.Done)
		done.Usage = llm.Usage{Input: llm.Known(0), Output: llm.Known(0)}
		done.Cost = llm.Cost{Certainty: llm.CertaintyReported}
		want[len(want)-1].Detail = &done
		if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
			t.Errorf("the replay differs (-want +got):\n%s", d)
		}
		equal(t, "the number of calls", len(p.Calls()), 1)
		equal(t, "the statistics", cache.Stats(), middleware.CacheStats{Hits: 1, Misses: 1})
	})
}

func TestCacheKeepsEmbeddingsAndCounts(t *testing.T) {
	p := llmtest.New(llmtest.Embedding([]float32{1, 0.5}), llmtest.Count(7), llmtest.Models(), llmtest.Models())
	model := p.Model(use(t, &middleware.Cache{}))
	for range 2 {
		embedded, err := model.Embed(t.Context(), &llm.EmbedRequest{Inputs: []string{"a"}})
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "the vectors", embedded.Vectors, [][]float32{{1, 0.5}})
		counted, err := model.CountTokens(t.Context(), llm.Prompt("Hi"))
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "the count", counted, &llm.TokenCount{Tokens: 7, Exact: true, Source: "llmtest"})
	}
	for range 2 {
		if _, err := model.ListModels(t.Context()); err != nil { // not cached
			t.Fatal(err)
		}
	}
	equal(t, "the number of calls", len(p.Calls()), 4)
}

func TestCacheForgetsAfterItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := llmtest.New(llmtest.Text("one"), llmtest.Text("two"))
		model := p.Model(use(t, &middleware.Cache{TTL: time.Minute}))
		var texts []string
		for range 3 {
			texts = append(texts, stream(t.Context(), model, sure("Hi")).resp.Text())
			time.Sleep(40 * time.Second)
		}
		equal(t, "the answers", texts, []string{"one", "one", "two"})
	})
}

func TestCacheKeepsWholeAnswersOnly(t *testing.T) {
	other := llmtest.Always(llmtest.Text("Hello")).Named("second").Model()
	for _, tt := range []struct {
		name  string
		reply llmtest.Reply
		calls int // for two identical calls
	}{
		{"whole", llmtest.Text("Hello"), 1},
		{"tool call", llmtest.ToolCall("weather", "{}"), 1},
		{"error", failure(llm.Auth), 2},
		{"cut", llmtest.Text("Hel", "lo").CutAfter(1, nil), 2},
		{"cut by a limit", llmtest.Text("Hello").Finish(llm.FinishLength), 2},
		{"filtered", llmtest.Text("Hello").Finish(llm.FinishContentFilter), 2},
		{"for an unknown reason", llmtest.Text("Hello").Finish(llm.FinishOther), 2},
		{"of another model", failure(llm.Overloaded), 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := llmtest.Always(tt.reply)
			model := p.Model(use(t, &middleware.Cache{}, &middleware.Fallback{To: []middleware.FallbackTarget{{Model: other}}}))
			stream(t.Context(), model, sure("Hi"))
			stream(t.Context(), model, sure("Hi"))
			equal(t, "the number of calls", len(p.Calls()), tt.calls)
		})
	}
}

// hooked are options that contain a function and implement CacheKeyer.
type hooked struct {
	Hook func()
	Name string
}

func (hooked) ProviderName() string       { return "llmtest" }
func (h hooked) CacheKey() (string, bool) { return h.Name, h.Name != "" }

func TestCacheTellsCallsApart(t *testing.T) {
	with := func(change func(*llm.Request)) *llm.Request {
		req := sure("Hi")
		req.Tools = []llm.Tool{{Name: "weather", Parameters: json.RawMessage(`{"type":"object"}`)}}
		change(req)
		return req
	}
	options := func(o ...llm.Options) *llm.Request { return with(func(r *llm.Request) { r.Options = o }) }
	same := func(*llm.Request) {}
	for _, tt := range []struct {
		name string
		a, b *llm.Request
		once bool // the second call is a cache hit
	}{
		{"equal", with(same), with(same), true},
		{"another text", sure("Hi"), sure("Ho"), false},
		{"text in two parts", &llm.Request{Messages: []llm.Message{llm.User("ab", llm.Text{Text: "c"})}, Temperature: new(0.0)},
			&llm.Request{Messages: []llm.Message{llm.User("a", llm.Text{Text: "bc"})}, Temperature: new(0.0)}, false},
		{"another role", &llm.Request{Messages: []llm.Message{llm.User("a")}, Temperature: new(0.0)},
			&llm.Request{Messages: []llm.Message{llm.Assistant("a")}, Temperature: new(0.0)}, false},
		{"another seed", with(func(r *llm.Request) { r.Seed = new(int64(1)) }), with(func(r *llm.Request) { r.Seed = new(int64(0)) }), false},
		{"a seed or none", with(func(r *llm.Request) { r.Seed = new(int64(0)) }), with(same), false},
		{"other tools", with(same), with(func(r *llm.Request) { r.Tools[0].Description = "of a city" }), false},
		{"streamed or not", with(same), with(func(r *llm.Request) { r.NonStreaming = true }), true},
		{"sampled", llm.Prompt("Hi"), llm.Prompt("Hi"), false},
		{"warm", with(func(r *llm.Request) { r.Temperature = new(0.1) }), with(func(r *llm.Request) { r.Temperature = new(0.1) }), false},
		{"equal options", options(openai.Options{User: "a", LogitBias: map[string]int{"1": 1, "2": 2, "3": 3}}),
			options(openai.Options{User: "a", LogitBias: map[string]int{"3": 3, "2": 2, "1": 1}}), true},
		{"options by pointer", options(&openai.Options{User: "a"}), options(&openai.Options{User: "a"}), true},
		{"other options", options(openai.Options{User: "a"}), options(openai.Options{User: "b"}), false},
		{"other extra options", options(openai.Options{Extra: map[string]any{"a": 1}}), options(openai.Options{Extra: map[string]any{"a": "1"}}), false},
		{"a hook", options(openai.Options{Hook: func(*vendor.ChatCompletionRequest) {}}),
			options(openai.Options{Hook: func(*vendor.ChatCompletionRequest) {}}), false},
		{"a hook with a key", options(hooked{func() {}, "a"}), options(hooked{func() {}, "a"}), true},
		{"a hook with another key", options(hooked{func() {}, "a"}), options(hooked{func() {}, "b"}), false},
		{"a hook that wants no cache", options(hooked{func() {}, ""}), options(hooked{func() {}, ""}), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := llmtest.Always(llmtest.Text("Hello"))
			model := p.Model(use(t, &middleware.Cache{}))
			stream(t.Context(), model, tt.a).want(t, "start text done", "")
			stream(t.Context(), model, tt.b).want(t, "start text done", "")
			equal(t, "whether the first answer was given again", len(p.Calls()) == 1, tt.once)
			stream(t.Context(), model.With(llm.WithName("another")), tt.a)
			if len(p.Calls()) < 2 {
				t.Error("another model has given this one's answer")
			}
		})
	}
	t.Run("sampled, if asked", func(t *testing.T) {
		p := llmtest.New(llmtest.Text("Hello"))
		model := p.Model(use(t, &middleware.Cache{Sampled: true}))
		ask(t, model).want(t, "start text done", "")
		ask(t, model).want(t, "start text done", "")
	})
}

func TestCacheMakesEqualCallsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pieces := strings.Split(strings.Repeat("piece ", 9)+"end", " ")
		p := llmtest.New(llmtest.Text(pieces...).Pace(time.Second))
		cache := &middleware.Cache{}
		model := p.Model(llm.WithMiddleware(cache))
		var asked sync.WaitGroup
		for i := range 8 { // they arrive before the first call ends
			asked.Go(func() {
				h := stream(t.Context(), model, sure("Hi"))
				equal(t, fmt.Sprintf("the text of caller %d", i), h.resp.Text(), strings.Join(pieces, ""))
				equal(t, "when it had all", h.took, 11*time.Second-time.Duration(i)*time.Second)
			})
			time.Sleep(time.Second)
		}
		asked.Wait()
		equal(t, "the statistics", cache.Stats(), middleware.CacheStats{Misses: 1, Shared: 7})
	})
}

func TestCacheWaitersDoNotDisturbEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := llmtest.New(llmtest.Text("a", "b", "c", "d").Pace(time.Second))
		model := p.Model(use(t, &middleware.Cache{}))
		var asked sync.WaitGroup
		asked.Go(func() { // the first caller, which started the request, cancels
			ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
			defer cancel()
			stream(ctx, model, sure("Hi")).want(t, "start text", llm.Timeout)
		})
		synctest.Wait()
		asked.Go(func() { // one caller leaves the loop
			for range model.Stream(t.Context(), sure("Hi")).Text() {
				break
			}
		})
		asked.Go(func() { // one caller reads slowly
			s := model.Stream(t.Context(), sure("Hi"))
			for _, err := range s.Text() {
				if err != nil {
					t.Errorf("the error is %v, want none", err)
				}
				time.Sleep(time.Minute)
			}
			equal(t, "the slow reader's text", s.Response().Text(), "abcd")
		})
		asked.Go(func() {
			h := stream(t.Context(), model, sure("Hi"))
			h.want(t, "start text text text text done", "")
			h.wantTook(t, 5*time.Second, 5*time.Second)
		})
		asked.Wait()
		equal(t, "the number of calls", len(p.Calls()), 1)
	})
}

func TestCacheEndsACallThatNobodyWaitsFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := llmtest.New(llmtest.Text("late").Wait(time.Hour), llmtest.Text("soon"))
		model := p.Model(use(t, &middleware.Cache{}))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var asked sync.WaitGroup
		for range 2 {
			asked.Go(func() { stream(ctx, model, sure("Hi")).want(t, "", llm.Timeout) })
		}
		asked.Wait()
		begun := time.Now()
		stream(t.Context(), model, sure("Hi")).want(t, "start text done", "") // does not join the cancelled call
		equal(t, "the time of the next call", time.Since(begun), time.Duration(0))
	})
}

func TestCacheGivesAllWaitersTheError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := llmtest.New(failure(llm.Auth).Wait(time.Second))
		model := p.Model(use(t, &middleware.Cache{}))
		var asked sync.WaitGroup
		for range 3 {
			asked.Go(func() { stream(t.Context(), model, sure("Hi")).want(t, "", llm.Auth) })
		}
		asked.Wait()
	})
}

// stubborn is a store that takes a second to set a value.
type stubborn struct{ *store.Memory }

func (s stubborn) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	time.Sleep(time.Second)
	return s.Memory.Set(ctx, key, value, ttl)
}

// A deadline that passes while the answer is being stored must not fail a caller that has the
// complete answer.
func TestCacheAddsNothingToAWholeAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		model := llmtest.Always(llmtest.Text("Hello")).Model(use(t, &middleware.Cache{Sampled: true, Shared: middleware.Shared{Store: stubborn{&store.Memory{}}}}))
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		stream(ctx, model, llm.Prompt("Hi")).want(t, "start text done", "")
		ask(t, model).want(t, "start text done", "") // from the cache
	})
}

func TestCacheBoundsItsSize(t *testing.T) {
	p := llmtest.Always(llmtest.Text(strings.Repeat("x", 1000)))
	model := p.Model(use(t, &middleware.Cache{MaxBytes: 4000}))
	for i := range 10 {
		stream(t.Context(), model, sure(fmt.Sprint(i)))
	}
	stream(t.Context(), model, sure("9"))
	equal(t, "calls after one of the latest", len(p.Calls()), 10)
	stream(t.Context(), model, sure("0"))
	equal(t, "calls after one of the oldest", len(p.Calls()), 11)
}

func TestCacheIsSharedThroughItsStore(t *testing.T) {
	store := &store.Memory{}
	p := llmtest.New(llmtest.Text("Hello"))
	for range 2 {
		model := p.Model(use(t, &middleware.Cache{Shared: middleware.Shared{Store: store}}))
		stream(t.Context(), model, sure("Hi")).want(t, "start text done", "")
	}
}

func TestCacheWithoutItsStore(t *testing.T) {
	p := llmtest.New(llmtest.Text("Hello"))
	stream(t.Context(), p.Model(use(t, &middleware.Cache{Shared: refusing})), sure("Hi")).wantStoreError(t)
	model := p.Model(use(t, &middleware.Cache{Shared: local}))
	stream(t.Context(), model, sure("Hi")).want(t, "start text done", "")
	stream(t.Context(), model, sure("Hi")).want(t, "start text done", "")
}

func TestCacheDoesNotTrustWhatItCannotRead(t *testing.T) {
	for _, value := range []string{"{", `{"events":[]}`, `{"events":[{"type":"odd"}]}`, `{"events":[{"type":"done","detail":7}]}`, `{"events":[{"type":"result","detail":{}}]}`} {
		p := llmtest.New(llmtest.Text("Hello"))
		model := p.Model(use(t, &middleware.Cache{Shared: middleware.Shared{Store: corruptStore{&store.Memory{}, value}}}))
		stream(t.Context(), model, sure("Hi")).want(t, "start text done", "")
	}
}

// corruptStore returns the same value for every key.
type corruptStore struct {
	*store.Memory
	value string
}

func (s corruptStore) Get(context.Context, string) ([]byte, error) { return []byte(s.value), nil }

func TestCacheGivesEveryWaiterVectorsOfItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const callers = 4
		slow := llm.MiddlewareFunc(func(llm.Handler) llm.Handler {
			return func(context.Context, *llm.Call) llm.Events {
				return func(yield func(llm.Event, error) bool) {
					time.Sleep(time.Second) // the other callers arrive
					_ = yield(llm.Event{Type: llm.EventResult, Detail: &llm.EmbedResponse{Vectors: [][]float32{{1, 2}}}}, nil) &&
						yield(llm.Event{Type: llm.EventDone, Detail: &llm.Done{}}, nil)
				}
			}
		})
		cache := &middleware.Cache{}
		model := llmtest.New().Model(llm.WithMiddleware(cache, slow))
		embed := func() [][]float32 {
			resp, err := model.Embed(t.Context(), &llm.EmbedRequest{Inputs: []string{"Hi"}})
			if err != nil {
				t.Error(err)
				return [][]float32{{0}}
			}
			return resp.Vectors
		}
		var asked sync.WaitGroup
		for range callers {
			asked.Go(func() {
				vectors := embed()
				vectors[0][0] *= 2 // for example to normalize it
				equal(t, "a caller's vectors, doubled", vectors, [][]float32{{2, 2}})
			})
		}
		asked.Wait()
		equal(t, "the statistics", cache.Stats(), middleware.CacheStats{Misses: 1, Shared: callers - 1})
		equal(t, "the vectors that are kept", embed(), [][]float32{{1, 2}})
	})
}
