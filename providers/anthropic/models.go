package anthropic

import (
	"context"
	"net/url"

	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/llm"
)

// modelList is a page of the list of models.
// https://platform.claude.com/docs/en/api/models-list
type modelList struct {
	provider.ErrorMember
	Data    provider.List[model] `json:"data"`
	HasMore bool                 `json:"has_more"`
	LastID  string               `json:"last_id"`
}

type model struct {
	ID        string        `json:"id"`
	Name      string        `json:"display_name"`
	Created   provider.Time `json:"created_at"`
	MaxInput  int           `json:"max_input_tokens"`
	MaxOutput int           `json:"max_tokens"`
}

// maxPages limits the requests to a server whose list does not end.
const maxPages = 100

// maxLastID limits the length of the id that is sent back in the URL of the next page.
const maxLastID = 8 << 10

// listModels requests all pages of the list.
func (p *Provider) listModels(ctx context.Context, call *llm.Call, yield func(llm.Event, error) bool) error {
	if p.facts.noList {
		return p.fail(call, llm.Unsupported, "%s has no list of models in this dialect: read its documentation", p.facts.title)
	}
	const address = "/v1/models?limit=1000"
	list := &llm.ModelList{Models: []llm.ModelInfo{}}
	page := address
	for range maxPages {
		var got modelList
		r, err := p.server.Value(ctx, call, page, nil, &got)
		if err != nil {
			return err
		}
		r.Close() // its headers remain readable
		if got.Data == nil && len(list.Models) == 0 {
			return r.ReplyError(llm.Protocol, "the reply has no list of models")
		}
		for _, m := range got.Data {
			list.Models = append(list.Models, llm.ModelInfo{
				Provider: p.name, Name: m.ID, DisplayName: m.Name, Created: m.Created.Time, ContextWindow: m.MaxInput, MaxOutput: m.MaxOutput,
			})
		}
		if len(got.LastID) > maxLastID {
			return r.ReplyError(llm.Protocol, "the id of the last model in the reply is too long")
		}
		if !got.HasMore || got.LastID == "" {
			provider.Result(r, "", list, llm.Usage{}, yield)
			return nil
		}
		page = address + "&after_id=" + url.QueryEscape(got.LastID)
	}
	return p.fail(call, llm.Protocol, "the list of models has more than %d pages: check the base URL", maxPages)
}
