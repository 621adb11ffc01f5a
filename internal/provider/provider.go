package provider

import (
	"context"

	"github.com/parley-llm/parley/internal/httpcall"
	"github.com/parley-llm/parley/llm"
)

// Operations are what a provider of type P can do: methods that answer a call. An
// error that one returns has not been yielded, and is for a caller who is still
// there.
type Operations[P llm.Provider] map[llm.Op]func(p P, ctx context.Context, call *llm.Call, yield func(llm.Event, error) bool) error

// Do is the Do of the provider p. What is not among the operations is an error of
// kind [llm.Unsupported], a call without anything to answer one of kind
// [llm.InvalidRequest]: not every caller is an [llm.Model], which checks more.
func (o Operations[P]) Do(ctx context.Context, call *llm.Call, p P) llm.Events {
	return func(yield func(llm.Event, error) bool) {
		if err := o.do(p, ctx, call, yield); err != nil {
			yield(llm.Event{}, err)
		}
	}
}

func (o Operations[P]) do(p P, ctx context.Context, call *llm.Call, yield func(llm.Event, error) bool) error {
	switch {
	case ctx == nil:
		return httpcall.Failf(p.Name(), call, llm.InvalidRequest, "the context is nil")
	case call == nil:
		return httpcall.Failf(p.Name(), nil, llm.InvalidRequest, "the call is nil")
	}
	do, can := o[call.Op]
	switch {
	case !can:
		return httpcall.Failf(p.Name(), call, llm.Unsupported, "this provider cannot %s", call.Op)
	case asksNothing(call):
		return httpcall.Failf(p.Name(), call, llm.InvalidRequest, "the call has no request, or one without messages or inputs")
	}
	return do(p, ctx, call, yield)
}

// asksNothing reports whether a call has nothing that could be answered.
func asksNothing(call *llm.Call) bool {
	switch call.Op {
	case llm.OpChat, llm.OpCountTokens:
		return call.Request == nil || len(call.Request.Messages) == 0
	case llm.OpEmbed:
		return call.Embed == nil || len(call.Embed.Inputs) == 0
	}
	return false
}

// Opened returns what a provider's New has returned, for providers.Register: a
// nil *Provider in an interface would not be nil.
func Opened[P llm.Provider](p P, err error) (llm.Provider, error) {
	if err != nil {
		return nil, err
	}
	return p, nil
}
