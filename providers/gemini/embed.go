package gemini

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/parley-llm/parley/internal/dialect"
	"github.com/parley-llm/parley/internal/send"
	"github.com/parley-llm/parley/llm"
)

// How many texts the servers take at once. Vertex AI takes one for its newest
// models.
// https://ai.google.dev/api/embeddings#method:-models.batchembedcontents
// https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/text-embeddings-api
const (
	geminiBatch = 100
	vertexBatch = 250
)

// embedBatch is a request to the Gemini API.
type embedBatch struct {
	Requests []json.RawMessage `json:"requests"`
}

type embedRequest struct {
	Model      string  `json:"model"`
	Content    message `json:"content"`
	TaskType   string  `json:"taskType,omitempty"`
	Title      string  `json:"title,omitempty"`
	Dimensions int     `json:"outputDimensionality,omitempty"`
}

// predictBody is a request to Vertex AI.
type predictBody struct {
	Instances  []json.RawMessage `json:"instances"`
	Parameters struct {
		AutoTruncate bool `json:"autoTruncate"`
		Dimensions   int  `json:"outputDimensionality,omitempty"`
	} `json:"parameters"`
}

type predictInstance struct {
	Content  string `json:"content"`
	TaskType string `json:"task_type,omitempty"`
	Title    string `json:"title,omitempty"`
}

// embeddings is the reply of either server.
type embeddings struct {
	failure
	Embeddings []struct {
		Values []float32 `json:"values"`
	} `json:"embeddings"` // the Gemini API
	Predictions []struct {
		Embeddings struct {
			Values     []float32 `json:"values"`
			Statistics struct {
				Tokens *float64 `json:"token_count"`
			} `json:"statistics"`
		} `json:"embeddings"`
	} `json:"predictions"` // Vertex AI
	Usage *usage `json:"usageMetadata"` // the Gemini API, with some models
}

// vectors returns the vectors of a reply, and what they cost.
func (e *embeddings) vectors() (vectors [][]float32, cost llm.Usage) {
	for i := range e.Embeddings {
		vectors = append(vectors, e.Embeddings[i].Values)
	}
	if e.Usage != nil {
		cost.Input = known(e.Usage.Prompt)
	}
	for i := range e.Predictions {
		one := &e.Predictions[i].Embeddings
		vectors = append(vectors, one.Values)
		tokens := llm.Tokens{}
		if n := one.Statistics.Tokens; n != nil {
			tokens = llm.Known(int(*n))
		}
		if i == 0 {
			cost.Input = tokens
		} else {
			cost.Input = cost.Input.Add(tokens)
		}
	}
	return vectors, cost
}

// embed answers a call for embeddings with as many requests as it takes. If one
// of them fails, the call does.
func (p *Provider) embed(ctx context.Context, call *llm.Call, yield func(llm.Event, error) bool) error {
	resource, err := p.modelPath(call)
	if err != nil {
		return err
	}
	method, size := "batchEmbedContents", geminiBatch
	if p.vertex {
		method, size = "predict", vertexBatch
		if strings.Contains(call.Model, "gemini-embedding") {
			size = 1
		}
	}
	url, err := p.modelURL(call, method)
	if err != nil {
		return err
	}
	result := &llm.EmbedResponse{Model: call.Model}
	var last *send.Reply
	first := true
	for batch := range slices.Chunk(call.Embed.Inputs, size) {
		body, err := p.marshalEmbed(call, resource, batch)
		if err != nil {
			return err
		}
		var got embeddings
		r, err := p.value(ctx, call, url, body, &got)
		if err != nil {
			return err
		}
		defer r.Close()
		vectors, cost := got.vectors()
		if n, want := len(vectors), len(batch); n != want {
			return r.Fail(llm.Protocol, fmt.Sprintf("the reply has %d vectors for %d inputs", n, want))
		}
		for i, v := range vectors {
			if len(v) == 0 {
				return r.Fail(llm.Protocol, fmt.Sprintf("the reply has no vector for input %d", len(result.Vectors)+i))
			}
		}
		result.Vectors = append(result.Vectors, vectors...)
		if first {
			result.Usage = cost
		} else {
			result.Usage = result.Usage.Add(cost)
		}
		first, last = false, r
	}
	dialect.Result(last, call.Model, result, result.Usage, yield)
	return nil
}

func (p *Provider) marshalEmbed(call *llm.Call, resource string, texts []string) ([]byte, error) {
	o := llm.OptionsFor[Options](call.Embed.Options)
	each := make([]json.RawMessage, len(texts))
	for i, text := range texts {
		var one any = embedRequest{
			Model: resource, Content: message{Parts: []any{&sentPart{Text: &text}}},
			TaskType: o.TaskType, Title: o.Title, Dimensions: call.Embed.Dimensions,
		}
		if p.vertex {
			one = predictInstance{text, o.TaskType, o.Title}
		}
		data, err := json.Marshal(one)
		if err != nil {
			return nil, p.fail(call, llm.InvalidRequest, "the request cannot be written as JSON: %v", err)
		}
		each[i] = data
	}
	if !p.vertex {
		return p.marshal(call, embedBatch{each}, o.EmbedExtra)
	}
	body := predictBody{Instances: each}
	body.Parameters.AutoTruncate, body.Parameters.Dimensions = o.AutoTruncate, call.Embed.Dimensions
	return p.marshal(call, &body, o.EmbedExtra)
}
