package llamacpp

import (
	"context"

	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/internal/stream"
	"github.com/parley-llm/parley/llm"
)

// answer sends the request and reads the reply. It returns an error that has not been
// yielded.
func (p *Provider) answer(ctx context.Context, b *completion, yield func(llm.Event, error) bool) error {
	body, err := p.marshalCompletion(b)
	if err != nil {
		return err
	}
	r, err := p.server.Do(ctx, b.call, "/completion", body)
	if err != nil {
		return err
	}
	defer r.Close()
	a := &answer{provider.Answer{
		Reply: r, Request: b.call.Request, Warnings: b.warnings, Yield: yield,
		CanContinue: canContinue(b.call.Request, b.options),
	}}
	return a.Failed(provider.ReadChat(&a.Answer, completionDialect, a), llm.Usage{}) // the usage is in the last frame
}

// completionDialect describes the replies of /completion. Members under Ignore are used
// only in the last frame, which is not plain.
var completionDialect = &provider.Dialect[chunk, struct{}]{
	Decoder: stream.NewDecoder[chunk](),
	Spec: &stream.Spec{
		Delta:  []string{"content"},
		Ignore: []string{"tokens.0", "tokens_predicted"},
	},
}

// answer turns the chunks of a completion into events. It is a [provider.Handler].
type answer struct {
	provider.Answer
}

// Plain implements [provider.Handler].
func (a *answer) Plain(c *chunk) (_ struct{}, text string, ok bool) {
	if c.Content == nil {
		return struct{}{}, "", false
	}
	rest := *c
	rest.Content, rest.Model, rest.Predicted, rest.Prompt = nil, "", nil, nil
	return struct{}{}, string(*c.Content), *c.Content != "" && stream.IsZero(&rest)
}

// Piece implements [provider.Handler].
func (a *answer) Piece(_ struct{}, text string, _ []byte) { a.EmitText(llm.EventText, text) }

// Chunk implements [provider.Handler].
func (a *answer) Chunk(c *chunk, from provider.Origin) (done bool, err error) {
	switch {
	case c.Failed() != nil:
		return false, a.Reply.APIError(c.Error, llm.Server)
	case from.Bare: // a JSON value in place of an event
		return false, a.Reply.APIError(from.Data, llm.Protocol)
	case c.Content == nil && !c.Stop:
		if err := a.Reply.FindError(from.Data, llm.Server); err != nil {
			return false, err
		}
		return false, a.Reply.ReplyError(llm.Protocol, "the reply has a JSON value that is not a piece of an answer; is this llama.cpp's server?"+a.Reply.Quote(from.Data))
	}
	a.Start("", c.Model)
	if c.Content != nil {
		a.EmitText(llm.EventText, string(*c.Content))
	}
	if len(c.Probabilities) > 0 {
		a.EmitLogprobs(a.logprobs(c))
	}
	if c.Stop {
		if err := a.FinishError(c.StopType); err != nil {
			return false, err
		}
		a.Done(&llm.Done{FinishReason: provider.FinishReason(c.StopType), RawFinishReason: c.StopType, Usage: c.usage()})
	}
	return c.Stop, nil
}

// End implements [provider.Handler]. A chunk with stop:true completes an answer, not the end
// of the reply.
func (a *answer) End(why provider.Ending) error {
	switch {
	case why.Failure != nil:
		return why.Failure
	case why.Whole:
		return a.Reply.ReplyError(llm.Incomplete, "the reply does not say that the answer has ended")
	}
	return a.Reply.ReplyError(llm.Incomplete, "the stream ended before the server said that the answer had ended")
}

// logprobs returns the probabilities of a chunk's tokens. The server always sends at least
// one alternative. If the request asks for none, it is left out.
func (a *answer) logprobs(c *chunk) []llm.TokenLogprob {
	tokens := provider.ConvertLogprobs(c.Probabilities)
	if a.Request.TopLogprobs == 0 {
		for i := range tokens {
			tokens[i].Top = nil
		}
	}
	return tokens
}
