package openai

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"math"
	"strconv"
	"time"

	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/internal/stream"
	"github.com/parley-llm/parley/llm"
)

// modelList is a list of models. It is an object, except at Together, which sends only the
// list. https://platform.openai.com/docs/api-reference/models/list
type modelList struct {
	provider.ErrorMember
	Data json.RawMessage `json:"data"`

	models provider.List[model]
}

func (l *modelList) UnmarshalJSON(data []byte) error {
	type plain modelList
	if bytes.HasPrefix(data, []byte("[")) {
		l.Data = bytes.Clone(data)
	} else if err := json.Unmarshal(data, (*plain)(l)); err != nil || l.Data == nil {
		return err
	}
	return json.Unmarshal(l.Data, &l.models)
}

// model is one model of the list. Members that OpenAI does not send name their server.
type model struct {
	ID      stream.Scalar `json:"id"`
	Name    string        `json:"name"`         // OpenRouter
	Display string        `json:"display_name"` // Together
	OwnedBy string        `json:"owned_by"`
	Created float64       `json:"created"` // seconds since 1970

	Shutdown   day `json:"shutdown_date"`   // OpenAI
	Deprecates day `json:"deprecation"`     // Mistral
	Expires    day `json:"expiration_date"` // OpenRouter

	ContextLength int32 `json:"context_length"` // OpenRouter, Together
	ContextWindow int32 `json:"context_window"` // Groq
	MaxModelLen   int32 `json:"max_model_len"`  // vLLM
	MaxCompletion int32 `json:"max_completion_tokens"`
	Top           struct {
		MaxCompletion int32 `json:"max_completion_tokens"`
	} `json:"top_provider"` // OpenRouter
	Meta *struct {
		Context int   `json:"n_ctx_train"`
		Size    int64 `json:"size"`
	} `json:"meta"` // llama.cpp
}

var modelDecoder = stream.NewDecoder[plainModel]()

type plainModel model

// UnmarshalJSON takes any object. Members of an unexpected type count as absent.
func (m *model) UnmarshalJSON(data []byte) error {
	return modelDecoder.Decode(data, (*plainModel)(m), new(stream.Text))
}

func (p *Provider) listModels(ctx context.Context, call *llm.Call, yield func(llm.Event, error) bool) error {
	var got modelList
	req, err := p.request(ctx, call, p.url(modelsPath, ""), nil, p.headers.json)
	if err != nil {
		return err
	}
	r, err := provider.Value(ctx, p.client, req, &got)
	if err != nil {
		return err
	}
	defer r.Close()
	if got.Data == nil {
		return r.ReplyError(llm.Protocol, "the reply has no list of models")
	}
	list := &llm.ModelList{Models: make([]llm.ModelInfo, len(got.models))}
	for i, m := range got.models {
		list.Models[i] = m.info(p.name)
	}
	provider.Result(r, "", list, llm.Usage{}, yield)
	return nil
}

func (m *model) info(provider string) llm.ModelInfo {
	info := llm.ModelInfo{
		Provider:      provider,
		Name:          string(m.ID),
		DisplayName:   m.Name + m.Display, // no server sends both
		OwnedBy:       m.OwnedBy,
		ContextWindow: int(max(m.ContextLength, m.ContextWindow, m.MaxModelLen)),
		MaxOutput:     int(max(m.MaxCompletion, m.Top.MaxCompletion)),
	}
	if m.Created > 0 {
		info.Created = time.Unix(int64(m.Created), 0).UTC()
	}
	if end := cmp.Or(m.Shutdown, m.Deprecates, m.Expires); end != 0 { // no server sends two
		info.RetiresAt, info.Status = time.Unix(int64(end)*secondsPerDay, 0).UTC(), llm.StatusDeprecated
	}
	if m.Meta != nil {
		info.ContextWindow, info.Bytes = max(info.ContextWindow, m.Meta.Context), m.Meta.Size
	}
	return info
}

// day is the day on which a model ends, in days since 1970, or 0. It is small, because a list
// can have many models. It reaches to 2149.
type day uint16

const secondsPerDay = 24 * 60 * 60

// UnmarshalJSON takes any value: a day, a time, or seconds since 1970. Others are no day.
func (d *day) UnmarshalJSON(data []byte) error {
	*d = 0
	text := string(bytes.Trim(data, `"`))
	for _, layout := range [...]string{time.DateOnly, time.RFC3339, "2006-01-02T15:04:05"} {
		if t, err := time.Parse(layout, text); err == nil && t.Unix() > 0 && t.Unix()/secondsPerDay <= math.MaxUint16 {
			*d = day(t.Unix() / secondsPerDay)
			return nil
		}
	}
	if seconds, err := strconv.ParseFloat(text, 64); err == nil && seconds > 1e9 && seconds < 5e9 {
		*d = day(seconds / secondsPerDay)
	}
	return nil
}
