package openai

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"strings"

	"github.com/parley-llm/parley/internal/httpcall"
	"github.com/parley-llm/parley/internal/offline"
	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
)

// CountBy selects who counts the tokens of a request.
type CountBy string

// The values of [Options.CountBy].
const (
	// CountOffline counts in this process, without the network. The count is an estimate,
	// see [tokens.CountRequest]. It is the default.
	CountOffline CountBy = ""
	// CountRemote asks the server. OpenAI, Azure, llama.cpp and vLLM have a token counter.
	// For other servers, the call fails with kind [llm.Unsupported].
	//
	// Counts of llama.cpp and vLLM are exact, except for requests with images, audio or
	// files. OpenAI and Azure count tokens for their Responses API, where a chat with tools
	// or a response format has fewer tokens (up to 82 fewer in recorded replies). So their
	// counts are estimates.
	CountRemote CountBy = "remote"
)

// CountTokens answers a call for a token count. Options.Hook and Options.Extra affect a
// remote count, but not an offline count.
func (p operations) CountTokens(ctx context.Context, call *llm.Call, yield func(llm.Event, error) bool) error {
	switch by := llmutil.OptionsFor[Options](call.Request.Options).CountBy; by {
	case CountOffline:
		return offline.Count(ctx, call, p.name, p.config.Encoding, yield)
	case CountRemote:
		return p.countRemote(ctx, call, yield)
	default:
		return p.fail(call, llm.InvalidRequest, "Options.CountBy is %q: use openai.CountOffline or openai.CountRemote", by)
	}
}

func (p *Provider) countRemote(ctx context.Context, call *llm.Call, yield func(llm.Event, error) bool) error {
	switch p.config.Server {
	case OpenAI, Azure:
		return p.countByResponses(ctx, call, yield)
	case LlamaCpp:
		return p.countByLlamaCpp(ctx, call, yield)
	case VLLM:
		return p.countByVLLM(ctx, call, yield)
	}
	return p.fail(call, llm.Unsupported,
		"%s has no token counter: use openai.CountOffline", p.config.Server)
}

// counted is the reply of a token counter. Each server has one of the members.
type counted struct {
	provider.ErrorMember
	InputTokens *int            `json:"input_tokens"` // OpenAI, llama.cpp
	Count       *int            `json:"count"`        // vLLM
	Tokens      json.RawMessage `json:"tokens"`       // llama.cpp's /tokenize: a list
	Prompt      *string         `json:"prompt"`       // llama.cpp's /apply-template
}

// post sends a body to a counter. The caller closes the reply, unless there is an error.
func (p *Provider) post(ctx context.Context, call *llm.Call, url string, body []byte, got *counted) (*httpcall.Reply, error) {
	req, err := p.request(ctx, call, url, body, p.headers.json)
	if err != nil {
		return nil, err
	}
	return provider.Value(ctx, p.client, req, got)
}

// finishCount emits a count and closes the reply.
func finishCount(r *httpcall.Reply, model string, n *int, exact bool, source string, yield func(llm.Event, error) bool) error {
	defer r.Close()
	if n == nil || *n < 0 {
		return r.ReplyError(llm.Protocol, "the reply has no token count")
	}
	if !exact {
		source = "estimate: " + source
	}
	provider.Result(r, model, &llm.TokenCount{Tokens: *n, Exact: exact, Source: source}, llm.Usage{}, yield)
	return nil
}

// textOnly reports whether a request has no images, audio or files. A tokenizer counts
// only the placeholders for these in a prompt.
func textOnly(req *llm.Request) bool {
	for _, m := range req.Messages {
		for _, part := range m.Parts {
			switch part.(type) {
			case llm.Image, llm.Audio, llm.File:
				return false
			}
		}
	}
	return true
}

// rootURL returns the URL of a path that is not below the version of the API.
func (p *Provider) rootURL(path string) string {
	return strings.TrimSuffix(p.baseURL, "/v1") + path
}

// countBody returns the body of the chat as JSON, without the members that only concern
// its reply, and with placeholders for the attachments.
func (p *Provider) countBody(call *llm.Call) ([]byte, *attachments, error) {
	b, err := p.buildChat(call)
	if err != nil {
		return nil, nil, err
	}
	changes := map[string]any{}
	maps.Copy(changes, b.changes)
	changes["stream"], changes["stream_options"] = nil, nil
	b.changes = changes
	data, err := b.marshal()
	return data, &b.attachments, err
}

// countByLlamaCpp asks llama.cpp's token counter for chats. If the server is too old to have
// it, the server applies the chat template and tokenizes the prompt instead.
// https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md
func (p *Provider) countByLlamaCpp(ctx context.Context, call *llm.Call, yield func(llm.Event, error) bool) error {
	body, attached, err := p.countBody(call)
	if err != nil {
		return err
	}
	body = attached.insert(body)
	var got counted
	r, err := p.post(ctx, call, p.url(chatPath+"/input_tokens", call.Model), body, &got)
	if err == nil {
		return finishCount(r, call.Model, got.InputTokens, textOnly(call.Request), "llama.cpp "+chatPath+"/input_tokens", yield)
	}
	if e, ok := errors.AsType[*llm.Error](err); !ok || e.Status != http.StatusNotFound {
		return err
	}
	got = counted{}
	if r, err = p.post(ctx, call, p.rootURL("/apply-template"), body, &got); err != nil {
		return err
	}
	defer r.Close()
	if got.Prompt == nil {
		return r.ReplyError(llm.Protocol, "the reply has no prompt")
	}
	// The prompt contains control tokens, and the server adds the first token as it does
	// for a chat.
	text, err := json.Marshal(map[string]any{"content": *got.Prompt, "add_special": true, "parse_special": true})
	if err != nil {
		return p.fail(call, llm.Protocol, "the prompt cannot be encoded as JSON: %v", err)
	}
	got = counted{}
	tokenized, err := p.post(ctx, call, p.rootURL("/tokenize"), text, &got)
	if err != nil {
		return err
	}
	var list []json.RawMessage
	var n *int
	if httpcall.IsSet(got.Tokens) && json.Unmarshal(got.Tokens, &list) == nil {
		n = new(len(list))
	}
	return finishCount(tokenized, call.Model, n, textOnly(call.Request), "llama.cpp /apply-template and /tokenize", yield)
}

// countByVLLM asks vLLM's tokenizer. It accepts the members of a chat that its prompt is
// made from:
// https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html#tokenizer-api
func (p *Provider) countByVLLM(ctx context.Context, call *llm.Call, yield func(llm.Event, error) bool) error {
	body, attached, err := p.countBody(call)
	if err != nil {
		return err
	}
	var chat map[string]json.RawMessage
	if err := json.Unmarshal(body, &chat); err != nil {
		return p.fail(call, llm.InvalidRequest, "%v", err)
	}
	prompt := map[string]json.RawMessage{"add_generation_prompt": json.RawMessage("true")}
	for _, name := range []string{
		"model", "messages", "tools", "chat_template", "chat_template_kwargs", "add_generation_prompt",
		"continue_final_message", "add_special_tokens", "mm_processor_kwargs",
	} {
		if value, set := chat[name]; set {
			prompt[name] = value
		}
	}
	if body, err = json.Marshal(prompt); err != nil {
		return p.fail(call, llm.InvalidRequest, "%v", err)
	}
	var got counted
	r, err := p.post(ctx, call, p.rootURL("/tokenize"), attached.insert(body), &got)
	if err != nil {
		return err
	}
	return finishCount(r, call.Model, got.Count, textOnly(call.Request), "vLLM /tokenize", yield)
}
