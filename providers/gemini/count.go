package gemini

import (
	"context"
	"encoding/json"

	"github.com/parley-llm/parley/internal/offline"
	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
)

// CountBy selects who counts the tokens of a request.
type CountBy string

// The values of [Options.CountBy].
const (
	// CountOffline estimates in this process, without the network, because Gemini's
	// vocabulary is not public. See [github.com/parley-llm/parley/llm/tokens.CountRequest].
	// It is the default.
	CountOffline CountBy = ""
	// CountRemote asks the server, which also counts the system instruction, tools and
	// media. The count is exact, except that Vertex AI does not count cached content.
	CountRemote CountBy = "remote"
)

func (p operations) CountTokens(ctx context.Context, call *llm.Call, yield func(llm.Event, error) bool) error {
	switch by := llmutil.OptionsFor[Options](call.Request.Options).CountBy; by {
	case CountOffline:
		return offline.Count(ctx, withoutFormat(call), p.name, nil, yield)
	case CountRemote:
		return p.countRemote(ctx, call, yield)
	default:
		return p.fail(call, llm.InvalidRequest, "Options.CountBy is %q: use gemini.CountOffline or gemini.CountRemote", by)
	}
}

// withoutFormat returns the call without its JSON schema. Gemini does not count the schema:
// in recorded replies, the usage is the same as without it.
func withoutFormat(call *llm.Call) *llm.Call {
	req := *call.Request
	req.Format = nil
	whole := *call
	whole.Request = &req
	return &whole
}

// counted is the reply of the token counter.
// https://ai.google.dev/api/tokens#response-body
type counted struct {
	provider.ErrorMember
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

// countRemote asks the server's token counter. The Gemini API counts the system instruction
// and the tools only if the request is in the member generateContentRequest. Vertex AI has
// the members of the request at the top level.
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
		if err = json.Unmarshal(chat, &counts); err == nil { // cannot fail for JSON of this process
			body, err = json.Marshal(&counts)
		}
	} else {
		body, err = json.Marshal(map[string]json.RawMessage{"generateContentRequest": chat})
	}
	if err != nil {
		return p.fail(call, llm.InvalidRequest, "the request cannot be encoded as JSON: check Options: %v", err)
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
		return r.ReplyError(llm.Protocol, "the reply has no token count")
	}
	count := &llm.TokenCount{Tokens: *got.Total, Exact: true, Source: p.title() + "'s countTokens"}
	if p.vertex && b.body.CachedContent != "" {
		count.Exact, count.Source = false, count.Source+"; without the cached content"
	}
	provider.Result(r, call.Model, count, llm.Usage{}, yield)
	return nil
}
