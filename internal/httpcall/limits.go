package httpcall

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parley-llm/parley/llm"
)

// limitError is the cause with which a call that ran out of time is cancelled.
type limitError struct {
	name  string
	limit time.Duration
}

func (e *limitError) Error() string { return e.name + " of " + e.limit.String() + " ran out" }

// Timeout makes it a timeout to those who ask for that.
func (e *limitError) Timeout() bool { return true }

// watch cancels a call whose server keeps us waiting too long. It counts only
// the time spent waiting in a read, never the time the caller takes between
// two reads, and costs two atomic additions a read: a timer that ticks looks
// at a counter which is odd while a read waits, where resetting a timer at each read
// would cost ten times that.
//
// The zero watch has no limits.
type watch struct {
	waits  atomic.Uint64 // odd while waiting; begins at 1, waiting for the headers
	limits llm.Limits
	cancel context.CancelCauseFunc
	begun  time.Time

	mu      sync.Mutex // guards what follows
	timer   *time.Timer
	stopped bool
	hurried bool          // the time that hurry gave is all that is left
	tick    time.Duration // until the next look
	last    uint64        // waits at the last tick
	waited  time.Duration // how long waits has been last, and odd
}

// ticksPerLimit is how finely a limit is kept: it runs out at most a quarter late.
const ticksPerLimit = 4

// firstReadDone is the value of waits once the first read of the body has
// returned: headers (1 to 2), first read (3 to 4).
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

// interval returns how long to wait before looking again: a part of the
// shortest limit that holds in this state, or 0 if none does from now on.
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

// look is called at every tick.
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

// exceeded returns the limit that has run out, or nil.
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

// advance moves from waiting to not waiting, and back: when the headers are
// here, and before and after each read.
func (w *watch) advance() { w.waits.Add(1) }

// hurry cancels the call after so long, whatever its limits.
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
