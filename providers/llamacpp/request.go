package llamacpp

import (
	"context"
	"encoding/json"
	"maps"
	"slices"

	"github.com/parley-llm/parley/internal/prompt"
	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/llm"
)

// completion is a request to complete a prompt.
// https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md#post-completion-given-a-prompt-it-returns-the-predicted-completion
type completion struct {
	call     *llm.Call
	options  *Options
	body     map[string]any
	warnings []llm.Warning
}

// complete answers a chat with a named prompt format.
func (p *Provider) complete(ctx context.Context, call *llm.Call, o *Options, format *prompt.Format, yield func(llm.Event, error) bool) error {
	b := p.newCompletion(call, o)
	b.warnings = append(b.warnings, prompt.Lost(call.Request)...)
	if err := p.checkSupported(b); err != nil { // before formatted sends a request
		return err
	}
	rendered, err := p.formatted(ctx, call, format)
	if err != nil {
		return err
	}
	b.body["prompt"] = rendered.ids
	if stop := slices.Concat(call.Request.Stop, rendered.Stop); len(stop) > 0 {
		b.body["stop"] = stop
	}
	return p.answer(ctx, b, yield)
}

// newCompletion returns a request with all settings of the call, without a prompt.
func (p *Provider) newCompletion(call *llm.Call, o *Options) *completion {
	r := call.Request
	b := &completion{call: call, options: o, body: map[string]any{"stream": !r.NonStreaming}}
	if call.Model != "" { // a server with several models selects by it
		b.body["model"] = call.Model
	}
	if r.MaxTokens > 0 {
		b.body["n_predict"] = r.MaxTokens
	}
	provider.AddSampling(b.body, r)
	if r.Logprobs || r.TopLogprobs > 0 {
		b.body["n_probs"] = max(r.TopLogprobs, 1)
	}
	if f := r.Format; f != nil {
		b.body["json_schema"] = f.Schema
		if len(f.Schema) == 0 {
			b.body["json_schema"] = json.RawMessage(`{"type":"object"}`)
		}
		if f.Description != "" {
			b.warn("Format", "the server accepts only the schema; its description was omitted")
		}
	}
	return b
}

func (b *completion) warn(setting, message string) {
	b.warnings = append(b.warnings, llm.Warning{Code: llm.WarnUnsupported, Setting: setting, Message: message})
}

// checkSupported returns an error if there is a warning and the request has
// FailOnUnsupported.
func (p *Provider) checkSupported(b *completion) error {
	if len(b.warnings) == 0 || !b.call.Request.FailOnUnsupported {
		return nil
	}
	w := b.warnings[0]
	return p.fail(b.call, llm.Unsupported, "%s: %s", w.Setting, w.Message)
}

// marshalCompletion returns the body as JSON, with the members of the options.
func (p *Provider) marshalCompletion(b *completion) ([]byte, error) {
	maps.Copy(b.body, b.options.members())
	maps.DeleteFunc(b.body, func(_ string, value any) bool { return value == nil })
	return p.marshal(b.call, b.body)
}
