package llm

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Error is the one error type of this module: whatever fails in a call, with
// any provider, arrives as an *Error. Get at it with [errors.As] or
// [errors.AsType], or ask for its kind with [errors.Is]:
//
//	if errors.Is(err, llm.ContextLength) { … }
//
// Its text says what happened, to which model, and what to do:
//
//	parley: openai/gpt-4o: rate limited (429): Rate limit reached for gpt-4o; retry in 20s
//
// No credential appears in any field: what servers echo is scrubbed.
// An Error is not modified once it has been returned, so any number of
// goroutines may read it.
type Error struct {
	Kind     Kind   // what sort of failure it is; empty if nobody can tell
	Provider string // "openai"; empty for an error of no provider's
	Model    string // the model's name as it was asked for
	Op       Op     // the operation that failed

	// Status is the HTTP status, or 0 if there was no reply. An error that
	// arrives inside a stream has the status 200.
	Status int
	// Code is the server's own code or type of error, such as
	// "context_length_exceeded".
	Code string
	// Message is the server's explanation, or ours.
	Message string
	// RequestID is the server's name for the request, for its support staff.
	RequestID string
	// RetryAfter is how long the server asked to wait, or 0 if it did not say.
	RetryAfter time.Duration
	// Header holds those reply headers that explain an error: rate limits,
	// retry hints, request ids. It is nil if there was no reply.
	Header http.Header
	// Partial is what had arrived when the call failed, or nil if nothing had
	// (the methods of a nil Response work, and find nothing):
	// text and reasoning to the last piece, and whatever else had come whole. A
	// tool call that was cut is among its IncompleteCalls; media that was cut is
	// not there. On the errors that [Stream] and [Model] return, Partial has all
	// of it; a provider sets only what no event says, usage and raw body.
	Partial *Response
	// Err is the underlying error, if there is one.
	Err error
}

// Error describes the failure in one line.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("parley: ")
	if e.Provider != "" || e.Model != "" {
		b.WriteString(e.Provider)
		if e.Provider != "" && e.Model != "" {
			b.WriteByte('/')
		}
		b.WriteString(e.Model)
		b.WriteString(": ")
	}
	if e.Kind == "" {
		b.WriteString("failed")
	} else {
		b.WriteString(e.Kind.Error())
	}
	if e.Status != 0 && e.Status != http.StatusOK {
		b.WriteString(" (" + strconv.Itoa(e.Status) + ")")
	}
	switch {
	case e.Message != "":
		b.WriteString(": " + e.Message)
	case e.Err != nil:
		b.WriteString(": " + e.Err.Error())
	}
	if e.RetryAfter > 0 {
		b.WriteString("; retry in " + e.RetryAfter.Round(time.Millisecond).String())
	}
	if e.RequestID != "" {
		b.WriteString(" [request " + e.RequestID + "]")
	}
	return oneLine(b.String())
}

// oneLine replaces line breaks and other control characters, which servers'
// messages have, so that a log keeps one line for one error.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
}

// Is reports whether target is the error's [Kind].
func (e *Error) Is(target error) bool {
	kind, ok := target.(Kind)
	return ok && e != nil && kind == e.Kind
}

// Unwrap returns the underlying error.
func (e *Error) Unwrap() error {
	if e == nil { // in an error of somebody who wrapped it without looking
		return nil
	}
	return e.Err
}

// Errorf returns an error of a kind with a formatted message. If the format has the verb %w,
// Err is the error made by [fmt.Errorf]. Provider, Model and Op are empty: a [Model] fills
// them in.
func Errorf(kind Kind, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	e := &Error{Kind: kind, Message: err.Error()}
	switch err.(type) {
	case interface{ Unwrap() error }, interface{ Unwrap() []error }:
		e.Err = err
	}
	return e
}

// KindOf returns the kind of the first [Error] in err's tree, or else the first
// Kind that stands there by itself, or "" if there is neither.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok && e != nil {
		return e.Kind
	}
	kind, _ := errors.AsType[Kind](err)
	return kind
}

// FromContext returns, as an [*Error], why a context has ended: [Canceled] when
// the caller cancelled, [Timeout] when its deadline passed. If the context was
// given a cause that is an *Error itself, that one's kind and message hold. The
// error matches both the context's own error and the cause. FromContext returns
// nil while ctx has not ended.
//
// Providers and middleware use it so that a cancelled call looks the same
// wherever it was caught.
func FromContext(ctx context.Context) error {
	err := ctx.Err()
	if err == nil {
		return nil
	}
	e := &Error{Kind: Canceled, Message: "the caller cancelled the call", Err: err}
	if errors.Is(err, context.DeadlineExceeded) {
		e.Kind, e.Message = Timeout, "the caller's deadline passed"
	}
	if cause := context.Cause(ctx); cause != nil && cause != err {
		if own, ok := errors.AsType[*Error](cause); ok {
			e.Kind, e.Message = own.Kind, own.Message
		} else {
			e.Message += ": " + cause.Error()
		}
		e.Err = causeError{err, cause}
	}
	return e
}

// causeError is a context's error together with the caller's cause for it.
type causeError [2]error

func (e causeError) Error() string   { return e[1].Error() }
func (e causeError) Unwrap() []error { return e[:] }

// asError returns err as an *Error that names the call it belongs to. An error
// that is not ours (a middleware's, say) is wrapped, never replaced.
func asError(err error, call *Call) *Error {
	e, ok := err.(*Error)
	switch {
	case !ok:
		e = wrapError(err)
	case e == nil: // a nil *Error in an error is an error that says nothing
		e = &Error{Message: "the handler failed and did not say why"}
	}
	if e.Provider != "" && e.Model != "" && e.Op != "" {
		return e
	}
	named := *e
	if named.Provider == "" {
		named.Provider = call.Provider
	}
	if named.Model == "" {
		named.Model = call.Model
	}
	if named.Op == "" {
		named.Op = call.Op
	}
	return &named
}

// wrapError returns an *Error around err. If there is one inside already, its
// status, retry hint and the rest hold for the new one too: errors.As finds
// the outermost.
func wrapError(err error) *Error {
	if kind, ok := err.(Kind); ok {
		return &Error{Kind: kind}
	}
	inner, ok := errors.AsType[*Error](err)
	if !ok || inner == nil {
		return &Error{Kind: kindOf(err), Message: strings.TrimPrefix(err.Error(), "parley: "), Err: err}
	}
	e := *inner
	e.Message = strings.TrimPrefix(err.Error(), "parley: ")
	if inner.Message != "" { // do not say it all twice
		e.Message = strings.Replace(err.Error(), inner.Error(), inner.Message, 1)
	}
	e.Err = err
	return &e
}

// kindOf returns the kind of an error that is not ours, or "" if it cannot be
// told: what nobody has classified must not look worth another try.
func kindOf(err error) Kind {
	var network net.Error
	switch {
	case KindOf(err) != "":
		return KindOf(err)
	case errors.Is(err, context.Canceled):
		return Canceled
	case errors.Is(err, context.DeadlineExceeded):
		return Timeout
	case errors.As(err, &network):
		return Network
	}
	return ""
}
