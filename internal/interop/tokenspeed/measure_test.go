package tokenspeed

import (
	"os"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/parley-llm/parley/internal/cputime"
)

// timed reports whether times are to be measured with care and held to bounds.
func timed() bool { return os.Getenv("PARLEY_SPEED") != "" }

// oneCore keeps the test's goroutines and the garbage collector to one
// processor.
func oneCore(t *testing.T) {
	before := runtime.GOMAXPROCS(1)
	t.Cleanup(func() { runtime.GOMAXPROCS(before) })
}

// processorTime returns the processor time of this process that a call of f
// takes.
func processorTime(t *testing.T, f func()) time.Duration {
	runtime.GC()
	return cputime.Of(t, f)
}

// allocations returns how many allocations a call of f makes.
func allocations(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.Mallocs - before.Mallocs
}

func median[T float64 | time.Duration](list []T) T {
	return slices.Sorted(slices.Values(list))[len(list)/2]
}
