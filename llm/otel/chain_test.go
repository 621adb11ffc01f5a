package otel_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
	"github.com/parley-llm/parley/llm/middleware"
	"github.com/parley-llm/parley/llm/otel"
)

// A conversation of two turns. In the first one, the model is overloaded twice and then
// answers. In the second one, its context window is too small, and a larger model answers.
// Telemetry is outermost, and innermost for each model.
func TestTraceOfARetriedAndFallenBackConversation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		backend := newBackend(t)
		traced := backend.middleware(&otel.Telemetry{})
		busy := &llm.Error{Kind: llm.Overloaded, Status: 503, RetryAfter: time.Second}
		tooLong := &llm.Error{Kind: llm.ContextLength, Status: 400, Message: "too long"}
		small := llmtest.New(
			llmtest.Error(busy), llmtest.Error(busy), llmtest.Text("Hello ", "Ada.").Usage(10, 3).Pace(100*time.Millisecond),
			llmtest.Error(tooLong),
		).Named("small")
		large := llmtest.New(llmtest.Text("Your name is Ada.").Usage(25, 5)).Named("large")
		model := small.Model(llm.WithName("s1"), llm.WithMiddleware(
			traced,
			&middleware.Fallback{To: []middleware.FallbackTarget{{Model: large.Model(llm.WithName("l1"), llm.WithMiddleware(traced))}}},
			&middleware.Retry{},
			traced,
		))

		var history []llm.Message
		for _, question := range []string{"My name is Ada.", "What is my name?"} {
			history = append(history, llm.User(question))
			s := model.Stream(t.Context(), &llm.Request{Messages: history})
			for _, err := range s.Text() {
				if err != nil {
					t.Fatal(err)
				}
			}
			history = append(history, s.Response().Messages...)
		}

		chat := func(provider, model string) attributes {
			return attributes{
				"gen_ai.operation.name": "chat", "gen_ai.provider.name": provider, "gen_ai.request.model": model, "gen_ai.request.stream": true,
			}
		}
		answered := func(a attributes, provider, model, id string, first float64, in, out int64) attributes {
			a = a.with("gen_ai.provider.name", provider).with("gen_ai.response.model", model).with("gen_ai.response.id", id)
			return a.with("gen_ai.response.time_to_first_chunk", first).with("gen_ai.response.finish_reasons", []string{"stop"}).
				with("gen_ai.usage.input_tokens", in).with("gen_ai.usage.output_tokens", out)
		}
		refused := func(kind string, status int64) attributes {
			return chat("small", "s1").with("error.type", kind).with("http.response.status_code", status)
		}
		attempt := func(kind string) event {
			return event{"parley.attempt", attributes{"gen_ai.provider.name": "small", "gen_ai.request.model": "s1", "error.type": kind}}
		}
		spans := backend.spans()
		waited := spans[0].Attributes["gen_ai.response.time_to_first_chunk"].(float64) // Retry adds a random part to the wait
		if waited < 2.1 || waited > 2.3 {
			t.Errorf("the first turn waited %v s for its first chunk, want two waits of 1 s and a tenth at most besides, and 0.1 s", waited)
		}
		want := []span{
			{
				Name: "chat s1", Kind: "client",
				Attributes: answered(chat("small", "s1"), "small", "s1", "reply_3", waited, 10, 3),
				Events:     []event{attempt("overloaded"), attempt("overloaded")},
			},
			{Name: "chat s1", Kind: "client", Parent: "chat s1", Error: "overloaded (503)", Attributes: refused("overloaded", 503)},
			{Name: "chat s1", Kind: "client", Parent: "chat s1", Error: "overloaded (503)", Attributes: refused("overloaded", 503)},
			{
				Name: "chat s1", Kind: "client", Parent: "chat s1",
				Attributes: answered(chat("small", "s1"), "small", "s1", "reply_3", 0.1, 10, 3),
			},
			{
				Name: "chat s1", Kind: "client",
				Attributes: answered(chat("small", "s1"), "large", "l1", "reply_1", 0, 25, 5),
				Events:     []event{attempt("context_length_exceeded")},
			},
			{
				Name: "chat s1", Kind: "client", Parent: "chat s1", Error: "context length exceeded (400)",
				Attributes: refused("context_length_exceeded", 400),
			},
			{
				Name: "chat l1", Kind: "client", Parent: "chat s1",
				Attributes: answered(chat("large", "l1"), "large", "l1", "reply_1", 0, 25, 5),
			},
		}
		for i := range spans {
			spans[i].Took = 0 // random in part
		}
		if diff := cmp.Diff(want, spans); diff != "" {
			t.Errorf("spans (-want +got):\n%s", diff)
		}
	})
}
