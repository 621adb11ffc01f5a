package gemini

import (
	"context"
	"encoding/json"

	"github.com/parley-llm/parley/internal/offline"
	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
)

// CountBy says who counts the tokens of a request.
type CountBy string

// Who counts tokens.
const (
	// CountOffline estimates in this process and uses no network, see
	// [github.com/parley-llm/parley/llm/tokens.CountRequest]: Gemini's vocabulary is not public. It is the default.
	CountOffline CountBy = ""
	// CountRemote asks the server, which counts the system instruction, the tools
	// and media as well. The count is exact, but for a cached content on Vertex AI,
	// which is not counted there.
	CountRemote CountBy = "remote"
)

func (p *Provider) countTokens(ctx context.Context, call *llm.Call, yield func(llm.Event, error) bool) error {
	switch by := llmutil.OptionsFor[Options](call.Request.Options).CountBy; by {
	case CountOffline:
		return offline.Count(ctx, withoutFormat(call), p.name, nil, yield)
	case CountRemote:
		return p.countRemote(ctx, call, yield)
	default:
		return p.fail(call, llm.InvalidRequest, "Options.CountBy is %q: use one of the constants of gemini.CountBy", by)
	}
}

// withoutFormat returns the call without its JSON schema, which Gemini does not
// count: recorded replies to requests with one report no more than their texts.
func withoutFormat(call *llm.Call) *llm.Call {
	req := *call.Request
	req.Format = nil
	whole := *call
	whole.Request = &req
	return &whole
}

// counted is the reply of the counter.
// https://ai.google.dev/api/tokens#response-body
type counted struct {
	provider.Failure
	Total *int `json:"totalTokens"`
}

// vertexCount are the members of a chat request that Vertex AI counts.
// https://cloud.google.com/vertex-ai/docs/reference/rest/v1beta1/projects.locations.publishers.models/countTokens
type vertexCount struct {
	Contents          json.RawMessage `json:"contents"`
	SystemInstruction json.RawMessage `json:"systemInstruction,omitempty"`
	Tools             json.RawMessage `json:"tools,omitempty"`
	GenerationConfig  json.RawMessage `json:"generationConfig,omitempty"`
}

// countRemote asks the server's counter. The Gemini API counts a whole request
// under a name of its own, where the contents alone would leave out the system
// instruction and the tools; Vertex AI takes the same members side by side.
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
		if err = json.Unmarshal(chat, &counts); err == nil { // of what has just been written
			body, err = json.Marshal(&counts)
		}
	} else {
		body, err = json.Marshal(map[string]json.RawMessage{"generateContentRequest": chat})
	}
	if err != nil {
		return p.fail(call, llm.InvalidRequest, "the request cannot be written as JSON: %v", err)
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
		return r.Fail(llm.Protocol, "the reply has no number of tokens")
	}
	count := &llm.TokenCount{Tokens: *got.Total, Exact: true, Source: p.title() + "'s countTokens"}
	if p.vertex && b.body.CachedContent != "" {
		count.Exact, count.Source = false, count.Source+"; without the cached content"
	}
	provider.Result(r, call.Model, count, llm.Usage{}, yield)
	return nil
}
