package middleware

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/parley-llm/parley/llm"
)

// Shared says where a middleware keeps state that a fleet can share.
type Shared struct {
	// Name is the store's in a config file, whose reader sets Store. Programs need not set it.
	Name string `yaml:"store" json:"store"`
	// Store is where; nil is a [Memory] of the middleware's own.
	Store Store `yaml:"-" json:"-"`
	// Scope begins the names of what is kept. State is filed under the names of provider and model,
	// so that two servers of the same names have one state in a store, and all callers have: give those
	// that must not share, such as two hosts or two customers, scopes of their own.
	Scope string `yaml:"scope" json:"scope"`
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
	scope := c.Scope
	if scope != "" {
		scope += "/"
	}
	return &state{shared: c.Store, scope: scope, local: NewMemory(0), refuse: c.StoreDown == Refuse}
}

// state is a store whose failures are dealt with as its user has chosen.
type state struct {
	shared Store // nil if there is none
	scope  string
	local  *Memory
	refuse bool

	away atomic.Pointer[outage]
}

// outage is a failure of a shared store.
type outage struct {
	until time.Time // when the store is asked again
	err   error
}

const (
	// storeTime is the longest that an operation of a shared store takes: one that hangs
	// must not hold up calls, nor the ends of those that are over.
	storeTime = 2 * time.Second
	// leftAlone is how long a store that has failed is not asked, or else twice as long as its
	// failure took, but no longer than mostAlone: it may have been this machine that slept.
	// Then one call tries it, and the others go on without it until it has answered.
	leftAlone = 250 * time.Millisecond
	mostAlone = 20 * time.Second
	// silence is how long a store says nothing to somebody who then leaves, if that counts as a failure of its
	// own: were it not, one that hangs would fail all calls whose deadlines are shorter than storeTime.
	silence = 250 * time.Millisecond
)

// try has the shared store do something. It reports whether to do it with the local
// state instead, or the error to give up with.
func (s *state) try(ctx context.Context, do func(context.Context) error) (local bool, final error) {
	if s.shared == nil {
		return true, nil
	}
	away := s.away.Load()
	if away != nil {
		now := time.Now()
		if now.Before(away.until) || !s.away.CompareAndSwap(away, &outage{now.Add(storeTime), away.err}) {
			return s.failed(away.err)
		}
	}
	begun := time.Now()
	bounded, cancel := context.WithTimeout(ctx, storeTime)
	defer cancel()
	err := do(bounded)
	if err == nil {
		if away != nil {
			s.away.Store(nil)
		}
		return false, nil
	}
	took, left := time.Since(begun), llm.FromContext(ctx)
	if left != nil { // of which the others must know no more than this
		err = fmt.Errorf("it said nothing for %v", took)
	}
	if left == nil || took >= silence {
		s.away.Store(&outage{time.Now().Add(min(max(leftAlone, 2*took), mostAlone)), err})
	}
	if left != nil {
		return false, left
	}
	return s.failed(err)
}

// settle puts right what a call that is over has taken in a store, which is one that Add or Take
// has returned. If it is away by now, there is nobody to tell.
func (s *state) settle(ctx context.Context, in Store, do func(context.Context) error) {
	if in == s.local {
		_ = do(ctx) // a Memory does not fail
		return
	}
	_, _ = s.try(context.WithoutCancel(ctx), do)
}

// failed is what try returns for a failure of the store.
func (s *state) failed(err error) (local bool, final error) {
	if !s.refuse {
		return true, nil
	}
	return false, &llm.Error{Kind: llm.Network, Message: "the shared store of limits does not work, and calls without it are refused: " + err.Error(), Err: err}
}

// key returns the name under which something is kept.
func (s *state) key(name string) string { return s.scope + name }

func (s *state) Get(ctx context.Context, key string) (value []byte, err error) {
	local, err := s.try(ctx, func(ctx context.Context) (err error) {
		value, err = s.shared.Get(ctx, key)
		return err
	})
	if !local {
		return value, err
	}
	return s.local.Get(ctx, key)
}

func (s *state) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	local, err := s.try(ctx, func(ctx context.Context) error { return s.shared.Set(ctx, key, value, ttl) })
	if !local {
		return err
	}
	return s.local.Set(ctx, key, value, ttl)
}

// Add adds to a counter, and returns the store that has it too: what is added in advance
// must be corrected in the same one.
func (s *state) Add(ctx context.Context, key string, n int64, ttl time.Duration) (sum int64, in Store, err error) {
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

// Take takes tokens out of buckets, and returns the store that has them too: what is given
// back must go to the same one.
func (s *state) Take(ctx context.Context, key string, draws []Draw, maxWait time.Duration) (wait time.Duration, ok bool, in Store, err error) {
	local, err := s.try(ctx, func(ctx context.Context) (err error) {
		wait, ok, err = s.shared.Take(ctx, key, draws, maxWait)
		return err
	})
	if !local {
		return wait, ok, s.shared, err
	}
	wait, ok, err = s.local.Take(ctx, key, draws, maxWait)
	return wait, ok, s.local, err
}
