package ollama

import (
	"context"
	"sync"
	"time"

	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/tokens"
)

// CountTokens counts the tokens of a chat request. The server has no endpoint for it, but it
// renders a request with the model's template and provides the model's vocabulary. The count
// is exact. To render a prompt, the server loads the model.
func (p operations) CountTokens(ctx context.Context, call *llm.Call, yield func(llm.Event, error) bool) error {
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
	body, _, err := p.marshalChat(call) // the chat will have the same warnings
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
		return r.ReplyError(llm.Unsupported, "this Ollama server cannot render prompts, which is required for token counts: update it")
	}
	count := &llm.TokenCount{
		Tokens: vocabulary.CountPrompt(got.Debug.Prompt),
		Exact:  got.Debug.Images == 0,
		Source: "the prompt rendered by Ollama, with the model's vocabulary",
	}
	if !count.Exact {
		count.Source += "; without images"
	}
	provider.Result(r, got.Model, count, llm.Usage{}, yield)
	return nil
}

// rendered is the reply to a chat request with _debug_render_only:
// https://github.com/ollama/ollama/blob/v0.24.0/api/types.go, DebugInfo.
type rendered struct {
	provider.ErrorMember
	Model string `json:"model"`
	Debug *struct {
		Prompt string `json:"rendered_template"`
		Images int    `json:"image_count"`
	} `json:"_debug_info"`
}

// vocabularies caches the vocabularies of models. The zero value is ready to use. It is safe
// for concurrent use.
type vocabularies struct {
	mu    sync.Mutex
	known map[string]vocabulary // by model name
}

type vocabulary struct {
	modified time.Time // of the model; a different time means a different model
	encoding *tokens.Encoding
}

// vocabulary returns the vocabulary of the call's model. It is several megabytes of JSON, so
// it is requested only once, and again if the model has changed.
func (p *Provider) vocabulary(ctx context.Context, call *llm.Call) (*tokens.Encoding, error) {
	var now shown
	if err := p.show(ctx, call, false, &now); err != nil {
		return nil, err
	}
	v := &p.vocabularies
	v.mu.Lock()
	known, ok := v.known[call.Model]
	v.mu.Unlock()
	if ok && known.modified.Equal(now.Modified.Time) {
		return known.encoding, nil
	}
	var whole shown
	if err := p.show(ctx, call, true, &whole); err != nil {
		return nil, err
	}
	encoding, err := tokens.FromMetadata(call.Model, whole.Metadata)
	if err != nil {
		return nil, p.fail(call, llm.Unsupported, "the model's vocabulary is not supported for token counts: %v", err)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.known == nil {
		v.known = make(map[string]vocabulary)
	}
	v.known[call.Model] = vocabulary{whole.Modified.Time, encoding}
	return encoding, nil
}

// show requests the details of the call's model, with its vocabulary if verbose is set.
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
