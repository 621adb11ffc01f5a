package store_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-llm/parley/llm/middleware/store"
)

// A bucket with one token per second and a burst of three, step by step.
func TestBucketTakes(t *testing.T) {
	b := store.Bucket{Every: time.Second, Burst: 3}
	begun := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	full := make([]time.Time, 1)
	for _, step := range []struct {
		at      time.Duration
		n       int64
		maxWait time.Duration
		wait    time.Duration
		ok      bool
	}{
		{0, 2, 0, 0, true},
		{0, 1, 0, 0, true},
		{0, 1, 0, time.Second, false},              // the bucket is empty
		{0, 1, time.Minute, time.Second, true},     // a longer wait is accepted
		{0, 1, time.Minute, 2 * time.Second, true}, // in order
		{500 * time.Millisecond, -1, 0, 0, true},   // one token is returned
		{500 * time.Millisecond, 1, time.Minute, 1500 * time.Millisecond, true},
		{time.Minute, 3, 0, 0, true}, // full again
		{time.Minute, 1, 0, time.Second, false},
		{2 * time.Minute, 10, 0, 0, true}, // more than the burst, from a full bucket
		{2 * time.Minute, 1, time.Minute, 8 * time.Second, true},
	} {
		var wait time.Duration
		var ok bool
		wait, ok = store.ReserveTokens(full, begun.Add(step.at), []store.Reservation{{N: step.n, Bucket: b}}, step.maxWait)
		if wait != step.wait || ok != step.ok {
			t.Errorf("at %v, Take(%d) is %v, %v; want %v, %v", step.at, step.n, wait, ok, step.wait, step.ok)
		}
	}
}

func TestMemoryForgetsWhatIsOldOrTooMuch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		m := &store.Memory{MaxBytes: 2000}
		get := func(key string) string {
			value, err := m.Get(ctx, key)
			if err != nil {
				t.Errorf("Get(%q): %v", key, err)
			}
			return string(value)
		}
		set := func(key, value string, ttl time.Duration) {
			if err := m.Set(ctx, key, []byte(value), ttl); err != nil {
				t.Errorf("Set(%q): %v", key, err)
			}
		}
		set("a", "1", time.Minute)
		set("a", "2", time.Minute)
		set("old", "3", time.Second)
		time.Sleep(time.Second)
		equal(t, "values", []string{get("a"), get("old"), get("none")}, []string{"2", "", ""})
		for i := range 10 {
			set(fmt.Sprint(i), "x", time.Minute)
			get("a") // recently used, so it stays
		}
		set("huge", string(make([]byte, 3000)), time.Minute)
		equal(t, "values when there were too many", []string{get("a"), get("0"), get("9"), get("huge")}, []string{"2", "", "x", ""})

		add := func(n int64) int64 {
			sum, err := m.Add(ctx, "sum", n, time.Minute)
			if err != nil {
				t.Errorf("Add: %v", err)
			}
			return sum
		}
		equal(t, "sums", []int64{add(5), add(-2)}, []int64{5, 3})
		time.Sleep(time.Minute)
		equal(t, "the sum after its time", add(1), int64(1))
	})
}

func TestMemoryForgetsOldCountersAndFullBuckets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &store.Memory{}
		b := store.Bucket{Every: time.Second, Burst: 1}
		fill := func(prefix string) {
			for i := range 2000 { // more than the minimum for a sweep
				key := fmt.Sprint(prefix, i)
				if _, err := m.Add(t.Context(), key, 1, time.Minute); err != nil {
					t.Fatal(err)
				}
				if _, _, err := m.Reserve(t.Context(), key, []store.Reservation{{N: 1, Bucket: b}}, 0); err != nil {
					t.Fatal(err)
				}
			}
		}
		fill("old")
		sum, err := m.Add(t.Context(), "old1", 1, time.Minute)
		equal(t, "a counter that is not old", sum, int64(2))
		equal(t, "the error", err, nil)
		_, ok, _ := m.Reserve(t.Context(), "old1", []store.Reservation{{N: 1, Bucket: b}}, 0)
		equal(t, "whether a bucket that is empty gives a token", ok, false)
		time.Sleep(time.Hour)
		fill("new")
		sum, err = m.Add(t.Context(), "old1", 1, time.Minute)
		equal(t, "a counter that was old", sum, int64(1))
		equal(t, "the error", err, nil)
	})
}

func equal(t *testing.T, name string, got, want any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s differs (-want +got):\n%s", name, d)
	}
}
