package openai

import (
	"context"

	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/llm"
)

// uncounted are the members of a body that the token counter rejects.
var uncounted = map[string]any{
	"store": nil, "background": nil, "stream": nil, "include": nil, "max_output_tokens": nil, "temperature": nil, "top_p": nil,
	"top_k": nil, "top_logprobs": nil, "user": nil, "safety_identifier": nil, "service_tier": nil, "prompt_cache_key": nil, "metadata": nil,
	"chat_template_kwargs": nil,
}

// countByResponses asks the token counter of the Responses API.
// https://platform.openai.com/docs/api-reference/responses/input-tokens
func (p *Provider) countByResponses(ctx context.Context, call *llm.Call, yield func(llm.Event, error) bool) error {
	if p.byDeployment() {
		return p.fail(call, llm.Unsupported, "Azure counts tokens only in its v1 API: leave Config.AzureAPIVersion empty")
	}
	api, err := p.api(call)
	if err != nil {
		return err
	}
	b, err := p.buildResponses(call, concessions{})
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
	r, err := p.post(ctx, call, p.url("/responses/input_tokens", call.Model), body, &got)
	if err != nil {
		return err
	}
	source := string(p.config.Server) + " /responses/input_tokens"
	if api != APIResponses {
		source += ", which counts for the Responses API"
	}
	return finishCount(r, call.Model, got.InputTokens, api == APIResponses, source, yield)
}
