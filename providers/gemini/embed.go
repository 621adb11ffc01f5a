package gemini

import (
	"context"
	"strings"

	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
)

// embedding is a method of the API for embeddings.
type embedding struct {
	method string
	size   int // maximum number of texts in one request
	tokens int // maximum number of their tokens, or 0
	body   func(texts []string, resource string, dimensions int, o *Options) any
}

// embeddingBy returns the method for a model. Vertex AI has two methods. Its own models and
// its first Gemini embedding model, which accepts one text, use predict. Later Gemini models
// and the open models that it hosts use embedContent.
// https://ai.google.dev/api/embeddings#method:-models.batchembedcontents
// https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/text-embeddings-api
func (p *Provider) embeddingBy(model string) embedding {
	name := baseName(model)
	switch {
	case !p.vertex:
		return embedding{"batchEmbedContents", 100, 0, embedBatch}
	case name == "gemini-embedding-001":
		return embedding{"predict", 1, 0, predictBatch}
	case strings.Contains(name, "gemini") || strings.Contains(name, "maas"):
		return embedding{"embedContent", 1, 0, embedOne}
	}
	return embedding{"predict", 250, 20_000, predictBatch}
}

// embedRequest is a text to embed, for the Gemini API.
type embedRequest struct {
	Model      string  `json:"model"`
	Content    message `json:"content"`
	TaskType   string  `json:"taskType,omitempty"`
	Title      string  `json:"title,omitempty"`
	Dimensions int     `json:"outputDimensionality,omitempty"`
}

func embedBatch(texts []string, resource string, dimensions int, o *Options) any {
	requests := make([]embedRequest, len(texts))
	for i := range texts {
		requests[i] = embedRequest{resource, textOnly(&texts[i]), o.TaskType, o.Title, dimensions}
	}
	return map[string]any{"requests": requests}
}

func textOnly(text *string) message { return message{Parts: []any{&sentPart{Text: text}}} }

// predictInstance is a text to embed, for Vertex AI's predict.
type predictInstance struct {
	Content  string `json:"content"`
	TaskType string `json:"task_type,omitempty"`
	Title    string `json:"title,omitempty"`
}

// embedConfig are Vertex AI's settings for all texts of a request. AutoTruncate is always
// sent, because the server's default is to truncate without a report.
type embedConfig struct {
	TaskType     string `json:"taskType,omitempty"`
	Title        string `json:"title,omitempty"`
	AutoTruncate bool   `json:"autoTruncate"`
	Dimensions   int    `json:"outputDimensionality,omitempty"`
}

func predictBatch(texts []string, _ string, dimensions int, o *Options) any {
	instances := make([]predictInstance, len(texts))
	for i, text := range texts {
		instances[i] = predictInstance{text, o.TaskType, o.Title}
	}
	return map[string]any{
		"instances": instances, "parameters": embedConfig{AutoTruncate: o.AutoTruncate, Dimensions: dimensions},
	}
}

func embedOne(texts []string, _ string, dimensions int, o *Options) any {
	return map[string]any{
		"content": textOnly(&texts[0]), "embedContentConfig": embedConfig{o.TaskType, o.Title, o.AutoTruncate, dimensions},
	}
}

// embeddings is the reply of each method.
type embeddings struct {
	provider.ErrorMember
	Embeddings  provider.List[vector] `json:"embeddings"`
	Embedding   *vector               `json:"embedding"`
	Truncated   bool                  `json:"truncated"` // with Embedding, on Vertex AI
	Predictions provider.List[struct {
		Embeddings vector `json:"embeddings"`
	}] `json:"predictions"`
	Usage *usage `json:"usageMetadata"` // with some models
}

type vector struct {
	Values     provider.Vector `json:"values"`
	Statistics struct {
		Tokens    *float64 `json:"token_count"`
		Truncated bool     `json:"truncated"`
	} `json:"statistics"` // Vertex AI's predictions
}

// truncated reports whether a text was truncated.
func (e *embeddings) truncated() bool {
	cut := e.Truncated
	for _, p := range e.Predictions {
		cut = cut || p.Embeddings.Statistics.Truncated
	}
	return cut
}

// vectors returns the vectors of a reply and their usage.
func (e *embeddings) vectors() (vectors [][]float32, cost llm.Usage) {
	all := e.Embeddings
	if e.Embedding != nil {
		all = append(all, *e.Embedding)
	}
	for _, p := range e.Predictions {
		all = append(all, p.Embeddings)
	}
	costs := make([]llm.Usage, len(all))
	for i, v := range all {
		vectors = append(vectors, v.Values)
		if n := v.Statistics.Tokens; n != nil {
			costs[i].Input = llm.Known(int(*n))
		}
	}
	if e.Usage != nil {
		return vectors, llm.Usage{Input: provider.Reported(e.Usage.Prompt)}
	}
	return vectors, llm.SumUsage(costs...)
}

// Embed answers a call for embeddings, with several requests if necessary. If a request
// fails, the call fails.
func (p operations) Embed(ctx context.Context, call *llm.Call, yield func(llm.Event, error) bool) error {
	resource, err := p.modelPath(call)
	if err != nil {
		return err
	}
	by := p.embeddingBy(call.Model)
	url, err := p.modelURL(call, by.method)
	if err != nil {
		return err
	}
	o := llmutil.OptionsFor[Options](call.Embed.Options)
	send := func(ctx context.Context, texts []string) (*provider.EmbedBatch, error) {
		body, err := p.marshal(call, by.body(texts, resource, call.Embed.Dimensions, &o), o.EmbedExtra)
		if err != nil {
			return nil, err
		}
		var got embeddings
		r, err := p.value(ctx, call, url, body, &got)
		if err != nil {
			return nil, err
		}
		r.Close() // its headers remain readable
		vectors, cost := got.vectors()
		return &provider.EmbedBatch{Reply: r, Vectors: vectors, Usage: cost, Warned: got.truncated()}, nil
	}
	got, err := provider.Embed(ctx, call, provider.EmbedLimits{Inputs: by.size, Tokens: by.tokens}, send)
	if err != nil {
		return err
	}
	var warnings []llm.Warning
	if got.Warned {
		warnings = append(warnings, llm.Warning{Code: llm.WarnOther, Message: "a text was too long for the model; it was truncated"})
	}
	result := &llm.EmbedResponse{Model: call.Model, Vectors: got.Vectors, Usage: got.Usage}
	return provider.Embeddings(got.Reply, call.Embed, result, yield, warnings...)
}
