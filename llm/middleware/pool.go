package middleware

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
)

// pool chooses among members that can answer a call, and remembers which of
// them had better be left alone. Balance's are backends, those of Keys are keys.
type pool struct {
	failures int
	cooldown time.Duration
	least    bool       // prefer the one with the fewest calls under way
	refusals []llm.Kind // failures that say only that a member will not answer now, so that another one may

	mu      sync.Mutex
	members []member
}

type member struct {
	weight   int
	turn     int       // smooth weighted round robin: who has the most is next
	inFlight int       // calls under way
	failed   int       // failures of the server in a row
	until    time.Time // end of the cooldown
}

// run has members answer the call, until one does not refuse it or all have.
func (p *pool) run(ctx context.Context, call *llm.Call, yield func(llm.Event, error) bool, answer func(member int) llm.Events) {
	tried := make([]bool, len(p.members))
	n := p.take(tried)
	for {
		tried[n] = true
		heard, err := p.deliver(ctx, n, answer(n), call, yield)
		if err == nil {
			return
		}
		other := -1
		if ctx.Err() == nil && p.refused(heard.err) {
			other = p.take(tried)
		}
		if other < 0 {
			yield(llm.Event{}, err)
			return
		}
		if !p.keeps(other, func() bool { return yield(attemptEvent(failed(call, err)), nil) }) {
			return
		}
		n = other
	}
}

// deliver passes on what a member answers.
func (p *pool) deliver(ctx context.Context, n int, events llm.Events, call *llm.Call, yield func(llm.Event, error) bool) (*listener, error) {
	var heard listener
	defer func() { p.learn(ctx, n, &heard) }()
	err := llmutil.ForwardAttempt(heard.to(events), call.Buffered, yield)
	return &heard, err
}

func (p *pool) refused(err error) bool { return slices.Contains(p.refusals, llm.KindOf(err)) }

// take chooses a member that has not been tried, or returns -1.
func (p *pool) take(tried []bool) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	best, total, first := -1, 0, -1
	isSecond := false
	for i := range p.members {
		m := &p.members[i]
		if tried[i] {
			isSecond = true
			continue
		}
		if first < 0 || m.until.Before(p.members[first].until) {
			first = i
		}
		if m.until.After(now) {
			continue
		}
		total += m.weight
		m.turn += m.weight
		if best < 0 || p.before(m, &p.members[best]) {
			best = i
		}
	}
	if best >= 0 {
		p.members[best].turn -= total
	} else if !isSecond {
		best = first // all are cooling down
	}
	if best >= 0 {
		p.members[best].inFlight++
	}
	return best
}

// before reports whether a is to be taken rather than b.
func (p *pool) before(a, b *member) bool {
	if p.least {
		if x, y := a.inFlight*b.weight, b.inFlight*a.weight; x != y {
			return x < y
		}
	}
	return a.turn > b.turn
}

// keeps gives a member that has been taken back unless the caller goes on, even
// if it panics.
func (p *pool) keeps(n int, goesOn func() bool) (ok bool) {
	defer func() {
		if !ok {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.members[n].inFlight--
		}
	}()
	return goesOn()
}

// learn takes note of how a member did.
func (p *pool) learn(ctx context.Context, n int, heard *listener) {
	p.mu.Lock()
	defer p.mu.Unlock()
	m := &p.members[n]
	m.inFlight--
	switch {
	case p.refused(heard.err):
		m.failed = p.failures
	case blames(ctx, heard.err):
		m.failed++
	case heard.done != nil || heard.pieces > 0:
		m.failed = 0
		return
	}
	if m.failed >= p.failures {
		m.failed = 0
		m.until = time.Now().Add(max(p.cooldown, retryAfter(heard.err)))
	}
}
