//go:build !race

package otel_test

import (
	"math"
	"testing"

	"github.com/parley-llm/parley/internal/cputime"
	"github.com/parley-llm/parley/llm/otel"
)

// Telemetry adds at most 500 ns and no allocation to a chunk, like the whole chain of
// middleware. The race detector multiplies costs.
func TestTelemetryCostsLittle(t *testing.T) {
	const few, many, most = 2, 1002, 500.0 // ns
	added := func(measure func(f func()) float64, chunks int) float64 {
		return measure(streaming(t, chunks, &otel.Telemetry{})) - measure(streaming(t, chunks, nil))
	}
	time := func(f func()) float64 { return cputime.Least(t, 50, f) }
	allocs := func(f func()) float64 { return testing.AllocsPerRun(50, f) }
	perCall := added(allocs, few)
	perChunk := (added(allocs, many) - perCall) / (many - few)
	call, chunk := math.Inf(1), math.Inf(1)
	for range 5 { // a busy machine can be slow for seconds
		call = min(call, added(time, few))
		if chunk = min(chunk, (added(time, many)-call)/(many-few)); chunk <= most {
			break
		}
	}
	t.Logf("telemetry    %6.0f ns and %3.0f allocations a call, %4.0f ns and %.3f allocations a chunk", call, perCall, chunk, perChunk)
	if chunk > most || perChunk > 0 {
		t.Errorf("telemetry adds %.0f ns and %.3f allocations to a chunk, want at most %.0f ns and none", chunk, perChunk, most)
	}
}
