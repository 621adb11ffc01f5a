package openai

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/parley-llm/parley/internal/httpcall"
	"github.com/parley-llm/parley/internal/offline"
	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
)

// CountBy says who counts the tokens of a request.
type CountBy string

// Who counts tokens.
const (
	// CountOffline counts in this process and uses no network: an estimate, see
	// [tokens.CountRequest]. It is the default.
	CountOffline CountBy = ""
	// CountRemote asks the server. OpenAI, Azure, llama.cpp and vLLM have a
	// counter; others are an [llm.Unsupported] error.
	//
	// llama.cpp and vLLM count what they would be given in the same chat, so that
	// the count is exact, but for images and the like. OpenAI and Azure count for their Responses API, in which
	// a chat with tools or a response format has fewer tokens: up to 82 fewer in
	// recorded replies. What they say is an estimate of a chat for that.
	CountRemote CountBy = "remote"
)

// countTokens answers a call for a token count. Options.Hook and Options.Extra
// change what a server counts, but not what is counted offline.
func (p *Provider) countTokens(ctx context.Context, call *llm.Call, yield func(llm.Event, error) bool) error {
	switch by := llmutil.OptionsFor[Options](call.Request.Options).CountBy; by {
	case CountOffline:
		return offline.Count(ctx, call, p.name, p.config.Encoding, yield)
	case CountRemote:
		return p.countRemote(ctx, call, yield)
	default:
		return p.fail(call, llm.InvalidRequest, "Options.CountBy is %q: use one of the constants of openai.CountBy", by)
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
		"%s has no token counter: OpenAI, Azure, llama.cpp and vLLM have one, and openai.CountOffline needs none", p.config.Server)
}

// counted is the reply of a counter, in the words of each.
type counted struct {
	provider.Failure
	InputTokens *int            `json:"input_tokens"` // OpenAI, llama.cpp
	Count       *int            `json:"count"`        // vLLM
	Tokens      json.RawMessage `json:"tokens"`       // llama.cpp's /tokenize: a list
	Prompt      *string         `json:"prompt"`       // llama.cpp's /apply-template
}

// ask posts a body to a place beside the chat endpoint: url is made of the
// chat's. The caller closes the reply, unless there is an error.
func (p *Provider) ask(ctx context.Context, call *llm.Call, url func(chat string) string, body []byte, got *counted) (*httpcall.Reply, error) {
	chat := call.Clone()
	chat.Op = llm.OpChat
	req, err := p.request(ctx, chat, http.MethodPost, body, acceptJSON)
	if err != nil {
		return nil, err
	}
	req.Call, req.URL = call, url(req.URL)
	return provider.Value(ctx, p.client, req, got)
}

// finishCount passes on a count and closes the reply.
func finishCount(r *httpcall.Reply, model string, n *int, exact bool, source string, yield func(llm.Event, error) bool) error {
	defer r.Close()
	if n == nil || *n < 0 {
		return r.Fail(llm.Protocol, "the reply has no number of tokens")
	}
	if !exact {
		source = "estimate: " + source
	}
	provider.Result(r, model, &llm.TokenCount{Tokens: *n, Exact: exact, Source: source}, llm.Usage{}, yield)
	return nil
}

// textOnly reports whether there are only texts in a request. A tokenizer sees
// the marks that stand for the images of a prompt, not the images.
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

// chatPath is the end of a chat's URL.
const chatPath = "/chat/completions"

// rootOf returns a place at the server's root, which is where the API without
// its version is.
func rootOf(chat, place string) string {
	base, _, _ := strings.Cut(chat, chatPath)
	return strings.TrimSuffix(base, "/v1") + place
}

// countBody returns the body of the chat, without what belongs to its reply.
func (p *Provider) countBody(call *llm.Call) ([]byte, error) {
	body, _, err := p.marshalChat(call)
	if err != nil {
		return nil, err
	}
	return provider.Merge(body, map[string]any{"stream": nil, "stream_options": nil})
}

// countByLlamaCpp asks llama.cpp's counter of chats, or where the server is too
// old for it has the template applied and the prompt tokenized.
// https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md
func (p *Provider) countByLlamaCpp(ctx context.Context, call *llm.Call, yield func(llm.Event, error) bool) error {
	body, err := p.countBody(call)
	if err != nil {
		return err
	}
	var got counted
	r, err := p.ask(ctx, call, func(chat string) string { return chat + "/input_tokens" }, body, &got)
	if err == nil {
		return finishCount(r, call.Model, got.InputTokens, textOnly(call.Request), "llama.cpp "+chatPath+"/input_tokens", yield)
	}
	if e, ok := errors.AsType[*llm.Error](err); !ok || e.Status != http.StatusNotFound {
		return err
	}
	got = counted{}
	if r, err = p.ask(ctx, call, func(chat string) string { return rootOf(chat, "/apply-template") }, body, &got); err != nil {
		return err
	}
	defer r.Close()
	if got.Prompt == nil {
		return r.Fail(llm.Protocol, "the reply has no prompt")
	}
	// A prompt made from a template has control tokens, and the server adds the
	// first one as it does to a chat.
	text, err := json.Marshal(map[string]any{"content": *got.Prompt, "add_special": true, "parse_special": true})
	if err != nil {
		return p.fail(call, llm.Protocol, "the prompt cannot be written as JSON: %v", err)
	}
	got = counted{}
	tokenized, err := p.ask(ctx, call, func(chat string) string { return rootOf(chat, "/tokenize") }, text, &got)
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

// countByVLLM asks vLLM's tokenizer, which takes the members of a chat that make
// its prompt: https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html#tokenizer-api
func (p *Provider) countByVLLM(ctx context.Context, call *llm.Call, yield func(llm.Event, error) bool) error {
	body, err := p.countBody(call)
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
	r, err := p.ask(ctx, call, func(chat string) string { return rootOf(chat, "/tokenize") }, body, &got)
	if err != nil {
		return err
	}
	return finishCount(r, call.Model, got.Count, textOnly(call.Request), "vLLM /tokenize", yield)
}
