package llamacpp

import (
	"context"
	"encoding/json"
	"maps"

	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
	"github.com/parley-llm/parley/providers/openai"
)

// chat answers a chat: in a named prompt format if there is one, and by the
// model's own template otherwise. An error that it returns has not been yielded.
func (p *Provider) chat(ctx context.Context, call *llm.Call, yield func(llm.Event, error) bool) error {
	o := llmutil.OptionsFor[Options](call.Request.Options)
	if o.Grammar != "" && call.Request.Format != nil {
		return p.fail(call, llm.InvalidRequest, "the request has a Format and a Grammar: the server can hold an answer to one of them")
	}
	format, err := p.format(call, o.Template)
	switch {
	case err != nil:
		return err
	case format != nil:
		return p.complete(ctx, call, &o, format, yield)
	}
	if begun, ok := continued(call.Request); ok {
		return p.goOn(ctx, call, &o, begun, yield)
	}
	for ev, err := range p.openai.Do(ctx, inDialect(call, &o)) {
		if err != nil {
			return explain(err)
		}
		if start, ok := ev.Detail.(*llm.Start); ok {
			start.CanContinue = canContinue(call.Request, &o)
		}
		if !yield(ev, nil) {
			return nil
		}
	}
	return nil
}

func (p *Provider) embed(ctx context.Context, call *llm.Call, yield func(llm.Event, error) bool) error {
	own := llmutil.OptionsFor[Options](call.Embed.Options)
	clone := call.Clone()
	clone.Embed.Options = []llm.Options{openai.Options{EmbedExtra: own.Extra}}
	for ev, err := range p.openai.Do(ctx, clone) {
		if !yield(ev, explain(err)) {
			break
		}
	}
	return nil
}

// inDialect returns the call with the options as OpenAI's dialect has them.
func inDialect(call *llm.Call, o *Options) *llm.Call {
	clone := call.Clone()
	clone.Request.Options = []llm.Options{openai.Options{
		ChatTemplateKwargs: maps.Clone(o.ChatTemplateKwargs),
		CountBy:            openai.CountRemote,
		Extra:              o.members(),
	}}
	return clone
}

// canContinue reports whether an answer can be gone on with after a cut. A
// grammar begins anew with each request, calls of tools are not text, and there is
// no more reasoning, which a strict request would not have.
func canContinue(req *llm.Request, o *Options) bool {
	return len(req.Tools) == 0 && req.Format == nil && o.Grammar == "" && !(req.FailOnUnsupported && reasons(req))
}

// reasons reports whether a request asks for reasoning.
func reasons(req *llm.Request) bool {
	return req.ReasoningEffort != "" && req.ReasoningEffort != llm.EffortNone
}

// continued reports whether a request asks for the rest of an answer, in a way
// that the server's own endpoints can serve, and returns what there is of it.
func continued(req *llm.Request) (begun string, ok bool) {
	last := req.Messages[len(req.Messages)-1]
	if last.Role != llm.RoleAssistant || len(req.Tools) > 0 {
		return "", false
	}
	for _, m := range req.Messages {
		for _, part := range m.Parts {
			switch part.(type) {
			case llm.Text, llm.Reasoning, llm.Refusal:
			default:
				return "", false
			}
		}
	}
	return text(last), true
}

// text returns what a message says. A refusal is, to llama.cpp, something that
// the model said.
func text(m llm.Message) string {
	var said string
	for _, part := range m.Parts {
		switch p := part.(type) {
		case llm.Text:
			said += p.Text
		case llm.Refusal:
			said += p.Text
		}
	}
	return said
}

// goOn answers a chat that ends with the beginning of the answer. The prompt is
// what the chat's would be; but the chat's endpoint repeats the beginning in
// its reply if it is not streamed, and does not if it is.
func (p *Provider) goOn(ctx context.Context, call *llm.Call, o *Options, begun string, yield func(llm.Event, error) bool) error {
	b := p.newCompletion(call, o)
	if reasons(call.Request) {
		b.warn("ReasoningEffort", "an answer that has begun is gone on with, without more reasoning")
	}
	if err := p.strict(b); err != nil { // before anything is sent
		return err
	}
	rendered, err := p.render(ctx, call, o, begun)
	if err != nil {
		return err
	}
	b.body["prompt"] = rendered
	return p.answer(ctx, b, yield)
}

// render returns the prompt that the model's template makes of a chat which ends
// with the beginning of the answer.
func (p *Provider) render(ctx context.Context, call *llm.Call, o *Options, begun string) (string, error) {
	type message struct {
		Role    string `json:"role"`
		Content string `json:"content"`
		Name    string `json:"name,omitempty"` // which a template may write down
	}
	chat := map[string]any{}
	var messages []message
	for _, m := range call.Request.Messages {
		messages = append(messages, message{string(m.Role), text(m), m.Name})
	}
	chat["messages"] = messages
	if len(o.ChatTemplateKwargs) > 0 {
		chat["chat_template_kwargs"] = o.ChatTemplateKwargs
	}
	body, err := p.marshal(call, chat)
	if err != nil {
		return "", err
	}
	var got struct {
		provider.Failure
		Prompt *string `json:"prompt"`
	}
	r, err := p.server.Value(ctx, call, "/apply-template", body, &got)
	if err != nil {
		return "", err
	}
	defer r.Close()
	switch {
	case got.Prompt == nil:
		return "", r.Fail(llm.Protocol, "the reply has no prompt")
	case len(*got.Prompt) < len(begun) || (*got.Prompt)[len(*got.Prompt)-len(begun):] != begun:
		return "", r.Fail(llm.Unsupported, "the server does not go on from an assistant message at the end of a conversation; "+
			"it is too old for that, or was started with --no-prefill-assistant")
	}
	return *got.Prompt, nil
}

// marshal returns a request's body.
func (p *Provider) marshal(call *llm.Call, body any) ([]byte, error) {
	data, err := json.Marshal(body)
	if err != nil {
		return nil, p.fail(call, llm.InvalidRequest, "the request cannot be written as JSON: %v", err)
	}
	return data, nil
}
