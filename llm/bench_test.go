package llm_test

import (
	"encoding/json"
	"testing"

	"github.com/parley-llm/parley/internal/eventtest"
	"github.com/parley-llm/parley/llm"
)

func benchmarkStream(b *testing.B, middleware ...llm.Middleware) {
	model := answering(eventtest.ThousandChunks(), llm.WithMiddleware(middleware...))
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

func BenchmarkStream(b *testing.B) { benchmarkStream(b) }

func conversation(tools bool) *llm.Request {
	req := &llm.Request{Messages: []llm.Message{llm.System("You are a helpful assistant.")}, Temperature: new(0.0)}
	for len(req.Messages) < 20 {
		req.Messages = append(req.Messages, llm.User("Why is the sky blue, and the sunset red? 🦙"))
		if tools {
			call := llm.ToolCall{ID: "c", Name: "f", Arguments: `{"x":1}`}
			req.Messages = append(req.Messages, llm.Assistant("", call), llm.ToolResults(llm.ToolResult{CallID: "c", Content: "42"}))
		}
		req.Messages = append(req.Messages, llm.Assistant("Because of the way that air scatters light."))
	}
	req.Messages = req.Messages[:20]
	if tools {
		req.Tools = []llm.Tool{{Name: "f", Parameters: json.RawMessage(`{"type":"object","properties":{"x":{"type":"number"}}}`)}}
	}
	return req
}

func BenchmarkValidate(b *testing.B) {
	for name, req := range map[string]*llm.Request{"text": conversation(false), "tools": conversation(true)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := req.Validate(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func TestValidatingTextAllocatesNothing(t *testing.T) {
	req := conversation(false)
	if allocs := testing.AllocsPerRun(100, func() {
		if err := req.Validate(); err != nil {
			t.Fatal(err)
		}
	}); allocs != 0 {
		t.Errorf("Validate of a conversation of text allocates %v times, want 0", allocs)
	}
}
