package middleware_test

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
	"github.com/parley-llm/parley/llm/middleware"
	"github.com/parley-llm/parley/llm/middleware/store"
	"github.com/parley-llm/parley/providers/openai"
)

// poisoned is a store that has the same value under every key until it is replaced.
type poisoned struct {
	store.Memory
	value    []byte
	replaced bool
}

func (p *poisoned) Get(context.Context, string) ([]byte, error) { return p.value, nil }

func (p *poisoned) Set(_ context.Context, _ string, value []byte, _ time.Duration) error {
	p.value, p.replaced = value, true
	return nil
}

// TestPoisonedEntryIsReplaced checks that an entry that is no complete answer is a miss.
func TestPoisonedEntryIsReplaced(t *testing.T) {
	for _, value := range []string{
		``, `x`, `null`, `{}`, `{"events":[]}`, strings.Repeat("[", 1000),
		`{"events":[{"type":"text","text":"EVIL"}]}`,
		`{"events":[{"type":"done"}]}`,
		`{"events":[{"type":"start"},{"type":"done","detail":{"FinishReason":"stop"}}]}`,
		`{"events":[{"type":"text","text":"EVIL"},{"type":"done","detail":{}}]}`,
		`{"events":[{"type":"tool_call_end"},{"type":"done","detail":{"FinishReason":"stop"}}]}`,
		`{"events":[{"type":"tool_call_end","detail":null},{"type":"done","detail":{"FinishReason":"stop"}}]}`,
		`{"events":[{"type":"tool call end"},{"type":"done"}]}`,
		`{"events":[{"type":"tool_call_start","detail":{"name":"f"}},{"type":"tool_call_start","detail":{"name":"f"}},{"type":"done","detail":{"FinishReason":"stop"}}]}`,
		`{"events":[{"type":"result","detail":{"Vectors":[]}},{"type":"done","detail":{"FinishReason":"stop"}}]}`,
		`{"events":[{"type":"done","detail":{"FinishReason":"stop"}},{"type":"text","text":"EVIL"}]}`,
		`{"events":[{"type":"reset"},{"type":"done","detail":{"FinishReason":"stop"}}]}`,
	} {
		s := &poisoned{value: []byte(value)}
		m := llmtest.Always(llmtest.Text("good")).Model(use(t, &middleware.Cache{Sampled: true, Shared: middleware.Shared{Store: s}}))
		if r, err := m.Generate(t.Context(), llm.Prompt("x")); err != nil || r.Text() != "good" {
			t.Errorf("%s: the answer is %q, with the error %v", value, r.Text(), err)
		}
		if !s.replaced {
			t.Errorf("%s: the entry was not replaced", value)
		}
	}
}

// TestOptionsThatContainThemselves checks that the cache key of such options has an end.
func TestOptionsThatContainThemselves(t *testing.T) {
	self := map[string]any{}
	self["a"], self["b"], self["c"] = self, self, self
	m := llmtest.Always(llmtest.Text("hi")).Model(use(t, &middleware.Cache{Sampled: true}))
	req := llm.Prompt("x")
	req.Options = []llm.Options{openai.Options{Extra: self}}
	done := make(chan struct{})
	go func() { defer close(done); _, _ = m.Generate(t.Context(), req) }()
	select {
	case <-done:
	case <-time.After(30 * time.Second):
		t.Error("the call does not end")
	}
}

// TestNilErrorOfHandler checks that a nil *llm.Error in an error is an error in every piece.
func TestNilErrorOfHandler(t *testing.T) {
	flawed := llm.MiddlewareFunc(func(llm.Handler) llm.Handler {
		return func(context.Context, *llm.Call) llm.Events {
			return func(yield func(llm.Event, error) bool) { yield(llm.Event{}, (*llm.Error)(nil)) }
		}
	})
	free := func(string, string) (llm.Prices, bool) { return llm.Prices{}, true }
	other := llmtest.Always(llmtest.Text("hi")).Model(llm.WithMiddleware(flawed))
	for name, outer := range map[string]piece{
		"log":         &middleware.Log{Logger: discard},
		"retry":       &middleware.Retry{MinBackoff: time.Millisecond},
		"budget":      &middleware.Budget{PerDay: 1, Prices: free},
		"breaker":     &middleware.Breaker{},
		"fallback":    &middleware.Fallback{To: []middleware.FallbackTarget{{Model: other}}},
		"balance":     &middleware.Balance{Over: []middleware.Backend{{Model: other}, {Model: other}}},
		"keys":        &middleware.Keys{Keys: []llm.Secret{"sk-12345678", "sk-87654321"}},
		"resume":      &middleware.Resume{},
		"timeout":     &middleware.Timeout{Total: time.Second},
		"rate limit":  &middleware.RateLimit{Requests: 100},
		"hedge":       &middleware.Hedge{Initial: time.Second},
		"cache":       &middleware.Cache{Sampled: true},
		"concurrency": &middleware.Concurrency{Max: 2},
		"trim":        &middleware.Trim{ContextWindow: 10000},
		"chain":       middleware.Recommended(),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := llmtest.Always(llmtest.Text("hi")).Model(use(t, outer), llm.WithMiddleware(flawed))
				_, err := m.Generate(t.Context(), llm.Prompt("x"))
				if err == nil || !strings.Contains(fmt.Sprintf("%v %+v", err, err), "without a reason") {
					t.Errorf("the error is %v", err)
				}
			})
		})
	}
}

