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

// embedLimits keep a request short enough for the limit on the first event: the server has no
// limit, and answers when it has computed all vectors.
var embedLimits = provider.EmbedLimits{Inputs: 512, Tokens: 200_000}

func (p operations) Embed(ctx context.Context, call *llm.Call, yield func(llm.Event, error) bool) error {
	got, err := provider.Embed(ctx, call, embedLimits, func(ctx context.Context, texts []string) (*provider.EmbedBatch, error) {
		body, err := p.marshalEmbed(call, texts)
		if err != nil {
			return nil, err
		}
		var got embeddings
		r, err := p.server.Value(ctx, call, "/api/embed", body, &got)
		if err != nil {
			return nil, err
		}
		defer r.Close() // its headers remain readable
		return &provider.EmbedBatch{Reply: r, Model: got.Model, Vectors: provider.Vectors(got.Vectors), Usage: llm.Usage{Input: provider.Reported(got.PromptEval)}}, nil
	})
	if err != nil {
		return err
	}
	return provider.Embeddings(got.Reply, call.Embed, &llm.EmbedResponse{Model: got.Model, Vectors: got.Vectors, Usage: got.Usage}, yield)
}

func (p *Provider) marshalEmbed(call *llm.Call, texts []string) ([]byte, error) {
	o := llmutil.OptionsFor[Options](call.Embed.Options)
	body := embedBody{
		Model:      call.Model,
		Input:      texts,
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
