package middleware

import (
	"container/list"
	"context"
	"sync"
	"time"

	"github.com/parley-llm/parley/llm"
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
	// Take takes n tokens out of the bucket of a key, and returns how long to
	// wait before they may be used: takers are served in order. If that would be
	// longer than maxWait, it takes nothing and ok is false. A negative n gives
	// tokens back, and always succeeds at once.
	Take(ctx context.Context, key string, n int64, b Bucket, maxWait time.Duration) (wait time.Duration, ok bool, err error)
}

// Bucket is a token bucket: it holds Burst tokens at most, is full at first, and
// gets a new one Every so often. Who takes more than Burst waits until it is full,
// and leaves a debt for the next.
type Bucket struct {
	Every time.Duration
	Burst int64
}

// Take is the arithmetic of [Store.Take], for implementations of it. The state
// of a bucket is one time: when it will be full, if nothing more is taken. The
// zero time is a bucket that nobody has used.
func (b Bucket) Take(full, now time.Time, n int64, maxWait time.Duration) (newFull time.Time, wait time.Duration, ok bool) {
	if full.Before(now) {
		full = now
	}
	if n > 0 {
		spare := time.Duration(b.Burst-min(n, b.Burst)) * b.Every // what may be missing when n are taken
		if wait = max(0, full.Sub(now)-spare); wait > maxWait {
			return full, wait, false
		}
	}
	return full.Add(time.Duration(n) * b.Every), wait, true
}

// Shared says where a middleware keeps state that a fleet can share.
type Shared struct {
	// Name is the store's in a config file, whose reader sets Store. Programs need not set it.
	Name string `yaml:"store" json:"store"`
	// Store is where; nil is a [Memory] of the middleware's own.
	Store Store `yaml:"-" json:"-"`
	// StoreDown is what happens when the store fails; default [Local].
	StoreDown StoreDown `yaml:"store_down" json:"store_down"`
}

// StoreDown is what happens when a [Store] fails.
type StoreDown string

// The choices.
const (
	// Local goes on with a state of this process: each machine then has the
	// limits, and the cache, for itself.
	Local StoreDown = "local"
	// Refuse fails the call with an error of kind [llm.Network].
	Refuse StoreDown = "refuse"
)

// open returns the store to use.
func (c Shared) open(s *settings) *state {
	switch c.StoreDown {
	case "", Local, Refuse:
	default:
		s.refuse("Shared.StoreDown", "is %q; use %q or %q", string(c.StoreDown), string(Local), string(Refuse))
	}
	if c.Name != "" && c.Store == nil {
		s.refuse("Shared.Store", "is nil, and has the name %q; whoever reads the settings sets the store of this name", c.Name)
	}
	return &state{shared: c.Store, local: NewMemory(0), refuse: c.StoreDown == Refuse}
}

// state is a store whose failures are dealt with as its user has chosen.
type state struct {
	shared Store // nil if there is none
	local  *Memory
	refuse bool
}

// failed reports whether to go on with the local state, or the error to give up with.
func (s *state) failed(ctx context.Context, err error) (local bool, final error) {
	switch {
	case err == nil:
		return false, nil
	case ctx.Err() != nil:
		return false, llm.FromContext(ctx)
	case s.refuse:
		return false, &llm.Error{Kind: llm.Network, Message: "the shared store of limits does not work, and calls without it are refused: " + err.Error(), Err: err}
	}
	return true, nil
}

func (s *state) Get(ctx context.Context, key string) ([]byte, error) {
	if s.shared != nil {
		value, err := s.shared.Get(ctx, key)
		if local, err := s.failed(ctx, err); !local {
			return value, err
		}
	}
	return s.local.Get(ctx, key)
}

func (s *state) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if s.shared != nil {
		if local, err := s.failed(ctx, s.shared.Set(ctx, key, value, ttl)); !local {
			return err
		}
	}
	return s.local.Set(ctx, key, value, ttl)
}

// Add adds to a counter, and returns the store that has it too: what is added in advance
// must be corrected in the same one.
func (s *state) Add(ctx context.Context, key string, n int64, ttl time.Duration) (int64, Store, error) {
	if s.shared != nil {
		sum, err := s.shared.Add(ctx, key, n, ttl)
		if local, err := s.failed(ctx, err); !local {
			return sum, s.shared, err
		}
	}
	sum, err := s.local.Add(ctx, key, n, ttl)
	return sum, s.local, err
}

// Take takes tokens out of a bucket, and returns the store that has it too: what is given
// back must go to the same one.
func (s *state) Take(ctx context.Context, key string, n int64, b Bucket, maxWait time.Duration) (wait time.Duration, ok bool, in Store, err error) {
	if s.shared != nil {
		wait, ok, err := s.shared.Take(ctx, key, n, b, maxWait)
		if local, err := s.failed(ctx, err); !local {
			return wait, ok, s.shared, err
		}
	}
	wait, ok, err = s.local.Take(ctx, key, n, b, maxWait)
	return wait, ok, s.local, err
}

// Memory is a [Store] in the process. Of values it keeps those used last, up to
// a number of bytes.
type Memory struct {
	maxBytes int

	mu       sync.Mutex
	values   map[string]*list.Element // of *memoryValue
	used     *list.List               // used last is first
	bytes    int
	counters map[string]memoryCounter
	buckets  map[string]time.Time // when they will be full
	sweepAt  int                  // counters and buckets that make it worth looking for old ones
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
		counters: make(map[string]memoryCounter), buckets: make(map[string]time.Time), sweepAt: 1000,
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

// Take takes tokens out of a bucket.
func (m *Memory) Take(_ context.Context, key string, n int64, b Bucket, maxWait time.Duration) (time.Duration, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	m.sweep(now)
	full, wait, ok := b.Take(m.buckets[key], now, n, maxWait)
	m.buckets[key] = full
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
		if !now.Before(full) {
			delete(m.buckets, key)
		}
	}
	m.sweepAt = max(1000, 2*(len(m.counters)+len(m.buckets)))
}
