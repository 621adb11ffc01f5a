package middleware

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parley-llm/parley/llm"
)

// Timeout bounds how long a call waits for what is inside of it: the provider,
// and other middleware with its retries and queues. A time that runs out ends the
// call with an error of kind [llm.Timeout] that names the limit. A zero limit is
// none, and one at least must be set.
//
// The time that the caller takes between two events does not count, but for
// Total. Providers have limits of their own, on what is on the wire: [llm.Limits].
type Timeout struct {
	// FirstEvent is until the first piece of content.
	FirstEvent time.Duration `yaml:"first_event" json:"first_event"`
	// Idle is from then on between two events.
	Idle time.Duration `yaml:"idle" json:"idle"`
	// Total is for the whole call.
	Total time.Duration `yaml:"total" json:"total"`
}

// Middleware returns the middleware of these settings.
func (t Timeout) Middleware() (llm.Middleware, error) {
	s := settings{name: "Timeout"}
	positive(&s, "FirstEvent", &t.FirstEvent, 0)
	positive(&s, "Idle", &t.Idle, 0)
	positive(&s, "Total", &t.Total, 0)
	if t == (Timeout{}) {
		s.refuse("FirstEvent", "is zero, and so are Idle and Total; set one of them")
	}
	if t.Total > 0 && t.FirstEvent > t.Total {
		s.refuse("FirstEvent", "is %v, more than Total, %v", t.FirstEvent, t.Total)
	}
	if t.Total > 0 && t.Idle > t.Total {
		s.refuse("Idle", "is %v, more than Total, %v", t.Idle, t.Total)
	}
	if err := s.err(); err != nil {
		return nil, err
	}
	return layer(t.run), nil
}

func (t Timeout) run(ctx context.Context, call *llm.Call, next llm.Handler, yield func(llm.Event, error) bool) {
	own, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if t.Total > 0 {
		total := time.AfterFunc(t.Total, func() { cancel(ranOut("the whole call (Total)", t.Total)) })
		defer total.Stop()
	}
	if t.FirstEvent == 0 && t.Idle == 0 {
		events := timed{limits: t, parent: ctx, own: own, yield: yield}
		next(own, call)(events.take)
		return
	}
	events := timed{limits: t, parent: ctx, own: own, yield: yield, watch: &watch{cancel: cancel}}
	events.watch.start(t.FirstEvent, "the first piece of the answer (FirstEvent)")
	defer events.watch.stop()
	next(own, call)(events.take)
}

// timed is an answer whose time is limited.
type timed struct {
	limits      Timeout
	parent, own context.Context
	yield       func(llm.Event, error) bool
	watch       *watch // nil if there is only a limit on the whole
	answering   bool
}

func (t *timed) take(ev llm.Event, err error) bool {
	if err != nil {
		err = t.explain(err)
	}
	if t.watch == nil {
		return t.yield(ev, err)
	}
	t.watch.pause()
	if !t.answering && ev.Type.Content() {
		t.answering = true
		t.watch.start(t.limits.Idle, "the next piece of the answer (Idle)")
		t.watch.pause()
	}
	more := t.yield(ev, err)
	t.watch.wait(t.answering)
	return more
}

// explain returns the limit that ran out as the error of a call which that
// ended, with what the call's own error knows.
func (t *timed) explain(err error) error {
	limit, ok := context.Cause(t.own).(*llm.Error)
	if !ok || t.parent.Err() != nil {
		return err
	}
	timeout := *limit
	if e, ok := errors.AsType[*llm.Error](err); ok {
		timeout.Provider, timeout.Model, timeout.Op = e.Provider, e.Model, e.Op
		timeout.Status, timeout.RequestID, timeout.Header, timeout.Partial = e.Status, e.RequestID, e.Header, e.Partial
	}
	return &timeout
}

func ranOut(what string, limit time.Duration) error {
	return &llm.Error{Kind: llm.Timeout, Message: "the limit of " + limit.String() + " on " + what + " ran out"}
}

// watch cancels a call when a wait becomes too long. To pause it and wait again
// costs a look at the clock: the timer is not touched, and when it goes off, it
// is set again if the time has not come.
type watch struct {
	cancel context.CancelCauseFunc
	begun  time.Time
	since  atomic.Int64  // when the wait began, from begun on; -1 while paused
	before time.Duration // how long the last wait was

	mu    sync.Mutex // guards what follows
	limit time.Duration
	what  string
	timer *time.Timer
}

// start begins a wait with a limit, in place of an earlier one; 0 is none.
func (w *watch) start(limit time.Duration, what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.limit, w.what = limit, what
	switch {
	case w.timer == nil:
		w.begun = time.Now()
	default:
		w.timer.Stop()
	}
	w.since.Store(int64(time.Since(w.begun)))
	switch {
	case limit == 0:
	case w.timer == nil:
		w.timer = time.AfterFunc(limit, w.look)
	default:
		w.timer.Reset(limit)
	}
}

// look is called when the limit may have run out.
func (w *watch) look() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.limit == 0 { // it has been stopped
		return
	}
	left := w.limit
	if since := w.since.Load(); since >= 0 {
		left -= time.Since(w.begun) - time.Duration(since)
	}
	if left <= 0 {
		w.cancel(ranOut(w.what, w.limit))
		return
	}
	w.timer.Reset(left)
}

// pause stops the clock.
func (w *watch) pause() {
	if since := w.since.Swap(-1); since >= 0 {
		w.before = time.Since(w.begun) - time.Duration(since)
	}
}

// wait starts the clock, from nothing or from where it was paused.
func (w *watch) wait(afresh bool) {
	now := time.Since(w.begun)
	if !afresh {
		now -= w.before
	}
	w.since.Store(int64(max(now, 0)))
}

func (w *watch) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.limit = 0
	if w.timer != nil {
		w.timer.Stop()
	}
}
