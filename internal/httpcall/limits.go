package httpcall

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parley-llm/parley/llm"
)

// limitError is the cause of the cancellation of a call that ran out of time.
type limitError struct {
	name  string
	limit time.Duration
}

func (e *limitError) Error() string { return e.name + " of " + e.limit.String() + " ran out" }

// Timeout implements the timeout test of [net.Error].
func (e *limitError) Timeout() bool { return true }

// watch cancels a call if its server is silent for too long. It counts only the time that a
// read waits, not the time that the caller takes between two reads.
//
// A read costs two atomic additions: a ticking timer checks a counter that is odd while a read
// waits. To reset a timer at each read would cost ten times as much.
//
// The zero watch has no limits.
type watch struct {
	waits  atomic.Uint64 // odd while waiting; begins at 1, waiting for the headers
	limits llm.Limits
	cancel context.CancelCauseFunc
	begun  time.Time

	mu      sync.Mutex // guards the fields below
	timer   *time.Timer
	stopped bool
	hurried bool          // hurry has replaced the limits
	tick    time.Duration // until the next check
	last    uint64        // waits at the last tick
	waited  time.Duration // the time during which waits has been equal to last, and odd
}

// ticksPerLimit is the number of ticks in a limit. A limit is at most one tick late.
const ticksPerLimit = 4

// firstReadDone is the value of waits after the first read of the body: the headers take it
// from 1 to 2, and the first read from 3 to 4.
const firstReadDone = 4

func (w *watch) start(limits llm.Limits, cancel context.CancelCauseFunc) {
	w.limits, w.cancel = limits, cancel
	if limits.FirstEvent <= 0 && limits.Idle <= 0 && limits.Total <= 0 {
		return
	}
	w.begun, w.last = time.Now(), 1
	w.waits.Store(1)
	w.mu.Lock()
	w.tick = w.interval(1)
	w.timer = time.AfterFunc(w.tick, w.look)
	w.mu.Unlock()
}

// interval returns the time until the next check: a part of the shortest limit that applies
// in this state, or 0 if none applies any more.
func (w *watch) interval(now uint64) time.Duration {
	limits := [...]time.Duration{w.limits.Idle, w.limits.Total, w.limits.FirstEvent}
	holding := limits[:]
	if now >= firstReadDone {
		holding = limits[:2]
	}
	shortest := time.Duration(0)
	for _, limit := range holding {
		if limit > 0 && (shortest == 0 || limit < shortest) {
			shortest = limit
		}
	}
	if shortest == 0 {
		return 0
	}
	return max(shortest/ticksPerLimit, time.Millisecond)
}

// look runs at every tick.
func (w *watch) look() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stopped {
		return
	}
	if w.hurried {
		w.cancel(context.Canceled)
		return
	}
	now := w.waits.Load()
	if now == w.last && now%2 == 1 {
		w.waited += w.tick
	} else {
		w.last, w.waited = now, 0
	}
	if exceeded := w.exceeded(now); exceeded != nil {
		w.stopped = true
		w.cancel(exceeded)
		return
	}
	if w.tick = w.interval(now); w.tick > 0 {
		w.timer.Reset(w.tick)
	}
}

// exceeded returns the limit that is exceeded, or nil.
func (w *watch) exceeded(now uint64) error {
	passed := time.Since(w.begun)
	switch l := w.limits; {
	case l.Total > 0 && passed >= l.Total:
		return &limitError{"the limit on the whole call", l.Total}
	case l.FirstEvent > 0 && now < firstReadDone && passed >= l.FirstEvent:
		return &limitError{"the limit on waiting for the first piece of the answer", l.FirstEvent}
	case l.Idle > 0 && now >= firstReadDone && w.waited >= l.Idle:
		return &limitError{"the limit on waiting for the next piece of the answer", l.Idle}
	}
	return nil
}

// advance switches between waiting and not waiting. It is called when the headers arrive, and
// before and after each read.
func (w *watch) advance() { w.waits.Add(1) }

// hurry cancels the call after the given time, instead of by its limits.
func (w *watch) hurry(left time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.hurried = true
	if w.timer == nil {
		w.timer = time.AfterFunc(left, w.look)
	} else {
		w.timer.Reset(left)
	}
}

func (w *watch) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stopped = true
	if w.timer != nil {
		w.timer.Stop()
	}
}
