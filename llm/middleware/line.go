package middleware

import (
	"context"
	"sync"
	"time"

	"github.com/parley-llm/parley/llm"
)

// line is where a model's calls wait for their turns, in order. Only the first asks the
// store for one: those behind it hold nothing, so that nothing is lost or comes in a crowd when they
// leave, or when the machine sleeps.
type line struct {
	mu      sync.Mutex
	busy    bool      // somebody is first
	behind  []*waiter // in order
	turn    time.Time // the first does not begin before it; zero is not known
	spacing bool      // those behind it come one by one, by their draws

	left turn // that its caller has left, if there is one; for whoever is first
}

// waiter is a call in line.
type waiter struct {
	draws  [2]Draw // of requests and tokens
	giveUp time.Time

	called  chan struct{}  // closed when the call is first, or need not wait any longer:
	tooLong *time.Duration // the wait for its turn would be this, which is too long
}

// turn is when a call may begin.
type turn struct {
	at    time.Time // zero is now
	draws [2]Draw
	in    Store // that these were taken out of, or nil: ask again at that time
}

// join waits until the call is first. If the wait for its turn would be too long, it
// returns at once how long.
func (q *line) join(ctx context.Context, w *waiter) (tooLong *time.Duration, err error) {
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
	q.refuse()
	q.mu.Unlock()
	select {
	case <-w.called:
	case <-ctx.Done():
		q.quit(w)
		return nil, llm.FromContext(ctx)
	}
	return w.tooLong, nil
}

// next makes the next call the first. When it begins is not known before it has asked: the one
// before it may have left a line that no longer has anything to wait for.
func (q *line) next() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.turn = time.Time{}
	if q.busy = len(q.behind) > 0; q.busy {
		close(q.behind[0].called)
		q.behind = q.behind[1:]
	}
}

// quit takes a call out of the line, wherever it is by now.
func (q *line) quit(w *waiter) {
	q.mu.Lock()
	for i, other := range q.behind {
		if other == w {
			q.behind = append(q.behind[:i:i], q.behind[i+1:]...)
			q.mu.Unlock()
			return
		}
	}
	q.mu.Unlock()
	if w.tooLong == nil { // it has just become the first
		q.next()
	}
}

// expect takes note of when the first begins, at the earliest, and whether those behind it
// then come one by one. Those for whom that is too late need not wait.
func (q *line) expect(turn time.Time, spacing bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.turn, q.spacing = turn, spacing
	q.refuse()
}

// refuse calls those whose turns will be too late, with the lock held.
func (q *line) refuse() {
	stay, at := q.behind[:0], q.turn
	for _, w := range q.behind {
		turn := at
		if q.spacing {
			turn = turn.Add(w.spacing())
		}
		if turn.After(w.giveUp) {
			wait := time.Until(turn)
			w.tooLong = &wait
			close(w.called)
			continue
		}
		stay, at = append(stay, w), turn
	}
	clear(q.behind[len(stay):])
	q.behind = stay
}

// spacing is how long after the one before it a call begins, at the least, when a limit holds both up.
func (w *waiter) spacing() time.Duration {
	least := time.Duration(-1)
	for _, d := range w.draws {
		if span := time.Duration(d.N) * d.Every; d.Every > 0 && (least < 0 || span < least) {
			least = span
		}
	}
	return max(least, 0)
}
