package llama

import (
	"context"
	"fmt"
	"slices"
	"sync"
)

// Sessions shares sessions of one model between conversations, and limits the memory for
// their keys and values. It is safe for concurrent use.
//
// A session that is given back keeps its tokens, so that the next prompt of the same
// conversation computes only the new ones. When memory is short, the sessions that have not
// been used for the longest time are dropped.
type Sessions struct {
	model    *Model
	context  int
	maxBytes int

	mu       sync.Mutex
	idle     []*Session // the one used last is at the end
	reserved int        // bytes for sessions in use
	released chan struct{}
}

// MemoryError reports that a sequence does not fit into the memory for keys and values.
type MemoryError struct {
	Tokens   int // of the sequence
	Bytes    int // that it needs
	MaxBytes int // the limit
}

// Error describes the error.
func (e *MemoryError) Error() string {
	return fmt.Sprintf("llama: a sequence of %d tokens needs %d MiB for keys and values, and the limit is %d MiB: "+
		"raise the limit or shorten the sequence", e.Tokens, e.Bytes>>20, e.MaxBytes>>20)
}

// NewSessions returns an empty set of sessions. context is the context window of each; zero is
// the length that the model was trained for. maxBytes limits the memory for the keys and
// values of all of them; zero means no limit.
func NewSessions(m *Model, context, maxBytes int) *Sessions {
	if context <= 0 {
		context = m.context
	}
	return &Sessions{model: m, context: context, maxBytes: maxBytes, released: make(chan struct{})}
}

// Acquire returns a session for a sequence that begins with ids and grows to at most this many
// tokens. It is the idle session with the longest common prefix, or a new one. The caller
// must give it back by [Sessions.Release].
//
// If there is no memory for the sequence, Acquire waits until a session is given back. It
// returns a [*MemoryError] if the sequence alone exceeds the limit, and the cause if ctx is
// canceled.
func (p *Sessions) Acquire(ctx context.Context, ids []int, tokens int) (*Session, error) {
	need := p.bytes(tokens)
	if p.maxBytes > 0 && need > p.maxBytes {
		return nil, &MemoryError{Tokens: tokens, Bytes: need, MaxBytes: p.maxBytes}
	}
	for {
		s, released := p.take(ids, need)
		if s != nil {
			return s, nil
		}
		select {
		case <-released:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// Release gives a session back. The caller must not use it any more.
func (p *Sessions) Release(s *Session) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reserved -= s.reserved
	s.reserved = 0
	p.idle = append(p.idle, s)
	p.evict()
	close(p.released)
	p.released = make(chan struct{})
}

// take returns a session if there is memory for it. Otherwise it returns a channel that is
// closed when a session is given back.
func (p *Sessions) take(ids []int, need int) (*Session, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	best, common := -1, 0
	for i, s := range p.idle {
		if n := s.Common(ids); n > common {
			best, common = i, n
		}
	}
	var s *Session
	if best >= 0 {
		s = p.idle[best]
		p.idle = slices.Delete(p.idle, best, best+1)
	}
	if p.maxBytes > 0 && p.reserved+need > p.maxBytes {
		if s != nil {
			p.idle = append(p.idle, s)
		}
		return nil, p.released
	}
	if s == nil {
		s = p.model.NewSession(p.context)
	}
	s.reserved = need
	p.reserved += s.reserved
	p.evict()
	return s, nil
}

// evict drops idle sessions until all sessions fit into the limit.
func (p *Sessions) evict() {
	if p.maxBytes <= 0 {
		return
	}
	total := p.reserved
	for _, s := range p.idle {
		total += s.Bytes()
	}
	for len(p.idle) > 0 && total > p.maxBytes {
		total -= p.idle[0].Bytes()
		p.idle[0] = nil
		p.idle = p.idle[1:]
	}
}

// bytes returns the memory for a sequence of this many tokens.
func (p *Sessions) bytes(tokens int) int {
	tokens = min(tokens, p.context)
	blocks := (tokens + cacheBlock - 1) / cacheBlock
	return blocks * cacheBlock * p.model.BytesPerToken()
}
