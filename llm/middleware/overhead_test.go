package middleware_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/parley-llm/parley/internal/cputime"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/middleware"
)

// measured is a piece whose cost is measured.
type measured struct {
	name     string
	settings piece
}

// layers returns the pieces whose cost is measured for successful calls. The chain has all of
// them in the recommended order. It does not reserve tokens, because that costs as much as
// counting them.
func layers() []measured {
	other := instant(0)
	c := &middleware.Chain{
		Log:         &middleware.Log{Logger: discard},
		Timeout:     &middleware.Timeout{FirstEvent: time.Minute, Idle: time.Minute, Total: time.Hour},
		Trim:        &middleware.Trim{ContextWindow: 8000},
		Budget:      &middleware.Budget{PerProcess: 1e9, PerDay: 1e9, Prices: prices, Count: byLength},
		Resume:      &middleware.Resume{},
		Fallback:    &middleware.Fallback{To: []middleware.FallbackTarget{{Model: other}}},
		Retry:       &middleware.Retry{},
		Balance:     &middleware.Balance{Over: []middleware.Backend{{}, {}}},
		Breaker:     &middleware.Breaker{},
		RateLimit:   &middleware.RateLimit{Requests: 1e10},
		Concurrency: &middleware.Concurrency{Max: 8},
	}
	return []measured{
		{"log", c.Log}, {"timeout", c.Timeout}, {"trim", c.Trim}, {"budget", c.Budget}, {"resume", c.Resume},
		{"fallback", c.Fallback}, {"retry", c.Retry}, {"balance", c.Balance}, {"breaker", c.Breaker},
		{"ratelimit", c.RateLimit}, {"concurrency", c.Concurrency},
		{"hedge", &middleware.Hedge{Initial: time.Hour}}, {"cache", &middleware.Cache{Sampled: true, MaxBytes: 1}},
		{"chain", c},
	}
}

// instant returns a model that answers at once in this number of chunks.
func instant(chunks int) *llm.Model { return llm.New(instantProvider(chunks), "instant") }

type instantProvider int

func (instantProvider) Name() string { return "instant" }

func (p instantProvider) Do(context.Context, *llm.Call) llm.Events {
	return func(yield func(llm.Event, error) bool) {
		if !yield(llm.Event{Type: llm.EventStart, Detail: instantStart}, nil) {
			return
		}
		for range int(p) {
			if !yield(llm.Event{Type: llm.EventText, Text: "word "}, nil) {
				return
			}
		}
		yield(llm.Event{Type: llm.EventDone, Detail: instantDone}, nil)
	}
}

var (
	instantStart = &llm.Start{Provider: "instant", ID: "1"}
	instantDone  = &llm.Done{FinishReason: llm.FinishStop, Usage: llm.Usage{Input: llm.Known(2), Output: llm.Known(2)}}
)

// answering returns a function that makes a call of this number of chunks through a piece.
func answering(t testing.TB, settings piece, chunks int) func() {
	handler := llm.Handler(instantProvider(chunks).Do)
	if settings != nil {
		handler = settings.Wrap(handler)
	}
	ctx, call := t.Context(), &llm.Call{Op: llm.OpChat, Provider: "instant", Model: "instant", Request: llm.Prompt("Hi")}
	return func() {
		for _, err := range handler(ctx, call) {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
}

// The cost of a chunk is the difference between long and short answers.
const few, many = 2, 1002

// BenchmarkLayers measures a call with each piece and without any. The cost of a piece is the
// difference.
func BenchmarkLayers(b *testing.B) {
	for _, l := range append(layers(), measured{"bare", nil}) {
		for _, chunks := range []int{few, many} {
			b.Run(fmt.Sprintf("%s/%d chunks", l.name, chunks), func(b *testing.B) {
				run := answering(b, l.settings, chunks)
				b.ReportAllocs()
				for b.Loop() {
					run()
				}
			})
		}
	}
}

func bareAllocs(t testing.TB) float64 { return testing.AllocsPerRun(100, answering(t, nil, few)) }

// cost returns the processor time in nanoseconds that a piece adds to a call and to a chunk.
func cost(t testing.TB, settings piece) (call, chunk float64) {
	added := func(chunks, calls int) float64 {
		return cputime.Least(t, calls, answering(t, settings, chunks)) - cputime.Least(t, calls, answering(t, nil, chunks))
	}
	call = added(few, 1000)
	return call, (added(many, 25) - call) / (many - few)
}

// The chain adds at most 15 µs and 60 allocations a call, 500 ns and no allocation a chunk.
func TestChainCostsLittle(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector multiplies costs")
	}
	const mostAllocs, mostPerCall, mostPerChunk = 60, 15_000.0, 500.0 // ns
	for _, l := range layers() {
		allocs := testing.AllocsPerRun(100, answering(t, l.settings, few)) - bareAllocs(t)
		long := testing.AllocsPerRun(100, answering(t, l.settings, many)) - bareAllocs(t)
		call, chunk := cost(t, l.settings)
		for range 4 { // a busy machine can be slow for seconds
			if l.name != "chain" || call <= mostPerCall && chunk <= mostPerChunk {
				break
			}
			again, againChunk := cost(t, l.settings)
			call, chunk = min(call, again), min(chunk, againChunk)
		}
		figures := fmt.Sprintf("%-12s %6.0f ns and %3.0f allocations a call, %4.0f ns and %.3f allocations a chunk",
			l.name, call, allocs, chunk, (long-allocs)/(many-few))
		t.Log(figures)
		if l.name != "chain" {
			continue
		}
		if allocs > mostAllocs || call > mostPerCall || chunk > mostPerChunk || long > allocs {
			t.Errorf("%s; want at most %.0f ns and %d allocations a call, %.0f ns and none a chunk",
				figures, mostPerCall, mostAllocs, mostPerChunk)
		}
	}
}
