package middleware

import (
	"container/list"
	"context"
	"slices"
	"sync"
	"time"
)

// Memory is a [Store] in the process. Of values it keeps those used last, up to
// a number of bytes.
type Memory struct {
	maxBytes int

	mu       sync.Mutex
	values   map[string]*list.Element // of *memoryValue
	used     *list.List               // used last is first
	bytes    int
	counters map[string]memoryCounter
	buckets  map[string][]time.Time // when they will be full
	sweepAt  int                    // counters and buckets that make it worth looking for old ones
}

type memoryValue struct {
	key     string
	value   []byte
	expires time.Time
}

type memoryCounter struct {
	sum     int64
	expires time.Time
}

// valueOverhead is what a value costs in memory besides its bytes, about.
const valueOverhead = 256

// NewMemory returns an empty store whose values take up to so many bytes; 0 is 64 MiB.
func NewMemory(maxBytes int) *Memory {
	if maxBytes <= 0 {
		maxBytes = 64 << 20
	}
	return &Memory{
		maxBytes: maxBytes, values: make(map[string]*list.Element), used: list.New(),
		counters: make(map[string]memoryCounter), buckets: make(map[string][]time.Time), sweepAt: 1000,
	}
}

// Get returns a value.
func (m *Memory) Get(_ context.Context, key string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e := m.values[key]
	if e == nil {
		return nil, nil
	}
	v := e.Value.(*memoryValue)
	if !time.Now().Before(v.expires) {
		m.drop(e)
		return nil, nil
	}
	m.used.MoveToFront(e)
	return v.value, nil
}

// Set sets a value. One that is larger than all of the store is not kept.
func (m *Memory) Set(_ context.Context, key string, value []byte, ttl time.Duration) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e := m.values[key]; e != nil {
		m.drop(e)
	}
	v := &memoryValue{key, value, time.Now().Add(ttl)}
	if v.size() > m.maxBytes {
		return nil
	}
	m.values[key] = m.used.PushFront(v)
	m.bytes += v.size()
	for m.bytes > m.maxBytes {
		m.drop(m.used.Back())
	}
	return nil
}

func (v *memoryValue) size() int { return len(v.key) + len(v.value) + valueOverhead }

func (m *Memory) drop(e *list.Element) {
	v := m.used.Remove(e).(*memoryValue)
	delete(m.values, v.key)
	m.bytes -= v.size()
}

// Add adds to a counter.
func (m *Memory) Add(_ context.Context, key string, n int64, ttl time.Duration) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	m.sweep(now)
	c := m.counters[key]
	if !now.Before(c.expires) {
		c.sum = 0
	}
	c.sum += n
	c.expires = now.Add(ttl)
	m.counters[key] = c
	return c.sum, nil
}

// Take takes tokens out of the buckets of a key.
func (m *Memory) Take(_ context.Context, key string, draws []Draw, maxWait time.Duration) (time.Duration, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	m.sweep(now)
	full := m.buckets[key]
	if missing := len(draws) - len(full); missing > 0 {
		full = append(full, make([]time.Time, missing)...)
		m.buckets[key] = full
	}
	wait, ok := TakeFrom(full, now, draws, maxWait)
	return wait, ok, nil
}

// sweep forgets counters whose time is over and buckets that are full, once
// there are twice as many as after the last sweep.
func (m *Memory) sweep(now time.Time) {
	if len(m.counters)+len(m.buckets) < m.sweepAt {
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
	m.sweepAt = max(1000, 2*(len(m.counters)+len(m.buckets)))
}
