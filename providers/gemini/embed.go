package gemini

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/parley-llm/parley/internal/httpcall"
	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
)

// embedding is a method of the API for embeddings.
type embedding struct {
	method string
	size   int // maximum number of texts in one request
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
		return embedding{"batchEmbedContents", 100, embedBatch}
	case name == "gemini-embedding-001":
		return embedding{"predict", 1, predictBatch}
	case strings.Contains(name, "gemini") || strings.Contains(name, "maas"):
		return embedding{"embedContent", 1, embedOne}
	}
	return embedding{"predict", 250, predictBatch}
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
	result := &llm.EmbedResponse{Model: call.Model}
	o := llmutil.OptionsFor[Options](call.Embed.Options)
	var costs []llm.Usage
	var last *httpcall.Reply
	truncated := false
	for batch := range slices.Chunk(call.Embed.Inputs, by.size) {
		body, err := p.marshal(call, by.body(batch, resource, call.Embed.Dimensions, &o), o.EmbedExtra)
		if err != nil {
			return err
		}
		var got embeddings
		r, err := p.value(ctx, call, url, body, &got)
		if err != nil {
			return err
		}
		r.Close() // its headers remain readable
		vectors, cost := got.vectors()
		if n, want := len(vectors), len(batch); n != want {
			return r.ReplyError(llm.Protocol, fmt.Sprintf("the reply has %d vectors for %d inputs", n, want))
		}
		truncated = truncated || got.truncated()
		result.Vectors = append(result.Vectors, vectors...)
		costs, last = append(costs, cost), r
	}
	result.Usage = llm.SumUsage(costs...)
	var warnings []llm.Warning
	if truncated {
		warnings = append(warnings, llm.Warning{Code: llm.WarnOther, Message: "a text was too long for the model; it was truncated"})
	}
	return provider.Embeddings(last, call.Embed, result, yield, warnings...)
}
