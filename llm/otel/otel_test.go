package otel_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
	"github.com/parley-llm/parley/llm/middleware"
	"github.com/parley-llm/parley/llm/otel"
)

var usage = llm.Usage{
	Input: llm.Known(12), Output: llm.Known(7), CacheRead: llm.Known(4), Reasoning: llm.Known(3),
}

// start is the start event of an answer.
var start = llm.Event{Type: llm.EventStart, Detail: &llm.Start{ID: "resp_1", Model: "gpt-4o-mini-2024-07-18"}}

func done(reason llm.FinishReason) llm.Event {
	return llm.Event{Type: llm.EventDone, Detail: &llm.Done{FinishReason: reason, Usage: usage}}
}

func TestSpanOfAStreamedChat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		backend := newBackend(t)
		provider := llmtest.New(llmtest.Func(func(context.Context, *llm.Call) llm.Events {
			return func(yield func(llm.Event, error) bool) {
				time.Sleep(200 * time.Millisecond)
				yield(start, nil)
				yield(llm.Event{Type: llm.EventText, Text: "Rayleigh "}, nil)
				time.Sleep(30 * time.Millisecond)
				yield(llm.Event{Type: llm.EventText, Text: "scattering."}, nil)
				time.Sleep(70 * time.Millisecond)
				yield(done(llm.FinishStop), nil)
			}
		})).Named("azure")
		req := llm.Prompt("Why is the sky blue?")
		req.Temperature, req.MaxTokens, req.Seed, req.Stop = new(0.0), 400, new(int64(7)), []string{"END"}
		req.Format = &llm.Format{}
		model := provider.Model(llm.WithMiddleware(backend.middleware(&otel.Telemetry{})), llm.WithName("chat"))
		for _, err := range model.Stream(t.Context(), req).Text() {
			if err != nil {
				t.Fatal(err)
			}
		}

		want := []span{{
			Name: "chat chat", Kind: "client", Took: 300 * time.Millisecond,
			Attributes: attributes{
				"gen_ai.operation.name":                "chat",
				"gen_ai.provider.name":                 "azure.ai.openai",
				"gen_ai.request.model":                 "chat",
				"gen_ai.request.stream":                true,
				"gen_ai.request.temperature":           0.0,
				"gen_ai.request.max_tokens":            int64(400),
				"gen_ai.request.seed":                  int64(7),
				"gen_ai.request.stop_sequences":        []string{"END"},
				"gen_ai.output.type":                   "json",
				"gen_ai.response.id":                   "resp_1",
				"gen_ai.response.model":                "gpt-4o-mini-2024-07-18",
				"gen_ai.response.finish_reasons":       []string{"stop"},
				"gen_ai.response.time_to_first_chunk":  0.2,
				"gen_ai.usage.input_tokens":            int64(12),
				"gen_ai.usage.output_tokens":           int64(7),
				"gen_ai.usage.cache_read.input_tokens": int64(4),
				"gen_ai.usage.reasoning.output_tokens": int64(3),
			},
		}}
		if diff := cmp.Diff(want, backend.spans()); diff != "" {
			t.Errorf("spans (-want +got):\n%s", diff)
		}

		labels := attributes{
			"gen_ai.operation.name": "chat", "gen_ai.provider.name": "azure.ai.openai",
			"gen_ai.request.model": "chat", "gen_ai.response.model": "gpt-4o-mini-2024-07-18",
		}
		wantMetrics := []measured{
			{"gen_ai.client.operation.duration", "s", labels, 1, 0.3},
			{"gen_ai.client.operation.time_per_output_chunk", "s", labels, 1, 0.03},
			{"gen_ai.client.operation.time_to_first_chunk", "s", labels, 1, 0.2},
			{"gen_ai.client.token.usage", "{token}", labels.with("gen_ai.token.type", "input"), 1, 12},
			{"gen_ai.client.token.usage", "{token}", labels.with("gen_ai.token.type", "output"), 1, 7},
		}
		if diff := cmp.Diff(wantMetrics, backend.metrics()); diff != "" {
			t.Errorf("metrics (-want +got):\n%s", diff)
		}
	})
}

