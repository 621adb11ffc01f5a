package cputime

import (
	"math"
	"testing"
	"time"
)

// Of returns the processor time that f uses.
func Of(t testing.TB, f func()) time.Duration {
	t.Helper()
	begun := used(t)
	f()
	return used(t) - begun
}

func used(t testing.TB) time.Duration {
	t.Helper()
	d, err := Used()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// rounds is the number of measurements that Least makes.
const rounds = 15

// Least returns the nanoseconds of processor time per call of f. It measures the given
// number of calls several times and returns the lowest result, because other programs can
// only add time, for example by evicting caches.
func Least(t testing.TB, calls int, f func()) float64 {
	t.Helper()
	least := math.Inf(1)
	for range rounds {
		took := Of(t, func() {
			for range calls {
				f()
			}
		})
		least = min(least, float64(took)/float64(calls))
	}
	return least
}
