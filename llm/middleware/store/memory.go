package store

import (
	"container/list"
	"context"
	"slices"
	"sync"
	"time"
)

// Memory is a [Store] in the memory of the process. When its values reach MaxBytes, it
// evicts the least recently used ones. Counters and buckets do not count towards the
// limit. They are removed after they have expired or refilled.
//
// The zero value is an empty store that is ready to use. Its methods never fail. Do not
// copy a Memory or change its fields after the first use.
type Memory struct {
	// MaxBytes limits the memory for values, including 256 bytes for each of them. The
	// default, for zero or a negative number, is 64 MiB.
	MaxBytes int

	mu       sync.Mutex
	values   map[string]*list.Element // of *memoryValue
	used     list.List                // most recently used first
	bytes    int
	counters map[string]memoryCounter
	buckets  map[string][]time.Time // times at which they will be full
	sweepAt  int                    // number of counters and buckets that starts a sweep
}

var _ Store = (*Memory)(nil)

type memoryValue struct {
	key     string
	value   []byte
	expires time.Time
}

type memoryCounter struct {
	sum     int64
	expires time.Time
}

const (
	defaultMaxBytes = 64 << 20
	valueOverhead   = 256  // approximate memory for a value besides its key and content
	minSweepAt      = 1000 // fewer counters and buckets are not worth a sweep
)

// Get returns the value of a key, or nil.
func (m *Memory) Get(_ context.Context, key string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e := m.values[key]
	if e == nil {
		return nil, nil
	}
	v := e.Value.(*memoryValue)
	if !time.Now().Before(v.expires) {
		m.evict(e)
		return nil, nil
	}
	m.used.MoveToFront(e)
	return v.value, nil
}

// Set sets the value of a key. A value larger than MaxBytes is not stored.
func (m *Memory) Set(_ context.Context, key string, value []byte, ttl time.Duration) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e := m.values[key]; e != nil {
		m.evict(e)
	}
	maxBytes := m.MaxBytes
	if maxBytes <= 0 {
		maxBytes = defaultMaxBytes
	}
	v := &memoryValue{key, value, time.Now().Add(ttl)}
	if v.size() > maxBytes {
		return nil
	}
	if m.values == nil {
		m.values = make(map[string]*list.Element)
	}
	m.values[key] = m.used.PushFront(v)
	m.bytes += v.size()
	for m.bytes > maxBytes {
		m.evict(m.used.Back())
	}
	return nil
}

func (v *memoryValue) size() int { return len(v.key) + len(v.value) + valueOverhead }

func (m *Memory) evict(e *list.Element) {
	v := m.used.Remove(e).(*memoryValue)
	delete(m.values, v.key)
	m.bytes -= v.size()
}

// Add adds n to the counter of a key and returns the sum, which saturates.
func (m *Memory) Add(_ context.Context, key string, n int64, ttl time.Duration) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	m.sweep(now)
	c := m.counters[key]
	if !now.Before(c.expires) {
		c.sum = 0
	}
	c.sum = addSaturated(c.sum, n)
	c.expires = now.Add(ttl)
	if m.counters == nil {
		m.counters = make(map[string]memoryCounter)
	}
	m.counters[key] = c
	return c.sum, nil
}

// Reserve takes tokens from the buckets of a key.
func (m *Memory) Reserve(_ context.Context, key string, reservations []Reservation, maxWait time.Duration) (time.Duration, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	m.sweep(now)
	full := m.buckets[key]
	if missing := len(reservations) - len(full); missing > 0 {
		full = append(full, make([]time.Time, missing)...)
		if m.buckets == nil {
			m.buckets = make(map[string][]time.Time)
		}
		m.buckets[key] = full
	}
	wait, ok := ReserveTokens(full, now, reservations, maxWait)
	return wait, ok, nil
}

// sweep removes expired counters and full buckets if there are twice as many as after the
// previous sweep.
func (m *Memory) sweep(now time.Time) {
	if len(m.counters)+len(m.buckets) < max(m.sweepAt, minSweepAt) {
		return
	}
	for key, c := range m.counters {
		if !now.Before(c.expires) {
			delete(m.counters, key)
		}
	}
	for key, full := range m.buckets {
		if !slices.ContainsFunc(full, now.Before) {
			delete(m.buckets, key)
		}
	}
	m.sweepAt = 2 * (len(m.counters) + len(m.buckets))
}
