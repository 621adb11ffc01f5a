package cputime

import (
	"math"
	"testing"
)

// rounds is how many measurements Least makes.
const rounds = 15

// Least returns the nanoseconds that f uses, as the least of several measurements of so many calls
// each: other work of the machine only ever adds, even to this, by what it does to caches.
func Least(t testing.TB, calls int, f func()) float64 {
	t.Helper()
	used := func() float64 {
		d, err := Used()
		if err != nil {
			t.Fatal(err)
		}
		return float64(d)
	}
	least := math.Inf(1)
	for range rounds {
		begun := used()
		for range calls {
			f()
		}
		least = min(least, (used()-begun)/float64(calls))
	}
	return least
}
