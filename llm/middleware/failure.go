package middleware

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/parley-llm/parley/llm"
)

// sleep waits for d. It returns an error at once if the context ends.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	return llm.FromContext(ctx)
}

// inTime reports whether a wait ends before the deadline of the context.
func inTime(ctx context.Context, wait time.Duration) bool {
	deadline, ok := ctx.Deadline()
	return !ok || time.Until(deadline) > wait
}

// isServerFault reports whether an error shows that the server is unavailable or broken.
// Invalid requests, rate limits and rejected credentials do not show that.
func isServerFault(err error) bool {
	kind := llm.KindOf(err)
	return kind.Temporary() && kind != llm.RateLimited
}

// countsAsFailure reports whether the failure of a call counts against its server. It does
// not if the caller or a [Timeout] outside has cancelled the call, because the call may
// have been waiting for one of our own limits.
func countsAsFailure(ctx context.Context, err error) bool {
	return err != nil && isServerFault(err) && ctx.Err() == nil
}

// notSent is the error of a call that a limit in this process refuses. Repeating the call
// would meet the same limit, so the error tells Retry not to. Fallback may use another model.
func notSent(call *llm.Call, kind llm.Kind, reason string, wait time.Duration) *llm.Error {
	return &llm.Error{
		Kind: kind, Provider: call.Provider, Model: call.Model, Op: call.Op,
		Message: "not sent: " + reason, RetryAfter: max(wait, 0),
		Header: http.Header{"X-Should-Retry": {"false"}},
	}
}

// retryAfter returns the wait that the server asked for, or 0.
func retryAfter(err error) time.Duration {
	if e, ok := errors.AsType[*llm.Error](err); ok {
		return e.RetryAfter
	}
	return 0
}

// failedAttempt describes an attempt that failed.
func failedAttempt(call *llm.Call, err error) llm.Attempt {
	a := llm.Attempt{Provider: call.Provider, Model: call.Model, Err: err}
	if e, ok := errors.AsType[*llm.Error](err); ok {
		if e.Provider != "" && e.Model != "" { // a piece inside may have called another model
			a.Provider, a.Model = e.Provider, e.Model
		}
		if e.Partial != nil {
			a.Usage = e.Partial.Usage
		}
	}
	return a
}

func attemptEvent(a llm.Attempt) llm.Event { return llm.Event{Type: llm.EventAttempt, Detail: &a} }
