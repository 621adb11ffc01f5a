package middleware

import (
	"context"
	"sync"
	"time"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/middleware/store"
)

// queue is where the calls to a model wait for a rate limit, in arrival order. Only the
// first call makes a reservation in the store. The others hold nothing, so that no tokens
// are lost and no burst arises when calls leave or when the machine was suspended.
type queue struct {
	mu      sync.Mutex
	busy    bool      // there is a first call
	behind  []*waiter // in order
	start   time.Time // the first call does not start before it; zero if not known
	spacing bool      // the calls behind it start one by one, as their tokens arrive

	abandoned slot // of a first call that left; for the next first call
}

// waiter is a call in a queue.
type waiter struct {
	reservations [2]store.Reservation // of requests and tokens
	giveUp       time.Time

	called  chan struct{}  // closed when the call is first, or when it must not wait longer:
	tooLong *time.Duration // the wait would be this long, which is too long
}

// slot is a time at which a call may start.
type slot struct {
	at           time.Time // zero is now
	reservations [2]store.Reservation
	in           store.Store // that has the reservations; nil if there are none yet
}

// join waits until the call is first. If the wait would be too long, it returns at once
// with the length of the wait.
func (q *queue) join(ctx context.Context, w *waiter) (tooLong *time.Duration, err error) {
	if err := llm.FromContext(ctx); err != nil {
		return nil, err
	}
	q.mu.Lock()
	if !q.busy {
		q.busy = true
		q.mu.Unlock()
		return nil, nil
	}
	w.called = make(chan struct{})
	q.behind = append(q.behind, w)
	q.refuseLate()
	q.mu.Unlock()
	select {
	case <-w.called:
	case <-ctx.Done():
		q.leave(w)
		return nil, llm.FromContext(ctx)
	}
	return w.tooLong, nil
}

// next makes the next call the first one. Its start is not known before it has made a
// reservation, because the call before it may have left a queue without a reason to wait.
func (q *queue) next() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.start = time.Time{}
	if q.busy = len(q.behind) > 0; q.busy {
		close(q.behind[0].called)
		q.behind = q.behind[1:]
	}
}

// leave removes a call from the queue.
func (q *queue) leave(w *waiter) {
	q.mu.Lock()
	for i, other := range q.behind {
		if other == w {
			q.behind = append(q.behind[:i:i], q.behind[i+1:]...)
			q.mu.Unlock()
			return
		}
	}
	q.mu.Unlock()
	if w.tooLong == nil { // it has just become the first one
		q.next()
	}
}

// expect sets the earliest start of the first call, and whether the calls behind it then
// start one by one. Calls for which that is too late stop waiting.
func (q *queue) expect(start time.Time, spacing bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.start, q.spacing = start, spacing
	q.refuseLate()
}

// refuseLate ends the wait of calls that would start too late. The caller holds the lock.
func (q *queue) refuseLate() {
	stay, at := q.behind[:0], q.start
	for _, w := range q.behind {
		start := at
		if q.spacing {
			start = start.Add(w.spacing())
		}
		if start.After(w.giveUp) {
			wait := time.Until(start)
			w.tooLong = &wait
			close(w.called)
			continue
		}
		stay, at = append(stay, w), start
	}
	clear(q.behind[len(stay):])
	q.behind = stay
}

// spacing returns the minimum time between the start of the previous call and of this one
// if both wait for a limit.
func (w *waiter) spacing() time.Duration {
	least := time.Duration(-1)
	for _, r := range w.reservations {
		if span := time.Duration(r.N) * r.Every; r.Every > 0 && (least < 0 || span < least) {
			least = span
		}
	}
	return max(least, 0)
}
