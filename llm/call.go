package llm

import (
	"context"
	"fmt"
	"iter"
	"reflect"
	"slices"
)

// Events is the answer to a [Call]: a sequence of events. The rules for sequences are at
// [Handler].
type Events = iter.Seq2[Event, error]

// A Handler answers calls. A provider's Do method is a Handler, and so is a chain of
// middleware around it. These rules hold for every Handler:
//
//   - A Handler may be called by many goroutines at the same time.
//   - It returns immediately. Nothing is sent before the caller ranges over the events. Each
//     range is a separate call.
//   - It does not modify the call, and does not use it after the range has ended. Middleware
//     that changes a call passes on a copy: see [Call.Clone].
//   - A successful answer ends with exactly one [EventDone]. Nothing follows it.
//   - A failed answer ends with an error and a zero [Event]. Nothing follows it.
//   - Events that stop without [EventDone] and without an error are a failure. The reader
//     treats them as an error of kind [Incomplete].
//   - When yield returns false, the caller has stopped reading. The Handler releases all
//     resources of the call and returns. It does not call yield again, not even with an
//     error.
//   - When the context ends, the Handler stops waiting and fails with [FromContext].
//   - Middleware may call the next Handler again only until the caller has seen content.
//     This is the retry rule: see github.com/parley-llm/parley/llm/llmutil.ForwardAttempt.
type Handler func(ctx context.Context, call *Call) Events

// Middleware adds behavior around a [Handler]: it can inspect a call, pass on a changed
// copy of it (see [Call.Clone]), inspect or hold back the events, or call next again.
// Package [github.com/parley-llm/parley/llm/llmutil] has ForwardAttempt, which implements the
// rule of when a call may be repeated.
//
// Wrap returns a Handler that calls next. Wrap can be called several times, once for each
// model that has the middleware, and the returned handlers can run concurrently.
//
// Add middleware to a model with [WithMiddleware] and [WithOuterMiddleware].
type Middleware interface {
	Wrap(next Handler) Handler
}

// MiddlewareFunc is an adapter that makes a function a [Middleware].
type MiddlewareFunc func(next Handler) Handler

// Wrap returns f(next). If f is nil, it returns next.
func (f MiddlewareFunc) Wrap(next Handler) Handler {
	if f == nil {
		return next
	}
	return f(next)
}

// Chain wraps h in the given middleware. The first is outermost: it receives a call first
// and its events last. Nil interfaces and nil pointers are skipped. If a middleware
// returns a nil handler, every call fails with an error that names its type.
//
// Middleware that works only in a certain order has a method CheckOrder(outer Middleware)
// error. If it returns an error for middleware outside of it, every call of the returned
// Handler fails with this error.
func Chain(h Handler, middleware ...Middleware) Handler {
	for i, m := range slices.Backward(middleware) {
		if isNilMiddleware(m) {
			continue
		}
		if err := checkOrder(m, middleware[:i]); err != nil {
			return func(_ context.Context, call *Call) Events {
				return func(yield func(Event, error) bool) { yield(Event{}, asError(err, call)) }
			}
		}
		if h = m.Wrap(h); h == nil {
			h = noHandler(m)
		}
	}
	return h
}

// checkOrder returns the error of m about the middleware outside of it.
func checkOrder(m Middleware, outer []Middleware) error {
	checker, ok := m.(interface{ CheckOrder(outer Middleware) error })
	if !ok {
		return nil
	}
	for _, o := range outer {
		if isNilMiddleware(o) {
			continue
		}
		if err := checker.CheckOrder(o); err != nil {
			return err
		}
	}
	return nil
}

// noHandler returns the handler for a middleware that returned none.
func noHandler(m Middleware) Handler {
	return func(context.Context, *Call) Events {
		return func(yield func(Event, error) bool) {
			yield(Event{}, &Error{
				Kind: InvalidRequest, Message: fmt.Sprintf("the middleware %T returned a nil handler: let its Wrap method return the next handler if it adds nothing", m),
			})
		}
	}
}

