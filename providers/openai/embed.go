package openai

import (
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
	result := &llm.EmbedResponse{Model: string(got.Model), Vectors: make([][]float32, len(call.Embed.Inputs)), Usage: got.Usage.convert()}
	surplus := false
	for i, d := range got.Data {
		if index, err := strconv.Atoi(string(d.Index)); err == nil { // otherwise the order is that of the inputs
			i = index
		}
		if i < 0 || i >= len(result.Vectors) || result.Vectors[i] != nil {
			surplus = true
			continue
		}
		result.Vectors[i] = d.Vector
	}
	if surplus && !slices.ContainsFunc(result.Vectors, func(v []float32) bool { return v == nil }) {
		return r.ReplyError(llm.Protocol, fmt.Sprintf("the reply has %d vectors for %d inputs", len(got.Data), len(result.Vectors)))
	}
	return provider.Embeddings(r, call.Embed, result, yield)
}
