package cputime

import (
	"math"
	"testing"
	"time"
)

// Of returns the time that f uses.
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

// rounds is how many measurements Least makes.
const rounds = 15

// Least returns the nanoseconds that f uses, as the least of several measurements of so many calls
// each: other work of the machine only ever adds, even to this, by what it does to caches.
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
