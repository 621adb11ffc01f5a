package gemini

import (
	"context"
	"encoding/json"

	"github.com/parley-llm/parley/internal/offline"
	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
)

// CountBy selects where the tokens of a request are counted.
type CountBy string

// The values of CountBy.
const (
	// CountOffline estimates the tokens in this process, without the network. The count is
	// not exact, because Gemini's vocabulary is not public. See
	// [github.com/parley-llm/parley/llm/tokens.CountRequest]. This is the default.
	CountOffline CountBy = ""
	// CountRemote sends a request to the server's countTokens method. The count is exact and
	// includes the system instruction, the tools and media. On Vertex AI it does not include
	// Options.CachedContent, and is then not exact.
	CountRemote CountBy = "remote"
)

func (p *Provider) countTokens(ctx context.Context, call *llm.Call, yield func(llm.Event, error) bool) error {
	switch by := llmutil.OptionsFor[Options](call.Request.Options).CountBy; by {
	case CountOffline:
		return offline.Count(ctx, withoutFormat(call), p.name, nil, yield)
	case CountRemote:
		return p.countRemote(ctx, call, yield)
	default:
		return p.fail(call, llm.InvalidRequest, "unknown Options.CountBy %q: use gemini.CountOffline or gemini.CountRemote", by)
	}
}

// withoutFormat returns the call without its JSON schema. Gemini does not count the schema: in
// recorded replies, the usage is that of the texts alone.
func withoutFormat(call *llm.Call) *llm.Call {
	req := *call.Request
	req.Format = nil
	whole := *call
	whole.Request = &req
	return &whole
}

// counted is the reply of countTokens: https://ai.google.dev/api/tokens#response-body
type counted struct {
	provider.Failure
	Total *int `json:"totalTokens"`
}

// vertexCount has the members of a chat request that countTokens of Vertex AI accepts.
// https://cloud.google.com/vertex-ai/docs/reference/rest/v1beta1/projects.locations.publishers.models/countTokens
type vertexCount struct {
	Contents          json.RawMessage `json:"contents"`
	SystemInstruction json.RawMessage `json:"systemInstruction,omitempty"`
	Tools             json.RawMessage `json:"tools,omitempty"`
	GenerationConfig  json.RawMessage `json:"generationConfig,omitempty"`
}

// countRemote counts tokens with the server's countTokens method. The Gemini API accepts a
// whole chat request as generateContentRequest; with contents alone, it would not count the
// system instruction and the tools. Vertex AI accepts the members at the top level.
func (p *Provider) countRemote(ctx context.Context, call *llm.Call, yield func(llm.Event, error) bool) error {
	b, err := p.buildChat(call)
	if err != nil {
		return err
	}
	resource, err := p.modelPath(call)
	if err != nil {
		return err
	}
	if !p.vertex {
		b.body.Model = resource
	}
	chat, err := p.marshal(call, &b.body, b.options.Extra)
	if err != nil {
		return err
	}
	var body []byte
	if p.vertex {
		var counts vertexCount
		if err = json.Unmarshal(chat, &counts); err == nil {
			body, err = json.Marshal(&counts)
		}
	} else {
		body, err = json.Marshal(map[string]json.RawMessage{"generateContentRequest": chat})
	}
	if err != nil {
		return p.fail(call, llm.InvalidRequest, "cannot encode the request as JSON: %v", err)
	}
	url, err := p.modelURL(call, "countTokens")
	if err != nil {
		return err
	}
	var got counted
	r, err := p.value(ctx, call, url, body, &got)
	if err != nil {
		return err
	}
	defer r.Close()
	if got.Total == nil || *got.Total < 0 {
		return r.Fail(llm.Protocol, "the reply has no valid totalTokens")
	}
	count := &llm.TokenCount{Tokens: *got.Total, Exact: true, Source: p.title() + "'s countTokens"}
	if p.vertex && b.body.CachedContent != "" {
		count.Exact, count.Source = false, count.Source+"; without the cached content"
	}
	provider.Result(r, call.Model, count, llm.Usage{}, yield)
	return nil
}
