package middleware

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/parley-llm/parley/llm"
)

// modelKey is what state that is kept by model is filed under.
type modelKey struct{ provider, model string }

func keyOf(call *llm.Call) modelKey { return modelKey{call.Provider, call.Model} }

func (k modelKey) String() string { return k.provider + "/" + k.model }

// layer makes a middleware of a function that answers a call with yield. A call that asks for
// nothing, which no [llm.Model] makes, is refused here, so that no middleware need look for it.
func layer(run func(ctx context.Context, call *llm.Call, next llm.Handler, yield func(llm.Event, error) bool)) llm.Middleware {
	return func(next llm.Handler) llm.Handler {
		return func(ctx context.Context, call *llm.Call) llm.Events {
			return func(yield func(llm.Event, error) bool) {
				if err := call.Validate(); err != nil {
					yield(llm.Event{}, err)
					return
				}
				run(ctx, call, next, yield)
			}
		}
	}
}

// listener is what a middleware learns of an answer that it passes on.
type listener struct {
	start    *llm.Start // nil before it
	done     *llm.Done  // nil if the answer has not ended well
	err      error      // that ended it
	attempts []*llm.Attempt
	other    bool // another model than the one asked has answered
	pieces   int  // of content
	bytes    int  // of content's text
}

// pass passes events on to yield, and listens. Like the other layers that look
// at each event, it hands the function on instead of ranging over the events,
// which costs several allocations a call.
func (l *listener) pass(events llm.Events, yield func(llm.Event, error) bool) {
	events(func(ev llm.Event, err error) bool {
		l.hear(ev, err)
		return yield(ev, err)
	})
}

// to returns the events, listened to.
func (l *listener) to(events llm.Events) llm.Events {
	return func(yield func(llm.Event, error) bool) { l.pass(events, yield) }
}

func (l *listener) hear(ev llm.Event, err error) {
	switch {
	case err != nil:
		l.err = err
	case ev.Type == llm.EventDone:
		l.done = &llm.Done{}
		if d, ok := ev.Detail.(*llm.Done); ok {
			l.done = d
		}
	case ev.Type.Content():
		l.pieces++
		l.bytes += len(ev.Text)
	case ev.Type == llm.EventStart:
		l.start, _ = ev.Detail.(*llm.Start)
	case ev.Type == llm.EventWarning:
		if w, ok := ev.Detail.(*llm.Warning); ok && w.Code == llm.WarnAnsweredBy {
			l.other = true
		}
	case ev.Type == llm.EventAttempt:
		if a, ok := ev.Detail.(*llm.Attempt); ok {
			l.attempts = append(l.attempts, a)
		}
	}
}

// answeredBy returns another model that has answered than the one asked.
func (l *listener) answeredBy(call *llm.Call) (model modelKey, other bool) {
	if l.start == nil || l.start.Provider == "" || !l.other && l.start.Provider == call.Provider {
		return keyOf(call), false
	}
	return modelKey{l.start.Provider, l.start.Model}, true
}

// usage returns what the answer cost, as far as it was said.
func (l *listener) usage() llm.Usage {
	if l.done != nil {
		return l.done.Usage
	}
	if e, ok := errors.AsType[*llm.Error](l.err); ok && e.Partial != nil {
		return e.Partial.Usage
	}
	return llm.Usage{}
}

// middlewareOf returns the middleware of what has been made of settings.
func middlewareOf[T interface {
	Middleware(next llm.Handler) llm.Handler
}](made T, err error) (llm.Middleware, error) {
	if err != nil {
		return nil, err
	}
	return made.Middleware, nil
}

// sleep waits. It returns an error as soon as the context has ended.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	return llm.FromContext(ctx)
}

// inTime reports whether a wait ends before the context's deadline does.
func inTime(ctx context.Context, wait time.Duration) bool {
	deadline, ok := ctx.Deadline()
	return !ok || time.Until(deadline) > wait
}

