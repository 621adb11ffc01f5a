package httpcall

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parley-llm/parley/llm"
)

// limitError is the cause of the cancellation of a call that exceeded a limit.
type limitError struct {
	name  string // the field of llm.Limits, and its meaning
	limit time.Duration
}

func (e *limitError) Error() string {
	return "the server exceeded the limit of " + e.limit.String() + " " + e.name
}

// Timeout reports true, so that the error is a timeout in the sense of [net.Error].
func (e *limitError) Timeout() bool { return true }

// watch cancels a call if the server exceeds one of the limits on waiting.
//
// Idle counts only the time that a read waits for the server, not the time that the caller
// spends between two reads. A read adds one to a counter before and after it waits, so the
// counter is odd while a read is waiting. A timer inspects the counter at intervals. Two
// atomic additions a read cost a tenth of resetting a timer at each read.
//
// The zero watch has no limits.
type watch struct {
	waits  atomic.Uint64 // odd while waiting; starts at 1, waiting for the headers
	limits llm.Limits
	cancel context.CancelCauseFunc
	begun  time.Time

	mu      sync.Mutex // guards the fields below
	timer   *time.Timer
	stopped bool
	closing bool          // closeWithin was called: the next tick cancels
	tick    time.Duration // the time until the next tick
	last    uint64        // waits at the last tick
	waited  time.Duration // the time for which waits has been equal to last, and odd
}

// ticksPerLimit is the number of ticks in the shortest limit. A limit takes effect at most a
// quarter too late.
const ticksPerLimit = 4

// firstReadDone is the value of waits after the first read of the body has returned: the
// headers advance it from 1 to 2, the first read to 3 and 4.
const firstReadDone = 4

// start starts the limits at the beginning of a call.

func (w *watch) start(limits llm.Limits, cancel context.CancelCauseFunc) {
	w.limits, w.cancel = limits, cancel
	if limits.FirstEvent <= 0 && limits.Idle <= 0 && limits.Total <= 0 {
		return
	}
	w.begun, w.last = time.Now(), 1
	w.waits.Store(1)
	w.mu.Lock()
	w.tick = w.interval(1)
	w.timer = time.AfterFunc(w.tick, w.onTick)
	w.mu.Unlock()
}

// interval returns the time until the next tick: a fraction of the shortest limit that
// applies in this state, or 0 if no limit applies from now on.
func (w *watch) interval(now uint64) time.Duration {
	limits := [...]time.Duration{w.limits.Idle, w.limits.Total, w.limits.FirstEvent}
	applying := limits[:]
	if now >= firstReadDone {
		applying = limits[:2]
	}
	shortest := time.Duration(0)
	for _, limit := range applying {
		if limit > 0 && (shortest == 0 || limit < shortest) {
			shortest = limit
		}
	}
	if shortest == 0 {
		return 0
	}
	return max(shortest/ticksPerLimit, time.Millisecond)
}

// onTick is called by the timer. It cancels the call if a limit is exceeded.
func (w *watch) onTick() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stopped {
		return
	}
	if w.closing {
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

// exceeded returns an error for the limit that is exceeded, or nil.
func (w *watch) exceeded(now uint64) error {
	passed := time.Since(w.begun)
	switch l := w.limits; {
	case l.Total > 0 && passed >= l.Total:
		return &limitError{"for the whole call (Total)", l.Total}
	case l.FirstEvent > 0 && now < firstReadDone && passed >= l.FirstEvent:
		return &limitError{"for the first part of the reply (FirstEvent)", l.FirstEvent}
	case l.Idle > 0 && now >= firstReadDone && w.waited >= l.Idle:
		return &limitError{"between two parts of the reply (Idle)", l.Idle}
	}
	return nil
}

// advance toggles between waiting and not waiting. It is called when the headers have
// arrived, and before and after each read.
func (w *watch) advance() { w.waits.Add(1) }

// closeWithin cancels the call after the given time, independent of its limits.
func (w *watch) closeWithin(left time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closing = true
	if w.timer == nil {
		w.timer = time.AfterFunc(left, w.onTick)
	} else {
		w.timer.Reset(left)
	}
}

// stop ends all limits and releases the timer.
func (w *watch) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stopped = true
	if w.timer != nil {
		w.timer.Stop()
	}
}
