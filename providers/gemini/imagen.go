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

// Imagen models generate images from a text, with another method than Gemini models. Google
// has shut them down, but other servers may still have them.
// https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/imagen-api

func isImagen(model string) bool { return strings.HasPrefix(baseName(model), "imagen") }

// draw answers a chat with images. A returned error has not been yielded.
func (p *Provider) draw(ctx context.Context, call *llm.Call, yield func(llm.Event, error) bool) error {
	if !p.elsewhere {
		return p.fail(call, llm.Retired, "Google shut down its Imagen models on 2026-08-17: use gemini-3.1-flash-image, "+
			"or set Config.BaseURL to a server that still has them")
	}
	text, err := toDraw(call.Request.Messages)
	if err != nil {
		return p.fail(call, llm.InvalidRequest, "%s accepts only texts: %v", call.Model, err)
	}
	warnings := lostInDrawing(call.Request)
	if len(warnings) > 0 && call.Request.FailOnUnsupported {
		return p.fail(call, llm.Unsupported, "%s", warnings[0].String())
	}
	body, err := p.marshal(call, map[string]any{
		"instances": []any{map[string]string{"prompt": text}},
		// Without includeRaiReason, the reply omits a blocked image without a reason.
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

// toDraw returns the texts of a request, joined to one prompt.
func toDraw(messages []llm.Message) (string, error) {
	var texts []string
	for _, m := range messages {
		if m.Role != llm.RoleSystem && m.Role != llm.RoleUser {
			return "", errors.New("remove the assistant and tool messages")
		}
		if m.Text() == "" || len(m.Parts) > 1 {
			return "", errors.New("use exactly one text in each message")
		}
		texts = append(texts, m.Text())
	}
	return strings.Join(texts, "\n\n"), nil
}

// lostInDrawing returns a warning for each setting that image models do not support.
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
			lost = append(lost, llm.Warning{Code: llm.WarnUnsupported, Setting: s.name, Message: "image models do not support this setting; it was omitted"})
		}
	}
	return lost
}

// pictures is the reply.
type pictures struct {
	provider.ErrorMember
	Predictions []struct {
		MediaType string `json:"mimeType"`
		Data      []byte `json:"bytesBase64Encoded"`
		URL       string `json:"gcsUri"`
		Withheld  string `json:"raiFilteredReason"`
	} `json:"predictions"`
}

var picturesDecoder = stream.NewDecoder[pictures]()

// readPictures reads the reply and emits its images.
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
		return a.Reply.ReplyError(llm.ContentFilter, "the images were blocked: "+withheld)
	case len(parts) == 0:
		return a.Reply.ReplyError(llm.Protocol, "the reply has no images and no reason")
	}
	a.Start("", "")
	for _, part := range parts {
		a.Emit(llm.Event{Type: llm.EventMedia, Detail: &llm.Media{Part: part}})
	}
	reason := llm.FinishStop // the protocol has no finish reason
	if withheld != "" {
		reason = llm.FinishContentFilter
		a.Emit(llm.Event{Type: llm.EventWarning, Detail: &llm.Warning{Code: llm.WarnOther, Message: "images are missing, the server's reason is: " + withheld}})
	}
	a.Done(&llm.Done{FinishReason: reason})
	return nil
}
