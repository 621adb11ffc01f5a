// Package storetest tests implementations of [store.Store]:
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, func(t *testing.T) store.Store { return mystore.New(…) })
//	}
package storetest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/parley-llm/parley/llm/middleware/store"
)

// slack is the accepted error of waits. It includes the error of the clock of the store and
// the time of the calls. All waits in these tests are much longer.
const slack = time.Minute

// Run tests the stores that open returns. The stores may share a server, because each test
// uses different keys.
func Run(t *testing.T, open func(t *testing.T) store.Store) {
	t.Run("values", func(t *testing.T) { testValues(t, open(t)) })
	t.Run("counters", func(t *testing.T) { testCounters(t, open(t)) })
	t.Run("buckets", func(t *testing.T) { testBuckets(t, open(t)) })
	t.Run("buckets of one key", func(t *testing.T) { testTogether(t, open(t)) })
	t.Run("kinds of keys are independent", func(t *testing.T) { testKinds(t, open(t)) })
	t.Run("concurrent use", func(t *testing.T) { testMany(t, open(t)) })
}

// name returns a key that no other test and no other run uses.
func name(t *testing.T, what string) string {
	return fmt.Sprintf("%s/%s/%d", t.Name(), what, time.Now().UnixNano())
}

func testValues(t *testing.T, s store.Store) {
	ctx, key := t.Context(), name(t, "value")
	get := func(want string) {
		t.Helper()
		value, err := s.Get(ctx, key)
		if err != nil || string(value) != want || (value == nil) != (want == "") {
			t.Fatalf("Get returns %q, %v; want %q", value, err, want)
		}
	}
	set := func(value string, ttl time.Duration) {
		t.Helper()
		if err := s.Set(ctx, key, []byte(value), ttl); err != nil {
			t.Fatal(err)
		}
	}
	get("")
	set("one\x00\xff", time.Hour)
	get("one\x00\xff")
	set("two", time.Hour)
	get("two")
	set("three", time.Millisecond)
	forgotten(t, func() bool {
		value, err := s.Get(ctx, key)
		return err == nil && value == nil
	})
	set("four", time.Hour)
	get("four")
	set("five", 0)
	get("")
}

func testCounters(t *testing.T, s store.Store) {
	ctx, key := t.Context(), name(t, "counter")
	add := func(n, want int64, ttl time.Duration) {
		t.Helper()
		if sum, err := s.Add(ctx, key, n, ttl); err != nil || sum != want {
			t.Fatalf("Add(%d) returns %d, %v; want %d", n, sum, err, want)
		}
	}
	add(5, 5, time.Hour)
	add(0, 5, time.Hour)
	add(-7, -2, time.Hour)
	add(1<<40, 1<<40-2, time.Hour)
	add(2, 1<<40, time.Millisecond)
	forgotten(t, func() bool {
		sum, err := s.Add(ctx, key, 0, time.Millisecond)
		return err == nil && sum == 0
	})
}

// forgotten waits until a value that expires after a millisecond has expired.
func forgotten(t *testing.T, gone func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !gone(); {
		if time.Now().After(deadline) {
			t.Fatal("a value that expires after a millisecond is still there after 10 s")
		}
	}
}

func testBuckets(t *testing.T, s store.Store) {
	bucket := store.Bucket{Every: time.Hour, Burst: 3}
	key := name(t, "bucket")
	for i, step := range []struct {
		n       int64
		maxWait time.Duration
		wait    time.Duration
		ok      bool
	}{
		{n: 2, ok: true},
		{n: 1, ok: true},
		{n: 1, wait: time.Hour, ok: false},
		{n: 1, maxWait: 2 * time.Hour, wait: time.Hour, ok: true},
		{n: 1, maxWait: 90 * time.Minute, wait: 2 * time.Hour, ok: false}, // and nothing is taken
		{n: 1, maxWait: 3 * time.Hour, wait: 2 * time.Hour, ok: true},
		{n: -2, ok: true}, // given back
		{n: 1, maxWait: 2 * time.Hour, wait: time.Hour, ok: true},
		{n: -4, ok: true}, // full again
		{n: -9, ok: true}, // and never fuller than full
		{n: 3, ok: true},
		{n: 1, wait: time.Hour, ok: false},
		{n: -3, ok: true},
		{n: 5, ok: true}, // more than the burst: a full bucket, and a debt
		{n: 1, maxWait: 4 * time.Hour, wait: 3 * time.Hour, ok: true},
	} {
		wait, ok, err := s.Reserve(t.Context(), key, []store.Reservation{{N: step.n, Bucket: bucket}}, step.maxWait)
		if err != nil || ok != step.ok || (wait-step.wait).Abs() > slack {
			t.Fatalf("step %d: Reserve(%d, at most %v) returns %v, %v, %v; want %v, %v", i, step.n, step.maxWait, wait, ok, err, step.wait, step.ok)
		}
	}
}

