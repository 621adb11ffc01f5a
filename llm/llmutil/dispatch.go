package llmutil

import (
	"context"
	"strings"

	"github.com/parley-llm/parley/llm"
)

// A Chatter answers calls of [llm.OpChat].
type Chatter interface {
	// Chat passes the events of the answer to yield, and stops when yield returns false.
	// It returns nil after the answer's [llm.EventDone], or after yield returned false.
	// It does not pass its error to yield: [Dispatch] does, and adds the names of the
	// provider, the model and the operation to an *[llm.Error] that lacks them.
	Chat(ctx context.Context, call *llm.Call, yield func(llm.Event, error) bool) error
}

// An Embedder answers calls of [llm.OpEmbed] with one [llm.EmbedResponse]. The rules for
// yield and the error are those of [Chatter].
type Embedder interface {
	Embed(ctx context.Context, call *llm.Call, yield func(llm.Event, error) bool) error
}

// A TokenCounter answers calls of [llm.OpCountTokens] with one [llm.TokenCount]. The rules
// for yield and the error are those of [Chatter].
type TokenCounter interface {
	CountTokens(ctx context.Context, call *llm.Call, yield func(llm.Event, error) bool) error
}

// A ModelLister answers calls of [llm.OpListModels] with one [llm.ModelList]. The rules for
// yield and the error are those of [Chatter].
type ModelLister interface {
	ListModels(ctx context.Context, call *llm.Call, yield func(llm.Event, error) bool) error
}

// Dispatch returns the events of a call, produced by the method of provider for the call's
// operation: Chat, Embed, CountTokens or ListModels. Each method is optional; see
// [Chatter], [Embedder], [TokenCounter] and [ModelLister]. A provider's Do is one line:
//
//	func (p *Provider) Do(ctx context.Context, call *llm.Call) llm.Events {
//		return llmutil.Dispatch(ctx, call, p)
//	}
//
// The value passed as provider may be another type than the provider itself, to keep these
// methods out of the provider's exported API.
//
// Names of tools that servers do not accept are sent as [WireToolName] returns them. The
// events of the answer have the names of the request.
//
// Dispatch fails a call with kind
//
//   - [llm.Unsupported], if provider has no method for the operation,
//   - [llm.InvalidRequest], if the context is nil, if a message has an [llm.Decision], or if
//     [llm.Call.Validate] returns an error. Callers other than an [llm.Model] may pass such
//     calls.
func Dispatch(ctx context.Context, call *llm.Call, provider interface{ Name() string }) llm.Events {
	return func(yield func(llm.Event, error) bool) {
		if err := dispatch(ctx, call, provider, yield); err != nil {
			yield(llm.Event{}, named(err, call, provider))
		}
	}
}

func dispatch(ctx context.Context, call *llm.Call, provider interface{ Name() string }, yield func(llm.Event, error) bool) error {
	if ctx == nil {
		return llm.Errorf(llm.InvalidRequest, "the context is nil: use context.Background")
	}
	if call != nil && !supports(provider, call.Op) {
		op := strings.ReplaceAll(string(call.Op), "_", " ")
		return llm.Errorf(llm.Unsupported, "this provider cannot %s", op)
	}
	if err := call.Validate(); err != nil {
		return err
	}
	switch call.Op {
	case llm.OpChat:
		if err := refuseDecisions(call.Request); err != nil {
			return err
		}
		call, yield = withWireNames(call, yield)
		return provider.(Chatter).Chat(ctx, call, yield)
	case llm.OpEmbed:
		return provider.(Embedder).Embed(ctx, call, yield)
	case llm.OpCountTokens:
		if err := refuseDecisions(call.Request); err != nil {
			return err
		}
		call, yield = withWireNames(call, yield)
		return provider.(TokenCounter).CountTokens(ctx, call, yield)
	default: // OpListModels: supports knows no other
		return provider.(ModelLister).ListModels(ctx, call, yield)
	}
}

// refuseDecisions returns an error if the request has a decision. A tool loop removes them.
func refuseDecisions(req *llm.Request) error {
	for i, m := range req.Messages {
		for _, part := range m.Parts {
			if d, ok := part.(llm.Decision); ok {
				return llm.Errorf(llm.InvalidRequest, "message %d has a decision about the tool call %q: "+
					"run the call and send its result, or use llm.CloseCalls", i, d.CallID)
			}
		}
	}
	return nil
}

// supports reports whether provider has the method for an operation.
func supports(provider any, op llm.Op) (ok bool) {
	switch op {
	case llm.OpChat:
		_, ok = provider.(Chatter)
	case llm.OpEmbed:
		_, ok = provider.(Embedder)
	case llm.OpCountTokens:
		_, ok = provider.(TokenCounter)
	case llm.OpListModels:
		_, ok = provider.(ModelLister)
	}
	return ok
}

// named returns err with the names of the provider, the model and the operation, if it is an
// *llm.Error that lacks them.
func named(err error, call *llm.Call, provider interface{ Name() string }) error {
	e, ok := err.(*llm.Error)
	if !ok || e == nil || e.Provider != "" && e.Model != "" && e.Op != "" {
		return err
	}
	complete := *e // errors must not be modified
	if complete.Provider == "" {
		complete.Provider = provider.Name()
	}
	if call != nil && complete.Model == "" {
		complete.Model = call.Model
	}
	if call != nil && complete.Op == "" {
		complete.Op = call.Op
	}
	return &complete
}
