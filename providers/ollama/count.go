package ollama

import (
	"context"
	"sync"
	"time"

	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/tokens"
)

// countTokens answers how many tokens a chat request is. The server has no
// endpoint for that, but it renders the prompt that the model's template makes of
// a request, and shows the model's vocabulary: together they are exact. The
// server loads the model to render a prompt, as it would to answer.
func (p *Provider) countTokens(ctx context.Context, call *llm.Call, yield func(llm.Event, error) bool) error {
	format, err := p.format(call)
	switch {
	case err != nil:
		return err
	case format != nil:
		return p.countFormatted(ctx, call, format, yield)
	}
	vocabulary, err := p.vocabulary(ctx, call)
	if err != nil {
		return err
	}
	body, _, err := p.marshalChat(call) // what it warns of, the chat will warn of
	if err == nil {
		body, err = provider.Merge(body, map[string]any{"_debug_render_only": true, "stream": false})
	}
	if err != nil {
		return err
	}
	var got rendered
	r, err := p.server.Value(ctx, call, "/api/chat", body, &got)
	if err != nil {
		return err
	}
	defer r.Close()
	if got.Debug == nil {
		return r.Fail(llm.Unsupported, "the server does not render prompts for whoever asks, which counting needs; this Ollama may be too old for that")
	}
	count := &llm.TokenCount{
		Tokens: vocabulary.CountPrompt(got.Debug.Prompt),
		Exact:  got.Debug.Images == 0,
		Source: "the prompt rendered by Ollama, in the model's own vocabulary",
	}
	if !count.Exact {
		count.Source += "; without its images"
	}
	provider.Result(r, got.Model, count, llm.Usage{}, yield)
	return nil
}

// rendered is the reply to a chat request that is to be rendered only:
// https://github.com/ollama/ollama/blob/v0.24.0/api/types.go, DebugInfo.
type rendered struct {
	provider.Failure
	Model string `json:"model"`
	Debug *struct {
		Prompt string `json:"rendered_template"`
		Images int    `json:"image_count"`
	} `json:"_debug_info"`
}

// vocabularies are those of the models that have been counted for. Its zero
// value is empty and ready, and it is safe for concurrent use.
type vocabularies struct {
	mu    sync.Mutex
	known map[string]vocabulary // by model name
}

type vocabulary struct {
	modified time.Time // when the model was; another time is another model
	encoding *tokens.Encoding
}

// vocabulary returns the vocabulary of the call's model. It is some megabytes of
// JSON, so it is asked for once, and again if the model has changed.
func (p *Provider) vocabulary(ctx context.Context, call *llm.Call) (*tokens.Encoding, error) {
	var now shown
	if err := p.show(ctx, call, false, &now); err != nil {
		return nil, err
	}
	v := &p.vocabularies
	v.mu.Lock()
	known, ok := v.known[call.Model]
	v.mu.Unlock()
	if ok && known.modified.Equal(now.Modified) {
		return known.encoding, nil
	}
	var whole shown
	if err := p.show(ctx, call, true, &whole); err != nil {
		return nil, err
	}
	encoding, err := tokens.FromMetadata(call.Model, whole.Metadata)
	if err != nil {
		return nil, p.fail(call, llm.Unsupported, "the vocabulary that the server shows cannot be counted with: %v", err)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.known == nil {
		v.known = make(map[string]vocabulary)
	}
	v.known[call.Model] = vocabulary{whole.Modified, encoding}
	return encoding, nil
}

// show asks what the server knows of the call's model, with its vocabulary if
// verbose.
func (p *Provider) show(ctx context.Context, call *llm.Call, verbose bool, got *shown) error {
	request := map[string]any{"model": call.Model}
	if verbose {
		request["verbose"] = true
	}
	body, err := p.marshal(call, request, nil)
	if err != nil {
		return err
	}
	r, err := p.server.Value(ctx, call, "/api/show", body, got)
	if err != nil {
		return err
	}
	r.Close()
	return nil
}
