package anthropic

import (
	"context"

	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/llm"
)

const countPath = messagesPath + "/count_tokens"

// counted is the reply of the token counter.
// https://platform.claude.com/docs/en/build-with-claude/token-counting
type counted struct {
	provider.ErrorMember
	Tokens *int `json:"input_tokens"`
}

// uncounted are the members of a chat's body that the token counter rejects.
var uncounted = map[string]any{
	"max_tokens": nil, "stream": nil, "stop_sequences": nil, "temperature": nil, "top_p": nil, "top_k": nil,
	"metadata": nil, "service_tier": nil, "container": nil, "inference_geo": nil,
}

// countTokens asks the server's token counter. The count is free and an estimate.
func (p *Provider) countTokens(ctx context.Context, call *llm.Call, yield func(llm.Event, error) bool) error {
	b, err := p.build(call)
	if err != nil {
		return err
	}
	body, err := b.marshal()
	if err == nil {
		body, err = provider.Merge(body, uncounted)
	}
	if err != nil {
		return err
	}
	var got counted
	r, err := p.with(b.options.Betas).Value(ctx, call, countPath, body, &got)
	if err != nil {
		return err
	}
	defer r.Close()
	if got.Tokens == nil || *got.Tokens < 0 {
		return r.ReplyError(llm.Protocol, "the reply has no token count")
	}
	count := &llm.TokenCount{Tokens: *got.Tokens, Source: "the server's count_tokens"}
	provider.Result(r, call.Model, count, llm.Usage{}, yield, b.warnings...)
	return nil
}
