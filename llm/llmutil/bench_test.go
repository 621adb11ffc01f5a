package llmutil_test

import (
	"context"
	"strconv"
	"testing"

	"github.com/parley-llm/parley/internal/eventtest"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
)

func BenchmarkStreamThroughForwardAttempt(b *testing.B) {
	events := eventtest.ThousandChunks()
	model := llm.New(fake(func(context.Context, *llm.Call) llm.Events { return events }), "tiny", llm.WithMiddleware(llm.MiddlewareFunc(forward)))
	req := llm.Prompt("Why?")
	round := func() {
		n := 0
		for _, err := range model.Stream(b.Context(), req).Events() {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
		if n != eventtest.Chunks+2 {
			b.Fatalf("%d events, want %d", n, eventtest.Chunks+2)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		round()
	}
	eventtest.PerChunk(b, round)
}

// forward is a middleware that makes one attempt.
func forward(next llm.Handler) llm.Handler {
	return func(ctx context.Context, call *llm.Call) llm.Events {
		return func(yield func(llm.Event, error) bool) {
			if err := llmutil.ForwardAttempt(next(ctx, call), call.Buffered, yield); err != nil {
				yield(llm.Event{}, err)
			}
		}
	}
}

func BenchmarkForwardAttempt(b *testing.B) {
	for name, buffered := range map[string]bool{"streamed": false, "buffered": true} {
		b.Run(name, func(b *testing.B) {
			events := eventtest.ThousandChunks()
			round := func() {
				n := 0
				if err := llmutil.ForwardAttempt(events, buffered, func(llm.Event, error) bool { n++; return true }); err != nil || n != eventtest.Chunks+2 {
					b.Fatalf("%d events (%v), want %d", n, err, eventtest.Chunks+2)
				}
			}
			b.ReportAllocs()
			for b.Loop() {
				round()
			}
			eventtest.PerChunk(b, round)
		})
	}
}

// BenchmarkHistory measures a long conversation with tools that needs no change, once
// without provider data and once with a signature on each call.
func BenchmarkHistory(b *testing.B) {
	for name, signature := range map[string]*llm.ProviderData{"plain": nil, "signed": {Provider: "p", Format: "f", Data: []byte("signature")}} {
		var messages []llm.Message
		for i := range 50 {
			id := "call_" + strconv.Itoa(i)
			resp, err := llm.Collect(script(
				llm.Event{Type: llm.EventToolCallEnd, Detail: &llm.ToolCall{ID: id, Name: "f", Arguments: `{"city":"Oslo"}`, ProviderData: signature}}, done()))
			if err != nil {
				b.Fatal(err)
			}
			messages = append(messages, llm.User("What is the weather?"), resp.Messages[0], llm.ToolResults(llm.ToolResult{CallID: id, Content: "Rain"}), llm.Assistant("It rains."))
		}
		history := llmutil.History{CallID: llmutil.PlainCallID(64), TakeBack: llm.TakeBack{Provider: "p", Formats: []string{"f"}}}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, warnings := history.Messages(messages); warnings != nil {
					b.Fatal(warnings)
				}
			}
		})
	}
}
