package middleware

import (
	"context"
	"time"
)

// A Store keeps the state that a fleet of machines can share: cached answers,
// rate limits, budgets, open breakers. [Memory] keeps it in the process;
// another implementation can keep it elsewhere. Each method is atomic. All may be
// called from any number of goroutines, and end when their context does.
type Store interface {
	// Get returns the value of a key, or nil if it has none or its time is over.
	// The value must not be modified.
	Get(ctx context.Context, key string) ([]byte, error)
	// Set sets the value of a key for a time. The store may forget it earlier.
	Set(ctx context.Context, key string, value []byte, ttl time.Duration) error
	// Add adds to the counter of a key, zero at first, and returns the sum. The
	// counter is forgotten when nothing has been added for that time.
	Add(ctx context.Context, key string, n int64, ttl time.Duration) (int64, error)
	// Take takes tokens out of the buckets of a key, and returns how long to
	// wait before they may be used: takers are served in order. If that would be
	// longer than maxWait, it takes nothing and ok is false. The buckets are told apart by
	// their place among the draws, which must not be kept. See [TakeFrom].
	Take(ctx context.Context, key string, draws []Draw, maxWait time.Duration) (wait time.Duration, ok bool, err error)
}

// Bucket is a token bucket: it holds Burst tokens at most, is full at first, and
// gets a new one Every so often. Who takes more than Burst waits until it is full,
// and leaves a debt for the next.
type Bucket struct {
	Every time.Duration
	Burst int64
}

// Draw is what is taken out of a bucket. A negative N gives tokens back, and makes nobody wait.
type Draw struct {
	N int64
	Bucket
}

// TakeFrom is the arithmetic of [Store.Take], for implementations of it. The state
// of each bucket is one time: when it will be full, if nothing more is taken. The
// zero time is a bucket that nobody has used.
//
// All tokens are taken at the moment at which they may be used, which is the same for all
// buckets: one that has tokens at once is not drawn upon before the others have theirs too,
// or calls held up by another bucket would then come in a crowd.
func TakeFrom(full []time.Time, now time.Time, draws []Draw, maxWait time.Duration) (wait time.Duration, ok bool) {
	for i, d := range draws {
		if full[i].Before(now) {
			full[i] = now
		}
		if d.N > 0 {
			spare := time.Duration(d.Burst-min(d.N, d.Burst)) * d.Every // what may be missing when N are taken
			wait = max(wait, full[i].Sub(now)-spare)
		}
	}
	if wait > maxWait {
		return wait, false
	}
	turn := now.Add(wait)
	for i, d := range draws {
		if d.N > 0 && full[i].Before(turn) {
			full[i] = turn
		}
		full[i] = full[i].Add(time.Duration(d.N) * d.Every)
	}
	return wait, true
}
