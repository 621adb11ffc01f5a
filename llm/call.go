package llm

import (
	"context"
	"iter"
	"reflect"
	"slices"
)

// Events is the answer to a [Call]: a sequence of small events. An error, if
// there is one, is the last pair, with a zero [Event]. A sequence without an
// error ends with an [EventDone].
//
// Nothing is sent before the sequence is ranged over, each range sends anew,
// and leaving the loop early releases everything the call holds.
type Events = iter.Seq2[Event, error]

// A Handler answers a call. A provider's Do method is one, and so is a chain
// of middleware around it. Handlers may be called from many goroutines at once.
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
// and its events last. Nil interfaces and nil pointers are skipped.
func Chain(h Handler, middleware ...Middleware) Handler {
	for _, m := range slices.Backward(middleware) {
		if !isNilMiddleware(m) {
			h = m.Wrap(h)
		}
	}
	return h
}

// isNilMiddleware reports whether m is nil or holds a nil pointer.
func isNilMiddleware(m Middleware) bool {
	v := reflect.ValueOf(m)
	return !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil()
}

// A Provider is a backend that answers calls: a hosted API, a local server, an
// engine in the process. It is all that a backend implements; programs use it
// through a [Model]. See [github.com/parley-llm/parley/providers/openai] for a
// real one and [github.com/parley-llm/parley/llm/llmtest] for a scripted one.
type Provider interface {
	// Name is the provider's name in model names and errors: "openai".
	Name() string
	// Do answers the call. What the provider cannot do is an error of kind
	// [Unsupported]. Every error is an [*Error] that names the provider, the model
	// and the operation: a [Model] fills in what is left open, but middleware sees
	// it before. An answer whose usage the server did not report has a warning,
	// [WarnUsageUnknown]. conformance.Test checks all of it. Do must not modify the call or keep it after the events
	// have ended, and may be called from many goroutines at once.
	Do(ctx context.Context, call *Call) Events
}

// Op is the kind of a [Call]; its text stands in errors.
type Op string

// The operations. Every middleware serves them all.
const (
	OpChat        Op = "chat"         // Request in; content events out
	OpEmbed       Op = "embed"        // Embed in; an [EmbedResponse] out
	OpCountTokens Op = "count_tokens" // Request in; a [TokenCount] out
	OpListModels  Op = "list_models"  // nothing in; a [ModelList] out
)

// UnmarshalText sets the operation. It accepts the spelling with spaces of earlier versions.
func (o *Op) UnmarshalText(text []byte) error {
	*o = Op(snakeCase(text))
	return nil
}

// A Call is one operation on its way to a provider. It is read by many and
// modified by none: middleware that wants a change passes on a clone.
type Call struct {
	Op       Op
	Provider string // name of the provider it is meant for
	Model    string // model name, as the provider knows it

	Request *Request      // for OpChat and OpCountTokens
	Embed   *EmbedRequest // for OpEmbed

	// Buffered says that the caller sees nothing before the answer is whole,
	// so that the call may start anew until its very end. See github.com/parley-llm/parley/llm/llmutil.ForwardAttempt.
	Buffered bool
}

// Clone returns a copy whose fields, and whose request's fields, can be set
// without touching the original. Messages, tools and other slices are shared:
// replace them, do not write into them.
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
