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

// Chat answers a chat, with a named prompt format if there is one, and otherwise with the
// model's chat template. A returned error has not been yielded.
func (p operations) Chat(ctx context.Context, call *llm.Call, yield func(llm.Event, error) bool) error {
	o := llmutil.OptionsFor[Options](call.Request.Options)
	if o.Grammar != "" && call.Request.Format != nil {
		return p.fail(call, llm.InvalidRequest, "the request has both a Format and a Grammar, and the server supports only one of them: remove one")
	}
	format, err := p.format(call, o.Template)
	switch {
	case err != nil:
		return err
	case format != nil:
		return p.complete(ctx, call, &o, format, yield)
	}
	if begun, ok := continued(call.Request); ok {
		return p.continueAnswer(ctx, call, &o, begun, yield)
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

func (p operations) Embed(ctx context.Context, call *llm.Call, yield func(llm.Event, error) bool) error {
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

// inDialect returns the call with the options of the OpenAI-compatible API.
func inDialect(call *llm.Call, o *Options) *llm.Call {
	clone := call.Clone()
	clone.Request.Options = []llm.Options{openai.Options{
		ChatTemplateKwargs: maps.Clone(o.ChatTemplateKwargs),
		CountBy:            openai.CountRemote,
		Extra:              o.members(),
	}}
	return clone
}

// canContinue reports whether an interrupted answer can be continued. Each request restarts
// its grammar, and tool calls cannot be continued. A continued answer has no more reasoning,
// so a request with FailOnUnsupported that asks for reasoning would fail.
func canContinue(req *llm.Request, o *Options) bool {
	return len(req.Tools) == 0 && req.Format == nil && o.Grammar == "" && !(req.FailOnUnsupported && reasons(req))
}

// reasons reports whether a request asks for reasoning.
func reasons(req *llm.Request) bool {
	return req.ReasoningEffort != "" && req.ReasoningEffort != llm.EffortNone
}

// continued returns the beginning of an answer that the request asks to continue. It returns
// false if there is none, or if the server's own endpoints do not support the request.
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

// text returns the text of a message. Refusals are sent as text.
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

// continueAnswer answers a chat that ends with the beginning of the answer. It does not use
// the chat endpoint, which repeats the beginning in its reply if the reply is not streamed,
// and does not repeat it in a stream. The prompt is the same.
func (p *Provider) continueAnswer(ctx context.Context, call *llm.Call, o *Options, begun string, yield func(llm.Event, error) bool) error {
	b := p.newCompletion(call, o)
	if reasons(call.Request) {
		b.warn("ReasoningEffort", "the answer is continued without more reasoning")
	}
	if err := p.checkSupported(b); err != nil { // before render sends a request
		return err
	}
	rendered, err := p.render(ctx, call, o, begun)
	if err != nil {
		return err
	}
	b.body["prompt"] = rendered
	return p.answer(ctx, b, yield)
}

// render returns the prompt for a chat that ends with the beginning of the answer, made with
// the model's template.
func (p *Provider) render(ctx context.Context, call *llm.Call, o *Options, begun string) (string, error) {
	type message struct {
		Role    string `json:"role"`
		Content string `json:"content"`
		Name    string `json:"name,omitempty"` // some templates use it
	}
	chat := map[string]any{}
	if call.Model != "" { // a server with several models selects by it
		chat["model"] = call.Model
	}
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
		provider.ErrorMember
		Prompt *string `json:"prompt"`
	}
	r, err := p.server.Value(ctx, call, "/apply-template", body, &got)
	if err != nil {
		return "", err
	}
	defer r.Close()
	switch {
	case got.Prompt == nil:
		return "", r.ReplyError(llm.Protocol, "the reply has no prompt")
	case len(*got.Prompt) < len(begun) || (*got.Prompt)[len(*got.Prompt)-len(begun):] != begun:
		return "", r.ReplyError(llm.Unsupported, "the server does not continue an assistant message at the end of a conversation: "+
			"update it, or start it without --no-prefill-assistant")
	}
	return *got.Prompt, nil
}

// marshal returns a body as JSON.
func (p *Provider) marshal(call *llm.Call, body any) ([]byte, error) {
	data, err := json.Marshal(body)
	if err != nil {
		return nil, p.fail(call, llm.InvalidRequest, "the request cannot be encoded as JSON: check Options: %v", err)
	}
	return data, nil
}
