package llmtest

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/parley-llm/parley/llm"
)

// Provider is a provider that answers from a script and remembers what it was
// asked. It is safe for concurrent use, though with several calls at once it
// is a matter of chance which gets which reply.
type Provider struct {
	name   string
	script []Reply
	always bool // the first reply answers every call

	mu    sync.Mutex
	calls []*llm.Call
}

// New returns a provider that answers its calls with the replies, one after
// another. A call beyond the last is an error. With no replies at all it
// answers every call with an [Echo].
func New(replies ...Reply) *Provider {
	if len(replies) == 0 {
		return Always(Echo())
	}
	return &Provider{name: "llmtest", script: slices.Clone(replies)}
}

// Always returns a provider that answers every call with the same reply.
func Always(reply Reply) *Provider {
	return &Provider{name: "llmtest", script: []Reply{reply}, always: true}
}

// Named changes the provider's name from "llmtest", and returns the provider.
// Call it before the provider is used.
func (p *Provider) Named(name string) *Provider {
	p.name = name
	return p
}

// Name returns the provider's name.
func (p *Provider) Name() string { return p.name }

// Model returns a model of this provider. Its name is "scripted" unless
// [llm.WithName] is among the options.
func (p *Provider) Model(options ...llm.ModelOption) *llm.Model {
	return llm.New(p, modelName, options...)
}

// modelName is the name of the model that [Provider.Model] returns.
const modelName = "scripted"

// Do answers a call of any kind with the next reply. As with every provider,
// nothing happens before the events are ranged over, and each range is a call.
func (p *Provider) Do(ctx context.Context, call *llm.Call) llm.Events {
	return func(yield func(llm.Event, error) bool) {
		if err := llm.FromContext(ctx); err != nil {
			yield(llm.Event{}, err)
			return
		}
		reply, n, err := p.take(call)
		if err != nil {
			yield(llm.Event{}, err)
			return
		}
		reply.play(ctx, call, n, yield)
	}
}

// take records the call and returns its reply and its number, counted from 1.
func (p *Provider) take(call *llm.Call) (reply Reply, n int, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls = append(p.calls, copyCall(call))
	n = len(p.calls)
	place := n - 1
	if p.always {
		place = 0
	}
	if place >= len(p.script) {
		return reply, n, p.misuse(call, "call %d has no reply: the script has %d", n, len(p.script))
	}
	reply = p.script[place]
	if reply.op != "" && reply.op != call.Op {
		return reply, n, p.misuse(call, "call %d is %q, but the reply that the script has for it answers %q", n, call.Op, reply.op)
	}
	return reply, n, nil
}

// misuse is the error of a script that does not fit. Its kind is one that is
// not worth another try.
func (p *Provider) misuse(call *llm.Call, format string, args ...any) error {
	return &llm.Error{
		Kind: llm.InvalidRequest, Provider: p.name, Model: call.Model, Op: call.Op,
		Message: "llmtest: " + fmt.Sprintf(format, args...),
	}
}

// Calls returns copies of the calls received so far, oldest first. What a
// program does to its messages after a call does not show in them.
func (p *Provider) Calls() []*llm.Call {
	p.mu.Lock()
	defer p.mu.Unlock()
	calls := make([]*llm.Call, len(p.calls))
	for i, call := range p.calls {
		calls[i] = copyCall(call)
	}
	return calls
}

// Remaining returns the number of replies that no call has asked for yet.
func (p *Provider) Remaining() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.always {
		return 0
	}
	return max(0, len(p.script)-len(p.calls))
}

// copyCall copies a call down to its messages' parts.
func copyCall(call *llm.Call) *llm.Call {
	clone := call.Clone()
	if r := clone.Request; r != nil {
		r.Messages = slices.Clone(r.Messages)
		for i := range r.Messages {
			r.Messages[i].Parts = slices.Clone(r.Messages[i].Parts)
		}
		r.Tools = slices.Clone(r.Tools)
		r.Stop = slices.Clone(r.Stop)
		r.Options = slices.Clone(r.Options)
	}
	if e := clone.Embed; e != nil {
		e.Inputs = slices.Clone(e.Inputs)
		e.Options = slices.Clone(e.Options)
	}
	return clone
}