// isNilMiddleware reports whether m is nil or holds a nil pointer.
func isNilMiddleware(m Middleware) bool {
	v := reflect.ValueOf(m)
	return !v.IsValid() || (v.Kind() == reflect.Pointer || v.Kind() == reflect.Func) && v.IsNil()
}

// A Provider is a backend that answers calls: a hosted API, a local server, or an engine in
// the process. Programs use it through a [Model].
//
// See [github.com/parley-llm/parley/providers/openai] for a provider,
// [github.com/parley-llm/parley/llm/llmtest] for a scripted one, and
// github.com/parley-llm/parley/llm/llmutil for helpers. The tests of
// github.com/parley-llm/parley/llm/llmtest/conformance check all rules.
type Provider interface {
	// Name returns the name of the provider in model names and errors: "openai".
	Name() string

	// Do answers the call. A [Model] calls it, usually through middleware. All rules of
	// [Handler] hold, and these:
	//
	//   - Every error is an *[Error] with the provider, the model and the operation.
	//   - An operation that the provider does not have fails with kind [Unsupported].
	//   - A setting that the provider does not support produces an [EventWarning] with the
	//     code [WarnUnsupported]. If [Request.FailOnUnsupported] is set, it fails the call
	//     with kind [Unsupported].
	//   - [EventStart], if there is one, comes before all content.
	//   - [EventDone] is passed on only if the server said that the answer had ended, by the
	//     rule of its protocol. Otherwise the call fails with kind [Incomplete].
	//   - An answer whose usage the server did not report has a warning with the code
	//     [WarnUsageUnknown].
	//   - If [Request.KeepRaw] is set, [Done.Raw] is the body of the reply up to the end of the
	//     answer.
	//   - After the end of the answer, a provider that uses HTTP reads the rest of the body, so
	//     that the connection is reused, but waits at most a moment: the server may keep it
	//     open. See DrainAndClose in github.com/parley-llm/parley/llm/llmutil.
	//   - Do does not repeat a request after it has passed on content.
	//   - No error and no event contains the credential.
	Do(ctx context.Context, call *Call) Events
}

// Op is the operation of a [Call].
type Op string

// The operations. Every middleware handles all of them.
const (
	OpChat        Op = "chat"         // Call.Request is answered with content events
	OpEmbed       Op = "embed"        // Call.Embed is answered with an [EmbedResponse]
	OpCountTokens Op = "count_tokens" // Call.Request is answered with a [TokenCount]
	OpListModels  Op = "list_models"  // is answered with a [ModelList]
)

// UnmarshalText sets the operation. It accepts the spelling with spaces of earlier versions.
func (o *Op) UnmarshalText(text []byte) error {
	*o = Op(snakeCase(text))
	return nil
}

// A Call is one operation on its way to a provider. Many handlers read the same Call, so
// none of them modifies it. Middleware that changes a call passes on a [Call.Clone].
type Call struct {
	Op       Op
	Provider string // the name of the provider that answers
	Model    string // the name of the model, as the provider knows it

	Request *Request      // for OpChat and OpCountTokens
	Embed   *EmbedRequest // for OpEmbed

	// Buffered reports that the caller sees nothing before the answer is complete, as in
	// [Model.Generate]. Such a call may be repeated until [EventDone].
	Buffered bool

	// MaxReattach is the number of times that a provider may continue to read an answer by
	// another connection if one is cut, without repeating the request. The provider reports
	// each time as an [EventAttempt]. Only answers that the server makes without a connection
	// can be read on, for example those of OpenAI's background mode. Resume in package
	// middleware sets it.
	MaxReattach int
}

// Clone returns a copy whose fields, and whose request's fields, can be set without changing
// the original. Slices such as messages and tools are shared: replace them, do not write
// into them.
func (c *Call) Clone() *Call {
	clone := *c
	if c.Request != nil {
		req := *c.Request
		clone.Request = &req
	}
	if c.Embed != nil {
		embed := *c.Embed
		clone.Embed = &embed
	}
	return &clone
}