func TestSpansSayHowCallsEnd(t *testing.T) {
	refused := &llm.Error{Kind: llm.RateLimited, Status: 429, Message: "slow down, you who asked: Why is the sky blue?"}
	type want struct {
		Description string
		ErrorType   any
		Status      any
		Reasons     any
	}
	for _, test := range []struct {
		name  string
		reply llmtest.Reply
		ask   func(*llm.Model, context.Context) // nil means Generate
		want  want
	}{
		{
			name: "refused by the server", reply: llmtest.Error(refused),
			want: want{Description: "rate limited (429)", ErrorType: "rate_limited", Status: int64(429)},
		},
		{
			name: "an error without a kind", reply: llmtest.Error(errors.New("boom")),
			want: want{Description: "", ErrorType: "_OTHER"},
		},
		{
			name: "cancelled", reply: llmtest.Text("a"),
			ask: func(m *llm.Model, ctx context.Context) {
				ctx, cancel := context.WithCancel(ctx)
				defer cancel()
				for range m.Stream(ctx, llm.Prompt("Hi")).Events() {
					cancel()
				}
			},
			want: want{Description: "canceled", ErrorType: "canceled"},
		},
		{
			name: "waiting for tools", reply: llmtest.ToolCall("weather", `{"city":"Paris"}`),
			want: want{Reasons: []string{"tool_call"}},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			backend := newBackend(t)
			model := llmtest.New(test.reply).Model(llm.WithMiddleware(backend.middleware(&otel.Telemetry{})))
			if test.ask != nil {
				test.ask(model, t.Context())
			} else {
				model.Generate(t.Context(), llm.Prompt("Hi"))
			}
			spans := backend.spans()
			if len(spans) != 1 {
				t.Fatalf("%d spans, want 1", len(spans))
			}
			got := want{
				Description: spans[0].Error,
				ErrorType:   spans[0].Attributes["error.type"],
				Status:      spans[0].Attributes["http.response.status_code"],
				Reasons:     spans[0].Attributes["gen_ai.response.finish_reasons"],
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("span (-want +got):\n%s", diff)
			}
			if n := backend.metrics()[0]; n.Name != "gen_ai.client.operation.duration" || n.Labels["error.type"] != test.want.ErrorType {
				t.Errorf("duration is labelled %v, want error.type %v", n.Labels, test.want.ErrorType)
			}
		})
	}
}

func TestOtherOperationsHaveSpans(t *testing.T) {
	for _, test := range []struct {
		name  string
		reply llmtest.Reply
		ask   func(context.Context, *llm.Model) error
		want  string
	}{
		{"embeddings", llmtest.Embedding([]float32{1}), func(ctx context.Context, m *llm.Model) error {
			_, err := m.Embed(ctx, &llm.EmbedRequest{Inputs: []string{"a"}, Dimensions: 1})
			return err
		}, "embeddings scripted"},
		{"token counts", llmtest.Count(3), func(ctx context.Context, m *llm.Model) error {
			_, err := m.CountTokens(ctx, llm.Prompt("Hi"))
			return err
		}, "count_tokens scripted"},
		{"model lists", llmtest.Models(), func(ctx context.Context, m *llm.Model) error {
			_, err := m.ListModels(ctx)
			return err
		}, "list_models scripted"},
	} {
		t.Run(test.name, func(t *testing.T) {
			backend := newBackend(t)
			if err := test.ask(t.Context(), llmtest.New(test.reply).Model(llm.WithMiddleware(backend.middleware(&otel.Telemetry{})))); err != nil {
				t.Fatal(err)
			}
			spans := backend.spans()
			if len(spans) != 1 || spans[0].Name != test.want || spans[0].Error != "" {
				t.Errorf("spans %+v, want one named %q", spans, test.want)
			}
		})
	}
}

