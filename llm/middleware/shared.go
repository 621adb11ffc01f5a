package middleware

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/middleware/store"
)

// Shared describes where a piece keeps state that several processes can share.
//
// State is stored under the names of the provider and the model, except that of a [Budget]:
// it is one sum over all models. All callers share the state, and so do models with equal
// names on different servers. To separate the state of two servers
// or two tenants, give each of them a different Scope or a different Store.
type Shared struct {
	// Name is the name of the store in a config file. The loader sets Store from it.
	// Programs do not need it.
	Name string `yaml:"store"`
	// Store keeps the state. The default is a [store.Memory] that only this piece uses.
	Store store.Store `json:"-" yaml:"-"`
	// Scope is a prefix for all keys.
	Scope string `yaml:"scope"`
	// StoreDown decides how calls proceed while the store is unavailable. The default is
	// [Local].
	StoreDown StoreDown `yaml:"store_down"`
}

// StoreDown decides how calls proceed while a shared store is unavailable.
type StoreDown string

// The values of StoreDown.
const (
	// Local uses state in this process, so that each process has the whole limit and a cache
	// for itself.
	Local StoreDown = "local"
	// Refuse fails calls with an error of kind [llm.Network].
	Refuse StoreDown = "refuse"
)

// open returns the store to use. The local store holds up to maxBytes of values.
func (c Shared) open(s *settings, maxBytes int) *sharedStore {
	switch c.StoreDown {
	case "", Local, Refuse:
	default:
		s.refuse("Shared.StoreDown", "is %q; use %q or %q", string(c.StoreDown), string(Local), string(Refuse))
	}
	if c.Name != "" && c.Store == nil {
		s.refuse("Shared.Store", "is nil, but Shared.Name is %q; only a config file can use a name, so set Store", c.Name)
	}
	prefix := c.Scope
	if prefix != "" {
		prefix += "/"
	}
	return &sharedStore{shared: c.Store, prefix: prefix, local: &store.Memory{MaxBytes: maxBytes}, refuse: c.StoreDown == Refuse}
}

// sharedStore is a store that handles failures as StoreDown says.
type sharedStore struct {
	shared store.Store // nil if there is none
	prefix string
	local  *store.Memory
	refuse bool

	outage atomic.Pointer[outage]
}

// outage is a failure of the shared store.
type outage struct {
	until time.Time // time of the next try
	err   error
}

const (
	// storeTimeout limits an operation of the shared store. A store that hangs must not delay
	// calls, nor the end of calls.
	storeTimeout = 2 * time.Second
	// A store that failed is not used for minOutage, or twice as long as the failure took, up
	// to maxOutage. The upper limit is for a machine that was suspended in the meantime. Then
	// one call tries the store. Other calls proceed without it until it has answered.
	minOutage = 250 * time.Millisecond
	maxOutage = 20 * time.Second
	// If a caller cancels after the store has been silent for this long, the store counts as
	// failed. Otherwise, a store that hangs would fail all calls whose deadlines are shorter
	// than storeTimeout.
	silence = 250 * time.Millisecond
)

// try runs an operation of the shared store. It reports whether to use the local store
// instead, or the error that ends the call.
func (s *sharedStore) try(ctx context.Context, do func(context.Context) error) (local bool, final error) {
	if s.shared == nil {
		return true, nil
	}
	down := s.outage.Load()
	if down != nil {
		now := time.Now()
		if now.Before(down.until) || !s.outage.CompareAndSwap(down, &outage{now.Add(storeTimeout), down.err}) {
			return s.failed(down.err)
		}
	}
	begin := time.Now()
	limited, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	err := do(limited)
	if err == nil {
		if down != nil {
			s.outage.Store(nil)
		}
		return false, nil
	}
	took, ended := time.Since(begin), llm.FromContext(ctx)
	if ended != nil { // other calls must not see more of this one than that
		err = fmt.Errorf("no response within %v", took)
	}
	if ended == nil || took >= silence {
		s.outage.Store(&outage{time.Now().Add(min(max(minOutage, 2*took), maxOutage)), err})
	}
	if ended != nil {
		return false, ended
	}
	return s.failed(err)
}

// settle corrects state in the store that Add or Reserve returned, after a call. If the
// store is unavailable, the correction is lost.
func (s *sharedStore) settle(ctx context.Context, in store.Store, do func(context.Context) error) {
	if in == s.local {
		_ = do(ctx) // a Memory does not fail
		return
	}
	_, _ = s.try(context.WithoutCancel(ctx), do)
}

// failed returns the results of try for a failure of the store.
func (s *sharedStore) failed(err error) (local bool, final error) {
	if !s.refuse {
		return true, nil
	}
	return false, &llm.Error{
		Kind: llm.Network, Message: "the shared store is unavailable, and store_down is \"refuse\": " + err.Error(), Err: err,
	}
}

// key returns the key with the scope.
func (s *sharedStore) key(name string) string { return s.prefix + name }

func (s *sharedStore) Get(ctx context.Context, key string) (value []byte, err error) {
	local, err := s.try(ctx, func(ctx context.Context) (err error) {
		value, err = s.shared.Get(ctx, key)
		return err
	})
	if !local {
		return value, err
	}
	return s.local.Get(ctx, key)
}

func (s *sharedStore) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	local, err := s.try(ctx, func(ctx context.Context) error { return s.shared.Set(ctx, key, value, ttl) })
	if !local {
		return err
	}
	return s.local.Set(ctx, key, value, ttl)
}

// Add adds to a counter. It also returns the store that has the counter: a correction must
// go to the same one.
func (s *sharedStore) Add(ctx context.Context, key string, n int64, ttl time.Duration) (sum int64, in store.Store, err error) {
	local, err := s.try(ctx, func(ctx context.Context) (err error) {
		sum, err = s.shared.Add(ctx, key, n, ttl)
		return err
	})
	if !local {
		return sum, s.shared, err
	}
	sum, err = s.local.Add(ctx, key, n, ttl)
	return sum, s.local, err
}

// Reserve takes tokens from buckets. It also returns the store that has the buckets: tokens
// must be returned to the same one.
func (s *sharedStore) Reserve(ctx context.Context, key string, reservations []store.Reservation, maxWait time.Duration) (wait time.Duration, ok bool, in store.Store, err error) {
	local, err := s.try(ctx, func(ctx context.Context) (err error) {
		wait, ok, err = s.shared.Reserve(ctx, key, reservations, maxWait)
		return err
	})
	if !local {
		return wait, ok, s.shared, err
	}
	wait, ok, err = s.local.Reserve(ctx, key, reservations, maxWait)
	return wait, ok, s.local, err
}
