// Package store defines where middleware keeps the state that several processes can
// share: cached answers, rate limits, budgets and open breakers.
//
// [Memory] is a [Store] in the memory of one process. Package
// [github.com/parley-llm/parley/llm/redisstore] is a Store in Redis or Valkey. Package
// [github.com/parley-llm/parley/llm/middleware/store/storetest] tests other
// implementations.
package store

import (
	"context"
	"math"
	"time"
)

// Store keeps values, counters and token buckets under string keys. A value, a counter
// and the buckets of one key are independent of each other.
//
// Every method is atomic, is safe for concurrent use, and returns when its context ends.
type Store interface {
	// Get returns the value of a key, or nil if the key has no value or the value has
	// expired. The caller must not modify the value.
	Get(ctx context.Context, key string) ([]byte, error)

	// Set sets the value of a key for the duration ttl. If ttl is zero or negative, the
	// value expires at once. The store may evict a value earlier.
	Set(ctx context.Context, key string, value []byte, ttl time.Duration) error

	// Add adds n to the counter of a key and returns the sum. If the sum would overflow, it
	// is the largest or smallest int64. A counter starts at zero. It
	// is reset if nothing is added to it for the duration ttl.
	Add(ctx context.Context, key string, n int64, ttl time.Duration) (int64, error)

	// Reserve takes tokens from the buckets of a key and returns the time to wait until
	// they may be used. Reservations are served in order. If the wait is longer than
	// maxWait, Reserve takes nothing and ok is false.
	//
	// The i-th reservation is for the i-th bucket of the key. Reserve must not keep the
	// slice. See [ReserveTokens] for the calculation.
	Reserve(ctx context.Context, key string, reservations []Reservation, maxWait time.Duration) (wait time.Duration, ok bool, err error)
}

// Bucket describes a token bucket. A bucket is full at first. A reservation of more than
// Burst tokens waits until the bucket is full, and the next reservation waits longer.
type Bucket struct {
	Every time.Duration // time to add one token
	Burst int64         // capacity in tokens
}

// Reservation is a number of tokens to take from a bucket. A negative N returns tokens
// and never has to wait.
type Reservation struct {
	N int64
	Bucket
}

// ReserveTokens is the calculation of [Store.Reserve], for implementations of it.
//
// The state of each bucket is one time in full: the time at which the bucket will be full
// if nothing more is taken. The zero time is a full bucket. ReserveTokens updates full,
// which must be at least as long as reservations.
//
// All buckets are charged at the same time: the earliest time at which each of them has
// enough tokens. Otherwise, calls that wait for one bucket would empty the others early
// and start in a burst.
func ReserveTokens(full []time.Time, now time.Time, reservations []Reservation, maxWait time.Duration) (wait time.Duration, ok bool) {
	for i, r := range reservations {
		if full[i].Before(now) {
			full[i] = now
		}
		if r.N > 0 {
			spare := r.time(r.Burst - min(r.N, r.Burst)) // may be missing when N tokens are taken
			wait = max(wait, full[i].Sub(now)-spare)
		}
	}
	if wait > maxWait {
		return wait, false
	}
	start := now.Add(wait)
	for i, r := range reservations {
		if r.N > 0 && full[i].Before(start) {
			full[i] = start
		}
		full[i] = full[i].Add(r.time(r.N))
	}
	return wait, true
}

// time returns the time to add n tokens. It is limited to 100 years in both directions, so
// that it does not overflow.
func (b Bucket) time(n int64) time.Duration {
	const limit = 100 * 365 * 24 * time.Hour
	if b.Every <= 0 {
		return 0
	}
	most := int64(limit / b.Every)
	return time.Duration(max(-most, min(n, most))) * b.Every
}

// addSaturated returns the sum of two numbers, or the nearest int64.
func addSaturated(a, b int64) int64 {
	switch {
	case b > 0 && a > math.MaxInt64-b:
		return math.MaxInt64
	case b < 0 && a < math.MinInt64-b:
		return math.MinInt64
	}
	return a + b
}
