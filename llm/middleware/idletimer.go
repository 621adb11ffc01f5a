package middleware

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// idleTimer cancels a call if a wait for the provider exceeds a limit. The wait is paused
// while the caller handles an event.
//
// Two limits follow each other. The first, for the first content, is for the sum of all
// waits until then. The second, after restart, is for each wait separately.
//
// With the second limit, the timer is not reset for each event. When it fires, it is set
// again if the limit has not been reached yet. While a provider announces its reads, the
// start of a wait is not recorded either: a read of the clock would cost more than all else
// that the timer does for an event. It is recorded when a read begins. So idleTimer is a
// [waiting.Observer].
type idleTimer struct {
	cancel  context.CancelCauseFunc
	begin   time.Time
	since   atomic.Int64  // start of the wait, relative to begin; or paused or unrecorded
	replies atomic.Int32  // that are being read
	reads   atomic.Int32  // in progress
	used    time.Duration // with the first limit: the sum of earlier waits
	perWait bool          // the second limit holds

	mu    sync.Mutex // guards the fields below
	limit time.Duration
	field string // of Timeout, for the error
	phase string
	timer *time.Timer
}

// Values of idleTimer.since.
const (
	paused     = -1 // there is no wait
	unrecorded = -2 // the time of the wait that has begun is not recorded
)

// start starts a wait with the first limit. Zero is no limit.
func (t *idleTimer) start(field, phase string, limit time.Duration) {
	t.begin = time.Now()
	t.set(field, phase, limit)
}

// restart replaces the first limit by the second one, while the wait is paused.
func (t *idleTimer) restart(field, phase string, limit time.Duration) {
	t.perWait = true
	t.set(field, phase, limit)
}

func (t *idleTimer) set(field, phase string, limit time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.limit, t.field, t.phase = limit, field, phase
	if t.timer != nil {
		t.timer.Stop()
	}
	switch {
	case limit == 0:
	case t.timer == nil:
		t.timer = time.AfterFunc(limit, t.check)
	default:
		t.timer.Reset(limit)
	}
}

// check runs when the timer fires.
func (t *idleTimer) check() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.limit == 0 { // the timer fired while it was stopped
		return
	}
	left := t.limit
	t.record() // a wait that is not for a read, which middleware between the two can cause
	if since := t.since.Load(); since != paused {
		left -= time.Since(t.begin) - time.Duration(since)
	}
	if left <= 0 {
		t.cancel(limitExceeded(t.field, t.phase, t.limit))
		return
	}
	t.timer.Reset(left)
}

// pause ends a wait: an event has arrived.
func (t *idleTimer) pause() {
	if !t.perWait {
		t.used = time.Since(t.begin) - time.Duration(t.since.Load())
	}
	t.since.Store(paused)
}

// resume starts the next wait: the caller asks for the next event.
func (t *idleTimer) resume() {
	if !t.perWait {
		t.since.Store(int64(time.Since(t.begin) - t.used))
		return
	}
	t.since.Store(unrecorded)
	if t.replies.Load() == 0 || t.reads.Load() > 0 { // the read may have begun before the wait
		t.record()
	}
}

// record records the time of a wait that has begun.
func (t *idleTimer) record() {
	if t.since.Load() == unrecorded {
		t.since.CompareAndSwap(unrecorded, int64(time.Since(t.begin)))
	}
}

// Opened implements [waiting.Observer].
func (t *idleTimer) Opened() { t.replies.Add(1) }

// Closed implements [waiting.Observer]. Middleware may wait for another reply, which is not
// announced.
func (t *idleTimer) Closed() {
	t.replies.Add(-1)
	t.record()
}

// ReadBegins implements [waiting.Observer].
func (t *idleTimer) ReadBegins() {
	t.reads.Add(1)
	t.record()
}

// ReadEnds implements [waiting.Observer].
func (t *idleTimer) ReadEnds() { t.reads.Add(-1) }

// stop ends the last wait.
func (t *idleTimer) stop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.limit = 0
	if t.timer != nil {
		t.timer.Stop()
	}
}
