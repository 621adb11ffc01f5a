package store_test

import (
	"math"
	"testing"
	"time"

	"github.com/parley-llm/parley/llm/middleware/store"
)

func TestSumsSaturate(t *testing.T) {
	m := new(store.Memory)
	for _, n := range []int64{math.MaxInt64, 5, math.MaxInt64} {
		if sum, err := m.Add(t.Context(), "up", n, time.Hour); err != nil || sum != math.MaxInt64 {
			t.Errorf("Add(%d) returns %d, %v", n, sum, err)
		}
	}
	for range 3 {
		if sum, err := m.Add(t.Context(), "down", math.MinInt64, time.Hour); err != nil || sum != math.MinInt64 {
			t.Errorf("Add returns %d, %v", sum, err)
		}
	}
}

func TestHugeReservationsDoNotOverflow(t *testing.T) {
	now := time.Now()
	b := store.Bucket{Every: time.Minute, Burst: 5}
	full := make([]time.Time, 1)
	for _, n := range []int64{math.MaxInt64, math.MaxInt64 / 2} {
		full[0] = now
		store.ReserveTokens(full, now, []store.Reservation{{N: n, Bucket: b}}, 0)
		if !full[0].After(now.Add(time.Hour)) {
			t.Errorf("after %d tokens the bucket is full at %v", n, full[0].Sub(now))
		}
	}
	full[0] = now
	store.ReserveTokens(full, now, []store.Reservation{{N: math.MinInt64, Bucket: b}}, 0)
	if full[0].After(now) {
		t.Errorf("after tokens came back, the bucket is full in %v", full[0].Sub(now))
	}
}
