package middleware

import (
	"context"
	"errors"
	"time"

	"github.com/parley-llm/parley/internal/waiting"
	"github.com/parley-llm/parley/llm"
)

// Timeout limits the time that a call waits for the provider and for the middleware
// inside, for example for retries and queues. If a limit is exceeded, the call fails with an
// error of kind [llm.Timeout] that names the limit.
//
// The time that the caller takes between two events counts for Total only. Providers have
// additional limits for the connection: see [llm.Limits].
//
// A zero limit is no limit. At least one limit must be set. A Timeout is safe for
// concurrent use. Do not copy it or change its fields after the first call.
type Timeout struct {
	// FirstEvent limits the time until the first content event. [llm.Limits.FirstEvent] is
	// different: it ends at the first piece of the reply, for example a keep-alive comment. With
	// NonStreaming, this is the time of the whole call.
	FirstEvent time.Duration `yaml:"first_event"`
	// Idle limits the time between two events after the first content event. If middleware
	// inside the Timeout holds an event back, the limit can take effect after up to twice
	// this time.
	Idle time.Duration `yaml:"idle"`
	// Total limits the time of the whole call.
	Total time.Duration `yaml:"total"`

	live live[*timeoutState]
}

// Validate returns an error that names every invalid field.
func (t *Timeout) Validate() error {
	_, err := t.open()
	return err
}

// Wrap implements [llm.Middleware].
func (t *Timeout) Wrap(next llm.Handler) llm.Handler {
	return wrap(&t.live, t.open, (*timeoutState).run, next)
}

// wrapTotal applies Total only, and wrapAttempt applies FirstEvent and Idle only. [Chain]
// has the first around all attempts and the second around each of them.
func (t *Timeout) wrapTotal(next llm.Handler) llm.Handler {
	return wrap(&t.live, t.open, (*timeoutState).runTotal, next)
}

func (t *Timeout) wrapAttempt(next llm.Handler) llm.Handler {
	return wrap(&t.live, t.open, (*timeoutState).runAttempt, next)
}

func (t *Timeout) open() (*timeoutState, error) {
	t = fixed(t)
	s := settings{name: "Timeout"}
	number(&s, "FirstEvent", &t.FirstEvent, 0)
	number(&s, "Idle", &t.Idle, 0)
	number(&s, "Total", &t.Total, 0)
	if t.FirstEvent == 0 && t.Idle == 0 && t.Total == 0 {
		s.refuse("FirstEvent", "is zero, and so are Idle and Total; set at least one of them")
	}
	if t.Total > 0 && t.FirstEvent > t.Total {
		s.refuse("FirstEvent", "is %v, more than Total, %v", t.FirstEvent, t.Total)
	}
	if t.Total > 0 && t.Idle > t.Total {
		s.refuse("Idle", "is %v, more than Total, %v", t.Idle, t.Total)
	}
	return &timeoutState{t.FirstEvent, t.Idle, t.Total}, s.err()
}

// timeoutState is a Timeout in use.
type timeoutState struct{ firstEvent, idle, total time.Duration }

func (t *timeoutState) run(ctx context.Context, call *llm.Call, next llm.Handler, yield func(llm.Event, error) bool) {
	runTimed(t.firstEvent, t.idle, t.total, ctx, call, next, yield)
}

func (t *timeoutState) runTotal(ctx context.Context, call *llm.Call, next llm.Handler, yield func(llm.Event, error) bool) {
	runTimed(0, 0, t.total, ctx, call, next, yield)
}

func (t *timeoutState) runAttempt(ctx context.Context, call *llm.Call, next llm.Handler, yield func(llm.Event, error) bool) {
	runTimed(t.firstEvent, t.idle, 0, ctx, call, next, yield)
}

// runTimed answers a call within the limits. A limit of 0 is no limit.
func runTimed(first, idle, total time.Duration, ctx context.Context, call *llm.Call, next llm.Handler, yield func(llm.Event, error) bool) {
	timed := timedCall{parent: ctx, idle: idle, yield: yield}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	timed.ctx = ctx
	if total > 0 {
		timer := time.AfterFunc(total, func() { cancel(limitExceeded("Total", "the whole call", total)) })
		defer timer.Stop()
	}
	if first > 0 || idle > 0 {
		timed.timer = &idleTimer{cancel: cancel}
		ctx = waiting.NewContext(ctx, timed.timer)
		timed.timer.start("FirstEvent", "the first content", first)
		defer timed.timer.stop()
	}
	next(ctx, call)(timed.take)
}

// timedCall is a call whose time is limited.
type timedCall struct {
	parent, ctx context.Context
	idle        time.Duration
	yield       func(llm.Event, error) bool
	timer       *idleTimer // nil if there is only a limit for the whole call
	answering   bool       // content has arrived
}

func (t *timedCall) take(ev llm.Event, err error) bool {
	if err != nil {
		err = t.explain(err)
	}
	if t.timer == nil {
		return t.yield(ev, err)
	}
	t.timer.pause()
	if !t.answering && ev.Type.Content() {
		t.answering = true
		t.timer.restart("Idle", "the next event", t.idle)
	}
	more := t.yield(ev, err)
	t.timer.resume()
	return more
}

// explain returns the error of the limit that was exceeded, with the details of the error
// that ended the call because of it. It returns other errors unchanged.
func (t *timedCall) explain(err error) error {
	limit, ok := context.Cause(t.ctx).(*llm.Error)
	if !ok || t.parent.Err() != nil {
		return err
	}
	timeout := *limit
	if e, ok := errors.AsType[*llm.Error](err); ok && e != nil {
		timeout.Provider, timeout.Model, timeout.Op = e.Provider, e.Model, e.Op
		timeout.Status, timeout.RequestID, timeout.Header, timeout.Partial = e.Status, e.RequestID, e.Header, e.Partial
	}
	return &timeout
}

// limitExceeded is the error of a limit, by the name of its field.
func limitExceeded(field, phase string, limit time.Duration) error {
	return &llm.Error{Kind: llm.Timeout, Message: "time limit for " + phase + " exceeded (" + field + " is " + limit.String() + ")"}
}
