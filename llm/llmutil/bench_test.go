package llmutil_test

import (
	"context"
	"testing"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
)

const chunks = 1000

// thousandChunks is an answer of 1000 text events, made in advance, so that only the
// package under test is measured.
func thousandChunks() llm.Events {
	events := []llm.Event{start("id")}
	for range chunks {
		events = append(events, text(" word"))
	}
	return script(append(events, done())...)
}

// perChunk reports the time and the allocations of b's loop for each chunk. The round is
// one iteration of the loop.
func perChunk(b *testing.B, round func()) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/chunks, "ns/chunk")
	b.ReportMetric(testing.AllocsPerRun(3, round)/chunks, "allocs/chunk")
}

func BenchmarkStreamThroughForwardAttempt(b *testing.B) {
	events := thousandChunks()
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
		if n != chunks+2 {
			b.Fatalf("%d events, want %d", n, chunks+2)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		round()
	}
	perChunk(b, round)
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
			events := thousandChunks()
			round := func() {
				n := 0
				if err := llmutil.ForwardAttempt(events, buffered, func(llm.Event, error) bool { n++; return true }); err != nil || n != chunks+2 {
					b.Fatalf("%d events (%v), want %d", n, err, chunks+2)
				}
			}
			b.ReportAllocs()
			for b.Loop() {
				round()
			}
			perChunk(b, round)
		})
	}
}
