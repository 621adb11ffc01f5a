package llama

import (
	"context"
	"sync"

	"github.com/parley-llm/parley/llm"
)

// slot holds one model of a provider. The first call loads it. When the provider is closed, the
// last call that uses the model releases it.
type slot struct {
	mu      sync.Mutex
	model   *loaded       // nil: not loaded
	loading chan struct{} // closed when the call that loads the model has finished
	refs    int           // calls that use the model
	dropped bool
}

// errClosed is the error of a call after Close.
func errClosed() error {
	return llm.Errorf(llm.InvalidRequest, "the provider is closed: open it again")
}

// acquire returns the model of a call. The caller must call release after its last use.
func (p *Provider) acquire(ctx context.Context, name string) (m *loaded, release func(), err error) {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil, nil, errClosed()
	}
	s := p.models[name]
	if s == nil {
		s = new(slot)
		p.models[name] = s
	}
	p.mu.Unlock()
	m, err = s.acquire(ctx, func() (*loaded, error) { return p.load(ctx, name) })
	return m, s.release, err
}

// acquire returns the model, after loading it if necessary. Only one call loads it at a time.
// A failure is not remembered: the next call tries again.
func (s *slot) acquire(ctx context.Context, load func() (*loaded, error)) (*loaded, error) {
	for {
		s.mu.Lock()
		switch {
		case s.dropped:
			s.mu.Unlock()
			return nil, errClosed()
		case s.model != nil:
			s.refs++
			s.mu.Unlock()
			return s.model, nil
		case s.loading == nil:
			s.loading = make(chan struct{})
			s.mu.Unlock()
			return s.fill(load)
		}
		done := s.loading
		s.mu.Unlock()
		select {
		case <-done:
		case <-ctx.Done():
			return nil, llm.FromContext(ctx)
		}
	}
}

// fill loads the model.
func (s *slot) fill(load func() (*loaded, error)) (*loaded, error) {
	var m *loaded
	var err error
	defer func() { // also if load panics
		s.mu.Lock()
		defer s.mu.Unlock()
		close(s.loading)
		s.loading = nil
		if m != nil {
			s.model = m
			s.refs++
		}
	}()
	m, err = load()
	return m, err
}

// release ends a use of the model.
func (s *slot) release() {
	s.mu.Lock()
	s.refs--
	last := s.dropped && s.refs == 0
	s.mu.Unlock()
	if last {
		_ = s.model.close() // unmapping can fail only for an address that was never mapped
	}
}

// drop releases the model, now or after its last use.
func (s *slot) drop() error {
	s.mu.Lock()
	s.dropped = true
	unused := s.model != nil && s.refs == 0
	s.mu.Unlock()
	if unused {
		return s.model.close()
	}
	return nil
}
