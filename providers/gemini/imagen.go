package gemini

import (
	"context"
	"errors"
	"strings"

	"github.com/parley-llm/parley/internal/httpcall"
	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/internal/stream"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
)

// Imagen models made images from a text, with a separate API method. Google has switched
// them off, but a gateway or a replica may still serve them.
// https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/imagen-api

func isImagen(model string) bool { return strings.HasPrefix(baseName(model), "imagen") }

// draw answers a chat of a single text with images. It returns an error that has not been
// yielded.
func (p *Provider) draw(ctx context.Context, call *llm.Call, yield func(llm.Event, error) bool) error {
	if !p.elsewhere {
		return p.fail(call, llm.Retired, "Google switched its Imagen models off on 2026-08-17: use gemini-3.1-flash-image, "+
			"or set the base URL of a server that still has them")
	}
	text, err := toDraw(call.Request.Messages)
	if err != nil {
		return p.fail(call, llm.InvalidRequest, "%s draws what one text says: %v", call.Model, err)
	}
	warnings := lostInDrawing(call.Request)
	if len(warnings) > 0 && call.Request.FailOnUnsupported {
		return p.fail(call, llm.Unsupported, "%s", warnings[0].String())
	}
	body, err := p.marshal(call, map[string]any{
		"instances": []any{map[string]string{"prompt": text}},
		// A picture that is withheld is otherwise left out without a word.
		"parameters": map[string]any{"sampleCount": 1, "includeRaiReason": true},
	}, llmutil.OptionsFor[Options](call.Request.Options).Extra)
	if err != nil {
		return err
	}
	url, err := p.modelURL(call, "predict")
	if err != nil {
		return err
	}
	r, err := p.do(ctx, call, url, body)
	if err != nil {
		return err
	}
	defer r.Close()
	a := &provider.Answer{Reply: r, Request: call.Request, Warnings: warnings, Yield: yield, NoUsage: true}
	return a.Failed(p.readPictures(a), llm.Usage{})
}

// toDraw returns the text of a request. Imagen takes nothing else.
func toDraw(messages []llm.Message) (string, error) {
	var texts []string
	for _, m := range messages {
		if m.Role != llm.RoleSystem && m.Role != llm.RoleUser {
			return "", errors.New("it has no conversations")
		}
		if m.Text() == "" || len(m.Parts) > 1 {
			return "", errors.New("each message must be a text, and nothing else")
		}
		texts = append(texts, m.Text())
	}
	return strings.Join(texts, "\n\n"), nil
}

// lostInDrawing returns a warning for each setting that Imagen does not have.
func lostInDrawing(r *llm.Request) (lost []llm.Warning) {
	for _, s := range [...]struct {
		name string
		set  bool
	}{
		{"Tools", len(r.Tools) > 0 && r.ToolChoice.Mode != llm.ToolNone}, {"Format", r.Format != nil}, {"MaxTokens", r.MaxTokens > 0}, {"Stop", len(r.Stop) > 0},
		{"Temperature", r.Temperature != nil}, {"TopP", r.TopP != nil}, {"TopK", r.TopK != nil}, {"Seed", r.Seed != nil},
		{"PresencePenalty", r.PresencePenalty != nil}, {"FrequencyPenalty", r.FrequencyPenalty != nil},
		{"ReasoningEffort", r.ReasoningEffort != "" && r.ReasoningEffort != llm.EffortNone}, {"Logprobs", r.Logprobs || r.TopLogprobs > 0},
	} {
		if s.set {
			lost = append(lost, llm.Warning{Code: llm.WarnUnsupported, Setting: s.name, Message: "a model that draws does not have this setting; it was left out"})
		}
	}
	return lost
}

// pictures is the reply.
type pictures struct {
	provider.Failure
	Predictions []struct {
		MediaType string `json:"mimeType"`
		Data      []byte `json:"bytesBase64Encoded"`
		URL       string `json:"gcsUri"`
		Withheld  string `json:"raiFilteredReason"`
	} `json:"predictions"`
}

var picturesDecoder = stream.NewDecoder[pictures]()

// readPictures reads the reply, which is one JSON value, and emits its images.
func (p *Provider) readPictures(a *provider.Answer) error {
	var got pictures
	if err := provider.ReadValue(a, picturesDecoder, httpcall.WholeReply(p.limits), &got); err != nil {
		return err
	}
	var parts []llm.Part
	var withheld string
	for _, one := range got.Predictions {
		if len(one.Data) > 0 || one.URL != "" {
			parts = append(parts, llm.Image{MediaType: one.MediaType, Data: one.Data, URL: one.URL})
		} else if one.Withheld != "" {
			withheld = one.Withheld
		}
	}
	switch {
	case len(parts) == 0 && withheld != "":
		return a.Reply.Fail(llm.ContentFilter, "the pictures were withheld: "+withheld)
	case len(parts) == 0:
		return a.Reply.Fail(llm.Protocol, "the reply has no pictures, and does not say why")
	}
	a.Start("", "")
	for _, part := range parts {
		a.Emit(llm.Event{Type: llm.EventMedia, Detail: &llm.Media{Part: part}})
	}
	reason := llm.FinishStop // the protocol has no word for it
	if withheld != "" {
		reason = llm.FinishContentFilter
		a.Emit(llm.Event{Type: llm.EventWarning, Detail: &llm.Warning{Code: llm.WarnOther, Message: "the server says of the pictures that are missing: " + withheld}})
	}
	a.Done(&llm.Done{FinishReason: reason})
	return nil
}