// serversFault reports whether a failure says that the server is ill: not that
// it was asked for the wrong thing, or too often, or by nobody it knows.
func serversFault(err error) bool {
	kind := llm.KindOf(err)
	return kind.Temporary() && kind != llm.RateLimited
}

// blames reports whether a call's failure counts against its server. One of a
// call that was ended from outside, by its caller or a [Timeout] around, does not: it may have
// been waiting for a limit of ours.
func blames(ctx context.Context, err error) bool {
	return err != nil && serversFault(err) && ctx.Err() == nil
}

// notSent is the error of a call that a limit of ours holds back. There is no
// sense in asking the same limit again at once, so Retry leaves it to Fallback.
func notSent(call *llm.Call, kind llm.Kind, why string, wait time.Duration) error {
	return &llm.Error{
		Kind: kind, Provider: call.Provider, Model: call.Model, Op: call.Op,
		Message: "not sent: " + why, RetryAfter: max(wait, 0),
		Header: http.Header{"X-Should-Retry": {"false"}},
	}
}

// retryAfter returns how long the server asked to wait, or 0.
func retryAfter(err error) time.Duration {
	if e, ok := errors.AsType[*llm.Error](err); ok {
		return e.RetryAfter
	}
	return 0
}

// failed is the report of an attempt that came to nothing.
func failed(call *llm.Call, err error) llm.Attempt {
	a := llm.Attempt{Provider: call.Provider, Model: call.Model, Err: err}
	if e, ok := errors.AsType[*llm.Error](err); ok {
		if e.Provider != "" && e.Model != "" { // inside, another model may have been asked
			a.Provider, a.Model = e.Provider, e.Model
		}
		if e.Partial != nil {
			a.Usage = e.Partial.Usage
		}
	}
	return a
}

func attemptEvent(a llm.Attempt) llm.Event { return llm.Event{Type: llm.EventAttempt, Detail: &a} }

// settings collects what is wrong with the settings of one middleware.
type settings struct {
	name string // "Retry"
	errs []error
}

// refuse adds a complaint about a field.
func (s *settings) refuse(field, format string, args ...any) {
	s.errs = append(s.errs, fmt.Errorf("middleware.%s: %s %s", s.name, field, fmt.Sprintf(format, args...)))
}

// err returns the complaints as one error, or nil.
func (s *settings) err() error {
	if len(s.errs) == 0 {
		return nil
	}
	err := errors.Join(s.errs...)
	return &llm.Error{Kind: llm.InvalidRequest, Message: err.Error(), Err: err}
}

// positive makes a zero setting the default, and complains of one that is
// negative or no number.
func positive[T ~int | ~int64 | ~float64](s *settings, field string, value *T, otherwise T) {
	switch {
	case *value < 0:
		s.refuse(field, "is %v; it cannot be negative", *value)
	case *value != *value || math.IsInf(float64(*value), 0):
		s.refuse(field, "is %v; it must be a number", *value)
	case *value == 0:
		*value = otherwise
	}
}

// allKinds are the kinds of error that settings may name.
var allKinds = []llm.Kind{
	llm.InvalidRequest, llm.ContextLength, llm.ContentFilter, llm.Auth, llm.Permission, llm.Quota, llm.NotFound,
	llm.Retired, llm.RateLimited, llm.Overloaded, llm.Server, llm.Timeout, llm.Network, llm.Protocol,
	llm.Incomplete, llm.Canceled, llm.Unsupported,
}

// kinds complains of kinds of error that do not exist.
func (s *settings) kinds(field string, given ...llm.Kind) {
	for _, k := range given {
		if !slices.Contains(allKinds, k) {
			s.refuse(field, "has %q; there is no such kind of error; there is: %s", string(k), listed(allKinds))
		}
	}
}

// listed names kinds, for people.
func listed(kinds []llm.Kind) string {
	texts := make([]string, len(kinds))
	for i, k := range kinds {
		texts[i] = string(k)
	}
	return strings.Join(texts, ", ")
}
