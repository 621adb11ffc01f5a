package anthropic

import (
	"context"

	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/llm"
)

// CountBy selects who counts the tokens of a request.
type CountBy string

// The values of [Options.CountBy].
const (
	// CountRemote asks the server. Its count is free, and an estimate. It is the default.
	CountRemote CountBy = ""
	// CountOffline estimates in this process, without the network, from the length of the
	// texts: Claude's vocabulary is not public. It is used for servers that do not count.
	CountOffline CountBy = "offline"
)

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

// countTokens counts as the options say.
func (p *Provider) countTokens(ctx context.Context, call *llm.Call, yield func(llm.Event, error) bool) error {
	b, err := p.build(call)
	if err != nil {
		return err
	}
	switch by := b.options.CountBy; {
	case by == CountOffline || by == CountRemote && p.facts.noCount:
		if err := ctx.Err(); err != nil {
			return err // as from a server
		}
		count := estimate(call.Request, &b.family)
		provider.LocalResult(p.name, call, &count, yield)
		return nil
	case by != CountRemote:
		return p.fail(call, llm.InvalidRequest, "Options.CountBy is %q: use anthropic.CountRemote or anthropic.CountOffline", by)
	}
	return p.countRemote(ctx, b, yield)
}

// countRemote asks the server's token counter.
func (p *Provider) countRemote(ctx context.Context, b *requestBuilder, yield func(llm.Event, error) bool) error {
	b.body.Model = b.call.Model // Vertex AI's counter has no model in its path
	body, err := b.marshal()
	if err == nil {
		body, err = provider.Merge(body, uncounted)
	}
	if err != nil {
		return err
	}
	var got counted
	r, err := p.with(b.options.Betas).Value(ctx, b.call, p.countPath(), body, &got)
	if err != nil {
		return err
	}
	defer r.Close()
	if got.Tokens == nil || *got.Tokens < 0 {
		return r.ReplyError(llm.Protocol, "the reply has no token count")
	}
	count := &llm.TokenCount{Tokens: *got.Tokens, Source: "the server's count_tokens"}
	provider.Result(r, b.call.Model, count, llm.Usage{}, yield, b.warnings...)
	return nil
}
