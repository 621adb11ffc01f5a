package provider

import (
	"context"

	"github.com/parley-llm/parley/internal/httpcall"
	"github.com/parley-llm/parley/llm"
)

// Operations are the methods of a provider of type P that answer calls. An error that a
// method returns has not been yielded. A method returns nil if the caller stopped reading.
type Operations[P llm.Provider] map[llm.Op]func(p P, ctx context.Context, call *llm.Call, yield func(llm.Event, error) bool) error

// Do implements [llm.Provider] for the provider p. It fails with kind [llm.Unsupported] if
// there is no such operation, and with kind [llm.InvalidRequest] if the call has no request
// or no input. An [llm.Model] checks more, but callers can also use a provider directly.
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
	case hasNoInput(call):
		return httpcall.Failf(p.Name(), call, llm.InvalidRequest, "the call has no request, or one without messages or inputs")
	}
	return do(p, ctx, call, yield)
}

// hasNoInput reports whether a call has no request, messages or inputs.
func hasNoInput(call *llm.Call) bool {
	switch call.Op {
	case llm.OpChat, llm.OpCountTokens:
		return call.Request == nil || len(call.Request.Messages) == 0
	case llm.OpEmbed:
		return call.Embed == nil || len(call.Embed.Inputs) == 0
	}
	return false
}

// Opened converts the results of a provider's New for providers.Register. It returns a nil
// interface with an error; an interface that holds a nil *Provider is not nil.
func Opened[P llm.Provider](p P, err error) (llm.Provider, error) {
	if err != nil {
		return nil, err
	}
	return p, nil
}
