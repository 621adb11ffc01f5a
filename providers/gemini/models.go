package gemini

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/llm"
)

// modelList is a page of the list of models.
// https://ai.google.dev/api/models#method:-models.list
// https://cloud.google.com/vertex-ai/docs/reference/rest/v1beta1/publishers.models/list
type modelList struct {
	provider.ErrorMember
	Models    provider.List[model] `json:"models"`          // the Gemini API
	Publisher provider.List[model] `json:"publisherModels"` // Vertex AI
	NextPage  string               `json:"nextPageToken"`
}

type model struct {
	Name        string                `json:"name"`
	DisplayName string                `json:"displayName"`
	InputLimit  int                   `json:"inputTokenLimit"`
	OutputLimit int                   `json:"outputTokenLimit"`
	Methods     provider.List[string] `json:"supportedGenerationMethods"`
	Thinking    bool                  `json:"thinking"`
	Stage       string                `json:"launchStage"` // Vertex AI
}

// maxPages limits the requests to a server whose list does not end.
const maxPages = 100

// maxPageToken limits the length of the token for the next page, which is sent back in a URL.
const maxPageToken = 8 << 10

// ListModels requests all pages of the list.
func (p operations) ListModels(ctx context.Context, call *llm.Call, yield func(llm.Event, error) bool) error {
	address := p.baseURL + "/models?pageSize=1000"
	if p.vertex {
		address = p.baseURL + "/publishers/google/models?pageSize=300"
	}
	list := &llm.ModelList{Models: []llm.ModelInfo{}}
	page := address
	for range maxPages {
		var got modelList
		r, err := p.value(ctx, call, page, nil, &got)
		if err != nil {
			return err
		}
		r.Close() // its headers remain readable
		if got.Models == nil && got.Publisher == nil && len(list.Models) == 0 && got.NextPage == "" {
			return r.ReplyError(llm.Protocol, "the reply has no list of models")
		}
		list.Models = slices.Grow(list.Models, len(got.Models)+len(got.Publisher))
		for _, models := range [...]provider.List[model]{got.Models, got.Publisher} {
			for i := range models {
				list.Models = append(list.Models, models[i].info(p.name))
			}
		}
		if len(got.NextPage) > maxPageToken {
			return r.ReplyError(llm.Protocol, "the reply's token for the next page of models is too long")
		}
		if got.NextPage == "" {
			provider.Result(r, "", list, llm.Usage{}, yield)
			return nil
		}
		page = address + "&pageToken=" + url.QueryEscape(got.NextPage)
	}
	return p.fail(call, llm.Protocol, "the list of models has more than %d pages: check the base URL", maxPages)
}

func (m *model) info(provider string) llm.ModelInfo {
	info := llm.ModelInfo{
		Provider:      provider,
		Name:          baseName(m.Name),
		DisplayName:   m.DisplayName,
		ContextWindow: m.InputLimit,
		MaxOutput:     m.OutputLimit,
	}
	if strings.HasPrefix(m.Name, "tunedModels/") { // requests need the complete name
		info.Name = m.Name
	}
	for _, method := range m.Methods {
		switch method {
		case "generateContent":
			info.Output = append(info.Output, llm.ModalityText)
			info.Capabilities = append(info.Capabilities, llm.CanStream)
		case "embedContent":
			info.Output = append(info.Output, llm.ModalityEmbedding)
		case "createCachedContent":
			info.Capabilities = append(info.Capabilities, llm.CanCache)
		}
	}
	if m.Thinking {
		info.Capabilities = append(info.Capabilities, llm.CanReason)
	}
	if strings.Contains(m.Stage, "PREVIEW") {
		info.Status = llm.StatusPreview
	}
	return info
}