func TestContentIsReportedOnlyIfAskedFor(t *testing.T) {
	req := &llm.Request{
		Messages: []llm.Message{
			llm.System("You are terse."),
			llm.User("What is this?", llm.Image{Data: []byte("\x89PNG\r\n\x1a\n")}, llm.File{ID: "file-1"}),
			llm.Assistant("", llm.ToolCall{ID: "1", Name: "look", Arguments: `{"at":1}`}, llm.ToolCall{ID: "2", Name: "look", Arguments: `{"at"`}),
			llm.ToolResults(llm.ToolResult{CallID: "1", Content: "a cat"}, llm.ToolResult{CallID: "2", Content: ""}),
		},
		Tools: []llm.Tool{{Name: "look", Description: "Looks.", Parameters: []byte(`{"type":"object"}`)}},
	}
	ask := func(t *testing.T, settings *otel.Telemetry) attributes {
		backend := newBackend(t)
		provider := llmtest.New(llmtest.Reasoning("Whiskers.").Text("A ", "cat."))
		if _, err := provider.Model(llm.WithMiddleware(backend.middleware(settings))).Generate(t.Context(), req); err != nil {
			t.Fatal(err)
		}
		return backend.spans()[0].Attributes
	}
	keys := []string{"gen_ai.system_instructions", "gen_ai.input.messages", "gen_ai.output.messages", "gen_ai.tool.definitions"}

	without := ask(t, &otel.Telemetry{})
	for _, key := range keys {
		if got, ok := without[key]; ok {
			t.Errorf("%s is reported unasked: %v", key, got)
		}
	}

	with := ask(t, &otel.Telemetry{Content: true})
	want := attributes{
		"gen_ai.system_instructions": `[{"type":"text","content":"You are terse."}]`,
		"gen_ai.input.messages": `[{"role":"user","parts":[{"type":"text","content":"What is this?"},` +
			`{"type":"blob","modality":"image","mime_type":"image/png","size":8},{"type":"file","modality":"file","file_id":"file-1"}]},` +
			`{"role":"assistant","parts":[{"type":"tool_call","id":"1","name":"look","arguments":{"at":1}},` +
			`{"type":"tool_call","id":"2","name":"look","arguments":"{\"at\""}]},` +
			`{"role":"tool","parts":[{"type":"tool_call_response","id":"1","response":"a cat"},{"type":"tool_call_response","id":"2","response":""}]}]`,
		"gen_ai.output.messages": `[{"role":"assistant","parts":[{"type":"reasoning","content":"Whiskers."},` +
			`{"type":"text","content":"A cat."}],"finish_reason":"stop"}]`,
		"gen_ai.tool.definitions": `[{"type":"function","name":"look","description":"Looks.","parameters":{"type":"object"}}]`,
	}
	got := attributes{}
	for _, key := range keys {
		got[key] = with[key]
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("content (-want +got):\n%s", diff)
	}
}

func TestCallerLeavesAndTheProviderIsLeft(t *testing.T) {
	for _, content := range []bool{false, true} {
		backend := newBackend(t)
		left := false
		provider := llmtest.New(llmtest.Func(func(context.Context, *llm.Call) llm.Events {
			return func(yield func(llm.Event, error) bool) {
				left = yield(llm.Event{Type: llm.EventText, Text: "a"}, nil) && !yield(llm.Event{Type: llm.EventText, Text: "b"}, nil)
			}
		}))
		seen := 0
		for range provider.Model(llm.WithMiddleware(backend.middleware(&otel.Telemetry{Content: content}))).Stream(t.Context(), llm.Prompt("Hi")).Text() {
			if seen++; seen == 2 {
				break
			}
		}
		spans := backend.spans()
		if !left || len(spans) != 1 || spans[0].Error != "" {
			t.Errorf("content %v: provider left %v, spans %+v; want it left, and one span without an error", content, left, spans)
		}
	}
}

func TestSpansHaveTheCostAndMarkCacheHits(t *testing.T) {
	reply := llmtest.Events(llm.Event{Type: llm.EventStart, Detail: &llm.Start{ID: "1"}}, llm.Event{Type: llm.EventText, Text: "Hello"}, llm.Event{
		Type: llm.EventDone, Detail: &llm.Done{FinishReason: llm.FinishStop, ServiceTier: "flex", Usage: llm.Usage{
			Input: llm.Known(1e6), Output: llm.Known(1e6), CacheWrite: llm.Known(0),
		}},
	})
	b := newBackend(t)
	model := llmtest.Always(reply).Model(
		llm.WithPrices(llm.Prices{Input: 1, Output: 2, FlexFactor: 0.5}),
		llm.WithMiddleware(b.middleware(&otel.Telemetry{}), &middleware.Cache{Sampled: true}),
	)
	for range 2 {
		if _, err := model.Generate(t.Context(), llm.Prompt("Hi")); err != nil {
			t.Fatal(err)
		}
	}
	var got []attributes
	for _, s := range b.recorder.Ended() {
		all, own := read(s.Attributes()), attributes{}
		for _, name := range []string{"parley.usage.cost", "parley.response.cached", "openai.response.service_tier", "gen_ai.usage.cache_write.input_tokens"} {
			if value, ok := all[name]; ok {
				own[name] = value
			}
		}
		got = append(got, own)
	}
	want := []attributes{
		{"parley.usage.cost": 1.5, "openai.response.service_tier": "flex", "gen_ai.usage.cache_write.input_tokens": int64(0)},
		{"parley.usage.cost": 0.0, "openai.response.service_tier": "flex", "parley.response.cached": true},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the attributes (-want +got):\n%s", diff)
	}
}
