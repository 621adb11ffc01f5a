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

// Error is the error of every failed call, with every provider. Use [errors.AsType] to get
// its fields, or [errors.Is] to test its kind:
//
//	if errors.Is(err, llm.ContextLength) { … }
//
// The text names the model, the problem and the time to wait:
//
//	parley: openai/gpt-6-luna: rate limited (429): Rate limit reached for requests; retry in 20s
//
// An Error must not be modified after it has been returned, so many goroutines may read it.
//
// Security: no field contains a credential. Credentials that a server repeats in its reply
// are removed.
type Error struct {
	Kind     Kind   // empty if the failure cannot be classified, for example a panic
	Provider string // for example "openai"; empty if no provider is involved
	Model    string // the name of the model in the call
	Op       Op     // the operation that failed

	// Status is the HTTP status code, or 0 if there was no reply. An error inside a stream
	// has the status 200.
	Status int
	// Code is the error code or type of the server: "context_length_exceeded".
	Code string
	// Message is the explanation of the server, or of this module.
	Message string
	// RequestID is the id that the server gave the request. Give it to the vendor's support.
	RequestID string
	// RetryAfter is the time that the server asked to wait, or 0 if it did not.
	RetryAfter time.Duration
	// Header has the reply headers that explain an error: rate limits, retry hints and
	// request ids. It is nil if there was no reply.
	Header http.Header
	// Partial is the part of the answer that had arrived, or nil if nothing had. The methods
	// of a nil Response return empty results. It has all text and reasoning, and all
	// complete parts. Tool calls that were cut are in its IncompleteCalls. Media that was cut
	// is missing.
	//
	// Programs get all of this. Authors of providers set only Usage and Raw, the fields that
	// no event carries. [Model] adds the rest.
	Partial *Response
	// Err is the underlying error, if there is one.
	Err error
}

// Error returns the text of the error, in one line.
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

// oneLine replaces line breaks and other control characters in messages of servers, so that
// an error is one line in a log.
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
	if e == nil { // a nil *Error that was wrapped
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

// KindOf returns the kind of the first [Error] in err's tree. If there is none, it returns
// the first [Kind] in the tree, or "".
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok && e != nil {
		return e.Kind
	}
	kind, _ := errors.AsType[Kind](err)
	return kind
}

// FromContext returns nil if the context has not ended, and otherwise an [*Error]. Its kind
// is [Canceled] if the caller canceled the context, and [Timeout] if the deadline passed. If
// [context.Cause] is an *Error, the result has its kind and message. [errors.Is] finds both
// ctx.Err() and the cause.
//
// Providers and middleware use FromContext, so that canceled calls have the same error
// everywhere.
func FromContext(ctx context.Context) error {
	err := ctx.Err()
	if err == nil {
		return nil
	}
	e := &Error{Kind: Canceled, Message: "the caller canceled the call", Err: err}
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

// causeError is the error of a context and its cause.
type causeError [2]error

func (e causeError) Error() string   { return e[1].Error() }
func (e causeError) Unwrap() []error { return e[:] }

// asError returns err as an *Error that names the provider, the model and the operation. An
// error of another type is wrapped.
func asError(err error, call *Call) *Error {
	e, ok := err.(*Error)
	switch {
	case !ok:
		e = wrapError(err)
	case e == nil: // a nil *Error in an error interface
		e = &Error{Message: "the handler failed without a reason"}
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

// wrapError returns an *Error around err. If err wraps an *Error, the new one has its fields,
// because errors.As finds the outermost.
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
	if inner.Message != "" { // avoid repeating the text of inner
		e.Message = strings.Replace(err.Error(), inner.Error(), inner.Message, 1)
	}
	e.Err = err
	return &e
}

// kindOf returns the kind of an error of another type, or "" if it is unknown. An unknown
// error must not look temporary.
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
