package llmtest

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/parley-llm/parley/llm"
)

// Provider answers from a script and records its calls. It is safe for concurrent use. The
// order in which concurrent calls get the replies is not defined.
type Provider struct {
	name   string
	script []Reply
	always bool // the first reply answers every call

	mu    sync.Mutex
	calls []*llm.Call
	taken int // the number of calls that asked for a reply
}

// New returns a provider that answers its calls with the replies, in order. A call after the
// last reply fails with kind [llm.InvalidRequest]. Without replies, the provider answers
// every chat with [Echo].
//
// A token count takes a reply only if the next one is a [Count], or is for any operation:
// [Error], [Events] or [Func]. Otherwise the answer is an estimate, and the reply stays for
// the next call. So a script has no replies for the token counts of middleware, for example
// of a Budget.
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

// Named sets the name of the provider, and returns the provider. The default is "llmtest".
// Call Named before the first call.
func (p *Provider) Named(name string) *Provider {
	p.name = name
	return p
}

// Name returns the name of the provider.
func (p *Provider) Name() string { return p.name }

// Model returns a model of this provider. The default name is "scripted". Set another one with
// [llm.WithName].
func (p *Provider) Model(options ...llm.ModelOption) *llm.Model {
	return llm.New(p, modelName, options...)
}

// modelName is the name of the model that [Provider.Model] returns.
const modelName = "scripted"

// Do answers a call of any operation with the next reply. [New] describes the exception for
// token counts. Each range over the events is a separate call.
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

// take records the call and returns its reply and its number, counted from 1. Token counts
// that are estimated have no number.
func (p *Provider) take(call *llm.Call) (reply Reply, n int, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls = append(p.calls, copyCall(call))
	place := p.taken
	if p.always {
		place = 0
	}
	var next Reply
	has := place < len(p.script)
	if has {
		next = p.script[place]
	}
	other := has && next.op != "" && next.op != call.Op
	if call.Op == llm.OpCountTokens && (!has || other) {
		return estimate(call), 0, nil
	}
	p.taken++
	n, reply = p.taken, next
	switch {
	case !has:
		return reply, n, p.misuse(call, "call %d (%s) has no reply: the script has %d; add a reply to llmtest.New", n, call.Op, len(p.script))
	case other:
		return reply, n, p.misuse(call, "call %d is %q, but its reply is for %q: change the order of the replies", n, call.Op, reply.op)
	}
	return reply, n, nil
}

// estimate answers a token count that has no reply in the script: a token for four bytes of
// text.
func estimate(call *llm.Call) Reply {
	bytes := 0
	if call.Request != nil {
		for _, m := range call.Request.Messages {
			bytes += len(m.Text())
		}
	}
	return result(llm.OpCountTokens, &llm.TokenCount{Tokens: (bytes + 3) / 4, Source: "llmtest: estimate from the length of the text"})
}

// misuse returns the error for a call that does not match the script. The kind is not
// temporary, so that the call is not repeated.
func (p *Provider) misuse(call *llm.Call, format string, args ...any) error {
	return &llm.Error{
		Kind: llm.InvalidRequest, Provider: p.name, Model: call.Model, Op: call.Op,
		Message: "llmtest: " + fmt.Sprintf(format, args...),
	}
}

// Calls returns copies of the calls so far, oldest first, including token counts that
// middleware makes. Later changes of the messages by the
// program do not affect them.
func (p *Provider) Calls() []*llm.Call {
	p.mu.Lock()
	defer p.mu.Unlock()
	calls := make([]*llm.Call, len(p.calls))
	for i, call := range p.calls {
		calls[i] = copyCall(call)
	}
	return calls
}

// Remaining returns the number of replies that have not been used yet.
func (p *Provider) Remaining() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.always {
		return 0
	}
	return max(0, len(p.script)-p.taken)
}

// copyCall returns a copy of a call, including messages and their parts.
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
