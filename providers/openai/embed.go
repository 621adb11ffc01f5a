package openai

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
)

// embeddings is the reply to a request for embeddings.
// https://platform.openai.com/docs/api-reference/embeddings/create
type embeddings struct {
	provider.Failure
	Model string `json:"model"`
	Data  provider.List[struct {
		Index  *int            `json:"index"`
		Vector provider.Vector `json:"embedding"`
	}] `json:"data"`
	Usage *usage `json:"usage"`
}

func (p *Provider) embed(ctx context.Context, call *llm.Call, yield func(llm.Event, error) bool) error {
	options := llmutil.OptionsFor[Options](call.Embed.Options)
	body, err := json.Marshal(&embedBody{
		Model:          call.Model,
		Input:          call.Embed.Inputs,
		EncodingFormat: "float",
		Dimensions:     call.Embed.Dimensions,
		User:           options.User,
	})
	if err == nil {
		body, err = provider.Merge(body, options.EmbedExtra)
	}
	if err != nil {
		return p.fail(call, llm.InvalidRequest, "the request cannot be encoded as JSON: check Options.EmbedExtra: %v", err)
	}
	var got embeddings
	req, err := p.request(ctx, call, p.url(embedPath, call.Model), body, p.headers.json)
	if err != nil {
		return err
	}
	r, err := provider.Value(ctx, p.client, req, &got)
	if err != nil {
		return err
	}
	defer r.Close()
	result := &llm.EmbedResponse{Model: got.Model, Vectors: make([][]float32, len(call.Embed.Inputs))}
	surplus := false
	for i, d := range got.Data {
		if d.Index != nil { // otherwise the order is that of the inputs
			i = *d.Index
		}
		if i < 0 || i >= len(result.Vectors) || result.Vectors[i] != nil {
			surplus = true
			continue
		}
		result.Vectors[i] = d.Vector
	}
	if surplus && !slices.ContainsFunc(result.Vectors, func(v []float32) bool { return v == nil }) {
		return r.Fail(llm.Protocol, fmt.Sprintf("the reply has %d vectors for %d inputs", len(got.Data), len(result.Vectors)))
	}
	if got.Usage != nil {
		result.Usage = got.Usage.convert()
	}
	return provider.Embeddings(r, call.Embed, result, yield)
}
