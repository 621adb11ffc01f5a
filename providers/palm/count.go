package palm

import (
	"context"
	"encoding/json"

	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/llm"
)

// CountTokens counts the tokens of a chat's prompt. The server counts them, so the result
// is exact.
func (p operations) CountTokens(ctx context.Context, call *llm.Call, yield func(llm.Event, error) bool) error {
	b := p.newRequest(call)
	if p.vertex || b.text {
		return p.fail(call, llm.Unsupported, "PaLM counts tokens only for chat models of the Generative Language API")
	}
	chat, err := b.chat()
	if err != nil {
		return err
	}
	body, err := json.Marshal(map[string]any{"prompt": chat})
	if err != nil {
		return p.fail(call, llm.InvalidRequest, "encode the request as JSON: %v", err)
	}
	req, err := p.request(ctx, call, "countMessageTokens", body)
	if err != nil {
		return err
	}
	var got struct {
		provider.ErrorMember
		Count *int `json:"tokenCount"`
	}
	r, err := provider.Value(ctx, p.client, req, &got)
	if err != nil {
		return err
	}
	defer r.Close()
	if got.Count == nil || *got.Count < 0 {
		return r.ReplyError(llm.Protocol, "the reply has no valid tokenCount")
	}
	provider.Result(r, "", &llm.TokenCount{Tokens: *got.Count, Exact: true, Source: "PaLM countMessageTokens"}, llm.Usage{}, yield)
	return nil
}