// shared returns the paths of the maps, slices and pointers that two values have in common.
func shared(path string, a, b reflect.Value) (paths []string) {
	if a.Kind() != b.Kind() || a.Type() != b.Type() || a.Type().Implements(reflect.TypeFor[error]()) {
		return nil
	}
	same := func(what string) {
		paths = append(paths, path+" ("+what+")")
	}
	switch a.Kind() {
	case reflect.Pointer, reflect.Interface:
		if a.IsNil() || b.IsNil() {
			return nil
		}
		if a.Kind() == reflect.Pointer && a.Pointer() == b.Pointer() {
			same("pointer")
		}
		return append(paths, shared(path, a.Elem(), b.Elem())...)
	case reflect.Map:
		if !a.IsNil() && a.Pointer() == b.Pointer() {
			same("map")
		}
		for it := a.MapRange(); it.Next(); {
			if other := b.MapIndex(it.Key()); other.IsValid() {
				paths = append(paths, shared(path+"["+it.Key().String()+"]", it.Value(), other)...)
			}
		}
	case reflect.Slice:
		if a.Len() > 0 && b.Len() > 0 && a.Pointer() == b.Pointer() {
			same("slice")
		}
		for i := range min(a.Len(), b.Len()) {
			paths = append(paths, shared(fmt.Sprintf("%s[%d]", path, i), a.Index(i), b.Index(i))...)
		}
	case reflect.Struct:
		for i := range a.NumField() {
			if a.Type().Field(i).IsExported() {
				paths = append(paths, shared(path+"."+a.Type().Field(i).Name, a.Field(i), b.Field(i))...)
			}
		}
	}
	return paths
}

// fullReply has every kind of content, so that a new field that is shared is found.
func fullReply() llmtest.Reply {
	data := &llm.ProviderData{Provider: "llmtest", Data: []byte{1}}
	return llmtest.Events(
		llm.Event{Type: llm.EventStart, Detail: &llm.Start{ID: "1", Model: "m", Header: http.Header{"Date": {"today"}}, RateLimits: &llm.RateLimits{RequestLimit: 5}}},
		llm.Event{Type: llm.EventWarning, Detail: &llm.Warning{Code: llm.WarnOther}},
		llm.Event{Type: llm.EventReasoning, Text: "r", Detail: data},
		llm.Event{Type: llm.EventText, Text: "t", Detail: data},
		llm.Event{Type: llm.EventToolCallStart, Detail: &llm.ToolCall{ID: "1", Name: "f"}},
		llm.Event{Type: llm.EventToolCallEnd, Detail: &llm.ToolCall{ID: "1", Name: "f", Arguments: "{}", ProviderData: data}},
		llm.Event{Type: llm.EventMedia, Detail: &llm.Media{Part: llm.Image{MediaType: "image/png", Data: []byte{1}, ProviderData: data}}},
		llm.Event{Type: llm.EventMedia, Detail: &llm.Media{Part: llm.Unknown{Type: "x", Raw: []byte(`{}`)}}},
		llm.Event{Type: llm.EventSource, Detail: &llm.Source{URL: "u"}},
		llm.Event{Type: llm.EventLogprob, Detail: &llm.TokenLogprob{Token: "a", Bytes: []byte{1}, Top: []llm.TokenLogprob{{Token: "b", Bytes: []byte{2}}}}},
		llm.Event{Type: llm.EventDone, Detail: &llm.Done{FinishReason: llm.FinishStop, Raw: []byte("raw")}},
	)
}

// TestAnswersShareNothing checks that changes of one caller's answer do not show in that of
// another caller, or in the next value of Stream.Response.
func TestAnswersShareNothing(t *testing.T) {
	t.Run("joined calls", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			m := llmtest.Always(fullReply().Wait(time.Second)).Model(use(t, &middleware.Cache{Sampled: true}))
			var got [2]*llm.Response
			var events [2][]llm.Event
			done := make(chan bool)
			for i := range got {
				go func() {
					s := m.Stream(t.Context(), llm.Prompt("x"))
					for ev, err := range s.Events() {
						if err != nil {
							t.Error(err)
						}
						events[i] = append(events[i], ev)
					}
					got[i] = s.Response()
					done <- true
				}()
			}
			<-done
			<-done
			for _, path := range append(shared("Response", reflect.ValueOf(*got[0]), reflect.ValueOf(*got[1])),
				shared("Events", reflect.ValueOf(events[0]), reflect.ValueOf(events[1]))...) {
				t.Errorf("the callers share %s", path)
			}
		})
	})
	t.Run("values of a stream", func(t *testing.T) {
		s := llmtest.Always(fullReply()).Model().Stream(t.Context(), llm.Prompt("x"))
		for _, err := range s.Events() {
			if err != nil {
				t.Fatal(err)
			}
		}
		for _, path := range shared("Response", reflect.ValueOf(*s.Response()), reflect.ValueOf(*s.Response())) {
			t.Errorf("the values share %s", path)
		}
	})
}
