package gemini

import (
	"context"
	"errors"
	"strings"

	"github.com/parley-llm/parley/internal/httpcall"
	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
)

// isImagen reports whether a model is an Imagen model. These models generate images from a
// text with the method predict. Google has switched them off, but gateways may still offer
// them. The wire format:
// https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/imagen-api
func isImagen(model string) bool { return strings.HasPrefix(baseName(model), "imagen") }

// generateImages answers a chat with an Imagen model. It does not yield the error that it
// returns.
func (p *Provider) generateImages(ctx context.Context, call *llm.Call, yield func(llm.Event, error) bool) error {
	if !p.elsewhere {
		return p.fail(call, llm.Retired, "Google switched off its Imagen models on 2026-08-17: use gemini-3.1-flash-image, "+
			"or set the base URL of a server that still offers them")
	}
	text, err := imagePrompt(call.Request.Messages)
	if err != nil {
		return p.fail(call, llm.InvalidRequest, "%s generates images from text only: %v", call.Model, err)
	}
	warnings := imageWarnings(call.Request)
	if len(warnings) > 0 && call.Request.FailOnUnsupported {
		return p.fail(call, llm.Unsupported, "%s", warnings[0].String())
	}
	body, err := p.marshal(call, map[string]any{
		"instances": []any{map[string]string{"prompt": text}},
		// Without includeRaiReason, filtered images are missing without a reason.
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
	return a.Failed(p.readImages(a), llm.Usage{})
}

// imagePrompt returns the text of a request. It returns an error if the request contains
// anything else.
func imagePrompt(messages []llm.Message) (string, error) {
	var texts []string
	for _, m := range messages {
		if m.Role != llm.RoleSystem && m.Role != llm.RoleUser {
			return "", errors.New("remove the messages of the assistant and of tools")
		}
		if m.Text() == "" || len(m.Parts) > 1 {
			return "", errors.New("each message must consist of one text")
		}
		texts = append(texts, m.Text())
	}
	return strings.Join(texts, "\n\n"), nil
}

// imageWarnings returns a warning for each setting that has no effect on images.
func imageWarnings(r *llm.Request) (warnings []llm.Warning) {
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
			warnings = append(warnings, llm.Warning{Code: llm.WarnUnsupported, Setting: s.name, Message: "Imagen models do not have this setting; it was not sent"})
		}
	}
	return warnings
}

// images is the reply of an Imagen model.
type images struct {
	provider.Failure
	Predictions []struct {
		MediaType string `json:"mimeType"`
		Data      []byte `json:"bytesBase64Encoded"`
		URL       string `json:"gcsUri"`
		Filtered  string `json:"raiFilteredReason"`
	} `json:"predictions"`
}

// readImages reads the reply, a single JSON value, and emits its images.
func (p *Provider) readImages(a *provider.Answer) error {
	var got images
	if err := a.ReadValue(httpcall.WholeReply(p.limits), &got); err != nil {
		return err
	}
	var parts []llm.Part
	var filtered string
	for _, image := range got.Predictions {
		if len(image.Data) > 0 || image.URL != "" {
			parts = append(parts, llm.Image{MediaType: image.MediaType, Data: image.Data, URL: image.URL})
		} else if image.Filtered != "" {
			filtered = image.Filtered
		}
	}
	switch {
	case len(parts) == 0 && filtered != "":
		return a.Reply.Fail(llm.ContentFilter, "the server filtered the images: "+filtered)
	case len(parts) == 0:
		return a.Reply.Fail(llm.Protocol, "the reply has no images and gives no reason")
	}
	a.Start("", "")
	for _, part := range parts {
		a.Emit(llm.Event{Type: llm.EventMedia, Detail: &llm.Media{Part: part}})
	}
	reason := llm.FinishStop // the protocol has no finish reason
	if filtered != "" {
		reason = llm.FinishContentFilter
		a.Emit(llm.Event{Type: llm.EventWarning, Detail: &llm.Warning{Code: llm.WarnOther, Message: "the server filtered some of the images: " + filtered}})
	}
	a.Done(&llm.Done{FinishReason: reason})
	return nil
}
