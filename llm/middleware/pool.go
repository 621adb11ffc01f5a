package middleware

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
)

// pool chooses among members that can answer a call, and keeps members that failed in a
// cooldown. The members of Balance are backends. The members of Keys are API keys.
type pool struct {
	failures   int
	cooldown   time.Duration
	leastCalls bool       // prefer the member with the fewest running calls
	refusals   []llm.Kind // errors after which another member may answer the call

	mu      sync.Mutex
	members []member
}

type member struct {
	weight   int
	turn     int       // smooth weighted round robin: the highest is next
	inFlight int       // running calls
	failed   int       // consecutive failures of the server
	until    time.Time // end of the cooldown
}

// run lets members answer the call, one after the other, until one does not refuse it.
func (p *pool) run(ctx context.Context, call *llm.Call, yield func(llm.Event, error) bool, answer func(member int) llm.Events) {
	tried := make([]bool, len(p.members))
	n := p.take(tried)
	for {
		tried[n] = true
		observed, err := p.forward(ctx, n, answer(n), call, yield)
		if err == nil {
			return
		}
		other := -1
		if ctx.Err() == nil && p.refused(observed.err) {
			other = p.take(tried)
		}
		if other < 0 {
			yield(llm.Event{}, err)
			return
		}
		if !p.keep(other, func() bool { return yield(attemptEvent(failedAttempt(call, err)), nil) }) {
			return
		}
		n = other
	}
}

// forward sends the answer of a member to yield.
func (p *pool) forward(ctx context.Context, n int, events llm.Events, call *llm.Call, yield func(llm.Event, error) bool) (*observer, error) {
	var answer observer
	defer func() { p.record(ctx, n, &answer) }()
	err := llmutil.ForwardAttempt(answer.observed(events), call.Buffered, yield)
	return &answer, err
}

func (p *pool) refused(err error) bool { return slices.Contains(p.refusals, llm.KindOf(err)) }

// take chooses a member that has not been tried, or returns -1. For the first attempt of a
// call it always returns a member. If all members are in a cooldown, it returns the one
// whose cooldown ends first.
func (p *pool) take(tried []bool) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	best, total, soonest := -1, 0, -1
	retry := false
	for i := range p.members {
		m := &p.members[i]
		if tried[i] {
			retry = true
			continue
		}
		if soonest < 0 || m.until.Before(p.members[soonest].until) {
			soonest = i
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
	} else if !retry {
		best = soonest
	}
	if best >= 0 {
		p.members[best].inFlight++
	}
	return best
}

// before reports whether a is preferred to b.
func (p *pool) before(a, b *member) bool {
	if p.leastCalls {
		if x, y := a.inFlight*b.weight, b.inFlight*a.weight; x != y {
			return x < y
		}
	}
	return a.turn > b.turn
}

// keep releases a member that was taken if proceed returns false or panics.
func (p *pool) keep(n int, proceed func() bool) (ok bool) {
	defer func() {
		if !ok {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.members[n].inFlight--
		}
	}()
	return proceed()
}

// record updates the state of a member after a call.
func (p *pool) record(ctx context.Context, n int, answer *observer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	m := &p.members[n]
	m.inFlight--
	switch {
	case p.refused(answer.err):
		m.failed = p.failures
	case countsAsFailure(ctx, answer.err):
		m.failed++
	case answer.done != nil || answer.chunks > 0:
		m.failed = 0
		return
	}
	if m.failed >= p.failures {
		m.failed = 0
		m.until = time.Now().Add(max(p.cooldown, retryAfter(answer.err)))
	}
}

// states returns copies of the members.
func (p *pool) states() []member {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.members)
}
