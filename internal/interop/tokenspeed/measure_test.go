package tokenspeed

import (
	"os"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/parley-llm/parley/internal/cputime"
)

// timed reports whether times are measured carefully and checked.
func timed() bool { return os.Getenv("PARLEY_SPEED") != "" }

// oneCore restricts the test's goroutines and the garbage collector to one processor.
func oneCore(t *testing.T) {
	before := runtime.GOMAXPROCS(1)
	t.Cleanup(func() { runtime.GOMAXPROCS(before) })
}

// processorTime returns the processor time of a call of f in this process.
func processorTime(t *testing.T, f func()) time.Duration {
	runtime.GC()
	return cputime.Of(t, f)
}

// allocations returns the number of allocations of a call of f.
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
