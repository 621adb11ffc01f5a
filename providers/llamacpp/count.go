package llamacpp

import (
	"context"
	"fmt"

	"github.com/parley-llm/parley/internal/prompt"
	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
)

// CountTokens counts the tokens of a chat's prompt. With a named prompt format, the prompt is
// tokenized as for a chat. Otherwise the server counts it, with its token counter for chats
// or, if it is too old, with its chat template and tokenizer.
func (p operations) CountTokens(ctx context.Context, call *llm.Call, yield func(llm.Event, error) bool) error {
	o := llmutil.OptionsFor[Options](call.Request.Options)
	format, err := p.format(call, o.Template)
	if err != nil {
		return err
	}
	if format == nil {
		for ev, err := range p.openai.Do(ctx, inDialect(call, &o)) {
			if !yield(ev, explain(err)) {
				return nil
			}
		}
		return nil
	}
	tokens, err := p.formatted(ctx, call, format)
	if err != nil {
		return err
	}
	count := &llm.TokenCount{
		Tokens: len(tokens.ids), Exact: true,
		Source: fmt.Sprintf("llama.cpp /tokenize, in the prompt format %q", o.templateOr(p.template)),
	}
	provider.LocalResult(p.name, call, count, yield)
	return nil
}

func (o *Options) templateOr(other string) string {
	if o.Template != "" {
		return o.Template
	}
	return other
}

// formattedPrompt is a prompt in a named format, with its token ids.
type formattedPrompt struct {
	*prompt.Prompt
	ids []int
}

// formatted returns the prompt of a call in a named format.
func (p *Provider) formatted(ctx context.Context, call *llm.Call, format *prompt.Format) (*formattedPrompt, error) {
	rendered, err := format.Render(call.Request.Messages)
	if err != nil {
		return nil, p.fail(call, llm.Unsupported, "%v", err)
	}
	ids, err := p.promptTokens(ctx, call, rendered)
	if err != nil {
		return nil, err
	}
	return &formattedPrompt{rendered, ids}, nil
}
