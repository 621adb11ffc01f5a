package ollama

import (
	"context"
	"encoding/json"

	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
)

// embedBody is the body of a request for embeddings.
// https://github.com/ollama/ollama/blob/main/docs/api.md#generate-embeddings
type embedBody struct {
	Model      string          `json:"model"`
	Input      []string        `json:"input"`
	Truncate   bool            `json:"truncate"`
	Dimensions int             `json:"dimensions,omitempty"`
	KeepAlive  json.RawMessage `json:"keep_alive,omitempty"`
	Options    settings        `json:"options,omitempty"`
}

type embeddings struct {
	provider.ErrorMember
	Model      string                         `json:"model"`
	Vectors    provider.List[provider.Vector] `json:"embeddings"`
	PromptEval *int                           `json:"prompt_eval_count"`
}

func (p operations) Embed(ctx context.Context, call *llm.Call, yield func(llm.Event, error) bool) error {
	body, err := p.marshalEmbed(call)
	if err != nil {
		return err
	}
	var got embeddings
	r, err := p.server.Value(ctx, call, "/api/embed", body, &got)
	if err != nil {
		return err
	}
	defer r.Close()
	result := &llm.EmbedResponse{Model: got.Model, Vectors: provider.Vectors(got.Vectors), Usage: llm.Usage{Input: provider.Reported(got.PromptEval)}}
	return provider.Embeddings(r, call.Embed, result, yield)
}

func (p *Provider) marshalEmbed(call *llm.Call) ([]byte, error) {
	o := llmutil.OptionsFor[Options](call.Embed.Options)
	body := embedBody{
		Model:      call.Model,
		Input:      call.Embed.Inputs,
		Truncate:   o.Truncate != nil && *o.Truncate,
		Dimensions: call.Embed.Dimensions,
		Options:    make(settings),
	}
	body.Options.add(&o)
	var err error
	if body.KeepAlive, err = p.keepAlive(call, o.KeepAlive); err != nil {
		return nil, err
	}
	return p.marshal(call, &body, o.Extra)
}
