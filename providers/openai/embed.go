package openai

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/internal/stream"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
)

// embeddings is the reply to a request for embeddings.
// https://platform.openai.com/docs/api-reference/embeddings/create
type embeddings struct {
	provider.ErrorMember
	Model stream.Scalar `json:"model"`
	Data  provider.List[struct {
		Index  stream.Scalar   `json:"index"`
		Vector provider.Vector `json:"embedding"`
	}] `json:"data"`
	Usage embedUsage `json:"usage"`
}

// embedUsage is the usage of embeddings, which have no output. Some servers report the total
// only. Members of an unexpected type count as absent.
type embedUsage struct{ usage }

var usageDecoder = stream.NewDecoder[usage]()

// UnmarshalJSON takes any value.
func (u *embedUsage) UnmarshalJSON(data []byte) error {
	if usageDecoder.Decode(data, &u.usage, new(stream.Text)) != nil {
		u.usage = usage{}
	}
	return nil
}

func (u *embedUsage) convert() llm.Usage {
	if u.Prompt == nil && u.usage.Input == nil {
		u.Prompt = u.Total
	}
	return u.usage.convert()
}

// embedLimits are the limits of a request, unless the quirks have others. They are OpenAI's:
// https://platform.openai.com/docs/api-reference/embeddings/create
var embedLimits = provider.EmbedLimits{Inputs: 2048, Tokens: 300_000}

func (p *Provider) embed(ctx context.Context, call *llm.Call, yield func(llm.Event, error) bool) error {
	limits := provider.EmbedLimits{
		Inputs: cmp.Or(p.quirks.EmbedInputs, embedLimits.Inputs), Tokens: cmp.Or(p.quirks.EmbedTokens, embedLimits.Tokens),
	}
	got, err := provider.Embed(ctx, call, limits, func(ctx context.Context, texts []string) (*provider.EmbedBatch, error) {
		return p.embedBatch(ctx, call, texts)
	})
	if err != nil {
		return err
	}
	return provider.Embeddings(got.Reply, call.Embed, &llm.EmbedResponse{Model: got.Model, Vectors: got.Vectors, Usage: got.Usage}, yield)
}

// embedBatch sends one request for embeddings.
func (p *Provider) embedBatch(ctx context.Context, call *llm.Call, texts []string) (*provider.EmbedBatch, error) {
	body, err := p.marshalEmbed(call, texts)
	if err != nil {
		return nil, err
	}
	var got embeddings
	req, err := p.request(ctx, call, p.url(embedPath, call.Model), body, p.headers.json)
	if err != nil {
		return nil, err
	}
	r, err := provider.Value(ctx, p.client, req, &got)
	if err != nil {
		return nil, err
	}
	defer r.Close() // its headers remain readable
	vectors := make([][]float32, len(texts))
	surplus := false
	for i, d := range got.Data {
		if index, err := strconv.Atoi(string(d.Index)); err == nil { // otherwise the order is that of the inputs
			i = index
		}
		if i < 0 || i >= len(vectors) || vectors[i] != nil {
			surplus = true
			continue
		}
		vectors[i] = d.Vector
	}
	if surplus && !slices.ContainsFunc(vectors, func(v []float32) bool { return v == nil }) {
		return nil, r.ReplyError(llm.Protocol, fmt.Sprintf("the reply has %d vectors for %d inputs", len(got.Data), len(vectors)))
	}
	return &provider.EmbedBatch{Reply: r, Model: string(got.Model), Vectors: vectors, Usage: got.Usage.convert()}, nil
}

// marshalEmbed returns the body of a request for embeddings.
func (p *Provider) marshalEmbed(call *llm.Call, texts []string) ([]byte, error) {
	options := llmutil.OptionsFor[Options](call.Embed.Options)
	body, err := json.Marshal(&embedBody{
		Model:          call.Model,
		Input:          texts,
		EncodingFormat: "float",
		Dimensions:     call.Embed.Dimensions,
		User:           options.User,
	})
	if err == nil {
		body, err = provider.Merge(body, options.EmbedExtra)
	}
	if err != nil {
		return nil, p.fail(call, llm.InvalidRequest, "the request cannot be encoded as JSON: check Options.EmbedExtra: %v", err)
	}
	return body, nil
}