// testTogether takes out of two buckets at once: a token an hour and three at most, and ten an hour
// and a hundred at most.
func testTogether(t *testing.T, s store.Store) {
	slow, fast := store.Bucket{Every: time.Hour, Burst: 3}, store.Bucket{Every: 6 * time.Minute, Burst: 100}
	key := name(t, "buckets")
	for i, step := range []struct {
		slow, fast int64
		maxWait    time.Duration
		wait       time.Duration
		ok         bool
	}{
		{slow: 1, fast: 100, ok: true},
		{slow: 1, fast: 50, maxWait: 4 * time.Hour, wait: 5 * time.Hour, ok: false}, // and nothing is taken of either
		{slow: 1, fast: 50, maxWait: 6 * time.Hour, wait: 5 * time.Hour, ok: true},
		{slow: 3, fast: 0, maxWait: 9 * time.Hour, wait: 6 * time.Hour, ok: true}, // in order: the one before has its tokens at its turn
		{slow: 0, fast: -50, ok: true},
		{slow: 0, fast: 100, maxWait: 11 * time.Hour, wait: 10 * time.Hour, ok: true},
	} {
		reservations := []store.Reservation{{N: step.slow, Bucket: slow}, {N: step.fast, Bucket: fast}}
		wait, ok, err := s.Reserve(t.Context(), key, reservations, step.maxWait)
		if err != nil || ok != step.ok || (wait-step.wait).Abs() > slack {
			t.Fatalf("step %d: Reserve(%d and %d, at most %v) returns %v, %v, %v; want %v, %v",
				i, step.slow, step.fast, step.maxWait, wait, ok, err, step.wait, step.ok)
		}
	}
}

func testKinds(t *testing.T, s store.Store) {
	ctx, key := t.Context(), name(t, "key")
	if err := s.Set(ctx, key, []byte("value"), time.Hour); err != nil {
		t.Fatal(err)
	}
	if sum, err := s.Add(ctx, key, 2, time.Hour); err != nil || sum != 2 {
		t.Errorf("a counter with the name of a value is %d, %v; want 2", sum, err)
	}
	if wait, ok, err := s.Reserve(ctx, key, []store.Reservation{{N: 1, Bucket: store.Bucket{Every: time.Hour, Burst: 1}}}, 0); err != nil || !ok || wait != 0 {
		t.Errorf("a bucket with the name of a value gives %v, %v, %v; want its token at once", wait, ok, err)
	}
	if value, err := s.Get(ctx, key); err != nil || string(value) != "value" {
		t.Errorf("the value is %q, %v after a counter and a bucket of its name; want %q", value, err, "value")
	}
}

// testMany asks for one token more than there are from many goroutines at once.
func testMany(t *testing.T, s store.Store) {
	const workers, each = 8, 25
	key := name(t, "busy")
	reservations := []store.Reservation{{N: 1, Bucket: store.Bucket{Every: time.Hour, Burst: workers*each - 1}}}
	var mu sync.Mutex
	given, sums := 0, map[int64]bool{}
	var wait sync.WaitGroup
	for range workers {
		wait.Go(func() {
			for range each {
				_, ok, err := s.Reserve(t.Context(), key, reservations, 0)
				sum, err2 := s.Add(t.Context(), key, 1, time.Hour)
				if err != nil || err2 != nil {
					t.Errorf("Reserve: %v, Add: %v", err, err2)
					return
				}
				mu.Lock()
				sums[sum] = true
				if ok {
					given++
				}
				mu.Unlock()
			}
		})
	}
	wait.Wait()
	if given != workers*each-1 {
		t.Errorf("%d tokens were given out of %d", given, workers*each-1)
	}
	if len(sums) != workers*each {
		t.Errorf("%d additions at once gave %d different sums", workers*each, len(sums))
	}
}
