package openai_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/tokens"
	"github.com/parley-llm/parley/providers/openai"
)

// asked is what a counter was asked.
type asked struct {
	Path string
	Body any
}

// counterServer is a server on loopback with these replies by path; there is
// nothing elsewhere. It keeps what it is asked.
func counterServer(t *testing.T, replies map[string]string) (base string, requests *[]asked) {
	t.Helper()
	requests = new([]asked)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		*requests = append(*requests, asked{r.Method + " " + r.URL.Path, fromJSON(t, string(body))})
		w.Header().Set("Content-Type", "application/json")
		if r.Header.Get("Authorization") != "Bearer "+testKey && r.Header.Get("Api-Key") != testKey {
			w.WriteHeader(401)
			return
		}
		reply, ok := replies[r.URL.Path]
		if !ok {
			w.WriteHeader(404)
			io.WriteString(w, `{"error":{"code":404,"message":"File Not Found","type":"not_found_error"}}`)
			return
		}
		io.WriteString(w, reply)
	}))
	t.Cleanup(server.Close)
	return server.URL, requests
}

var remote = []llm.Options{openai.Options{CountBy: openai.CountRemote}}

// everything is a request with all that a counter has to be told.
func everything() *llm.Request {
	return &llm.Request{
		Messages: []llm.Message{
			llm.System("Be terse."),
			llm.User("Look:", llm.Image{URL: "https://example.com/a.png", Quality: "low"}, llm.File{ID: "file-1"}),
			{Role: llm.RoleAssistant, Parts: []llm.Part{llm.Text{Text: "I look."}, llm.Reasoning{Text: "hm"}, llm.ToolCall{ID: "c1", Name: "look", Arguments: `{"at":1}`}}},
			llm.ToolResults(llm.ToolResult{CallID: "c1", Content: "a cat"}),
		},
		Tools:             []llm.Tool{{Name: "look", Description: "Looks.", Parameters: []byte(`{"type":"object","properties":{"at":{"type":"integer"}},"required":["at"],"additionalProperties":false}`), Strict: new(true)}, {Name: "stop"}},
		ToolChoice:        llm.ToolChoice{Mode: llm.ToolNamed, Name: "look"},
		ParallelToolCalls: new(false),
		ReasoningEffort:   llm.EffortLow,
		Format:            &llm.Format{Name: "cat", Description: "A cat.", Schema: []byte(`{"type":"object"}`)},
		MaxTokens:         10,
		Options:           remote,
	}
}

func TestTokensAreCountedOfflineUnlessAskedOtherwise(t *testing.T) {
	for _, tt := range []struct {
		name, model string
		config      openai.Config
		want        llm.TokenCount
	}{
		{"OpenAI", "gpt-4o", openai.Config{}, llm.TokenCount{Tokens: 8, Source: "estimate: o200k_base and OpenAI's message format, offline"}},
		{
			"an unknown model", "my-deployment", openai.Config{Server: openai.Azure},
			llm.TokenCount{Tokens: 8, Source: `estimate: o200k_base for the unknown model "my-deployment" and OpenAI's message format, offline`},
		},
		{
			"a model with its encoding", "llama", openai.Config{Server: openai.VLLM, Encoding: tokens.CL100kBase()},
			llm.TokenCount{Tokens: 8, Source: "estimate: cl100k_base and OpenAI's message format, offline"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := model(t, tt.config, func(http.ResponseWriter, *http.Request) { t.Error("something was sent") })
			count, err := m.With(llm.WithName(tt.model)).CountTokens(t.Context(), llm.Prompt("hi"))
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "count", *count, tt.want)
		})
	}
}

func TestStrictCountOfAnUnknownModelIsAnError(t *testing.T) {
	m := model(t, openai.Config{}, func(http.ResponseWriter, *http.Request) { t.Error("something was sent") })
	_, err := m.CountTokens(t.Context(), &llm.Request{Messages: llm.Prompt("hi").Messages, FailOnUnsupported: true})
	e := wantError(t, err, llm.Unsupported, "no encoding is known for this model")
	equal(t, "provider, model, op", []any{e.Provider, e.Model, e.Op}, []any{"openai", "m", llm.OpCountTokens})
}

func TestCancelledCountIsNotMade(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	m := model(t, openai.Config{}, func(http.ResponseWriter, *http.Request) { t.Error("something was sent") })
	if _, err := m.CountTokens(ctx, llm.Prompt("hi")); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v, want one that matches context.Canceled", err)
	}
}

func TestServersCountWithTheirOwnCounters(t *testing.T) {
	chat := map[string]any{"role": "user", "content": "hi"}
	for _, tt := range []struct {
		name    string
		config  openai.Config
		path    string // after the server's address, where the API is
		replies map[string]string
		want    llm.TokenCount
		asked   []string
	}{
		{
			"OpenAI", openai.Config{}, "/v1", map[string]string{"/v1/responses/input_tokens": `{"object":"response.input_tokens","input_tokens":11}`},
			llm.TokenCount{Tokens: 11, Source: "estimate: openai /responses/input_tokens, which counts for the Responses API"},
			[]string{"POST /v1/responses/input_tokens"},
		},
		{
			"Azure", openai.Config{Server: openai.Azure}, "", map[string]string{"/openai/v1/responses/input_tokens": `{"object":"response.input_tokens","input_tokens":11}`},
			llm.TokenCount{Tokens: 11, Source: "estimate: azure /responses/input_tokens, which counts for the Responses API"},
			[]string{"POST /openai/v1/responses/input_tokens"},
		},
		{
			"llama.cpp", openai.Config{Server: openai.LlamaCpp}, "/v1", map[string]string{"/v1/chat/completions/input_tokens": `{"input_tokens":23,"object":"response.input_tokens"}`},
			llm.TokenCount{Tokens: 23, Exact: true, Source: "llama.cpp /chat/completions/input_tokens"},
			[]string{"POST /v1/chat/completions/input_tokens"},
		},
		{
			"llama.cpp without a counter", openai.Config{Server: openai.LlamaCpp}, "/v1",
			map[string]string{"/apply-template": `{"prompt":"<|user|>\nhi\n<|assistant|>\n"}`, "/tokenize": `{"tokens":[1,559,606,637]}`},
			llm.TokenCount{Tokens: 4, Exact: true, Source: "llama.cpp /apply-template and /tokenize"},
			[]string{"POST /v1/chat/completions/input_tokens", "POST /apply-template", "POST /tokenize"},
		},
		{
			"vLLM", openai.Config{Server: openai.VLLM}, "/v1", map[string]string{"/tokenize": `{"count":9,"max_model_len":4096,"tokens":[1,2,3,4,5,6,7,8,9]}`},
			llm.TokenCount{Tokens: 9, Exact: true, Source: "vLLM /tokenize"},
			[]string{"POST /tokenize"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			base, requests := counterServer(t, tt.replies)
			tt.config.BaseURL = base + tt.path
			count, err := llm.New(provider(t, tt.config), "m").CountTokens(t.Context(), &llm.Request{Messages: llm.Prompt("hi").Messages, Options: remote})
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "count", *count, tt.want)
			var paths []string
			for _, r := range *requests {
				paths = append(paths, r.Path)
				body := r.Body.(map[string]any)
				if body["stream"] != nil || body["stream_options"] != nil {
					t.Errorf("%s was asked for a stream: %v", r.Path, body)
				}
				if messages, isChat := body["messages"].([]any); isChat {
					equal(t, "messages sent to "+r.Path, messages, []any{chat})
				}
			}
			equal(t, "requests", paths, tt.asked)
		})
	}
}

func TestLlamaCppTokenizesThePromptAsItDoesAChats(t *testing.T) {
	base, requests := counterServer(t, map[string]string{"/apply-template": `{"prompt":"<|user|>hi"}`, "/tokenize": `{"tokens":[1]}`})
	m := llm.New(provider(t, openai.Config{Server: openai.LlamaCpp, BaseURL: base + "/v1"}), "m")
	if _, err := m.CountTokens(t.Context(), &llm.Request{Messages: llm.Prompt("hi").Messages, Options: remote}); err != nil {
		t.Fatal(err)
	}
	equal(t, "what /tokenize is asked", (*requests)[2].Body, any(map[string]any{"content": "<|user|>hi", "add_special": true, "parse_special": true}))
}

func TestTokenizersDoNotSeeImages(t *testing.T) {
	base, _ := counterServer(t, map[string]string{"/tokenize": `{"count":9}`})
	req := &llm.Request{Messages: []llm.Message{llm.User("hi", llm.Image{URL: "https://example.com/a.png"})}, Options: remote}
	count, err := llm.New(provider(t, openai.Config{Server: openai.VLLM, BaseURL: base + "/v1"}), "m").CountTokens(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "count", *count, llm.TokenCount{Tokens: 9, Source: "estimate: vLLM /tokenize"})
}

func TestVLLMIsSentWhatMakesThePrompt(t *testing.T) {
	base, requests := counterServer(t, map[string]string{"/tokenize": `{"count":9}`})
	req := &llm.Request{
		Messages: llm.Prompt("hi").Messages, Tools: []llm.Tool{{Name: "f"}}, MaxTokens: 7, Temperature: new(0.5),
		Options: []llm.Options{openai.Options{CountBy: openai.CountRemote, ChatTemplateKwargs: map[string]any{"enable_thinking": false}}},
	}
	if _, err := llm.New(provider(t, openai.Config{Server: openai.VLLM, BaseURL: base + "/v1"}), "m").CountTokens(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	want := fromJSON(t, `{"model":"m","messages":[{"role":"user","content":"hi"}],"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{}}}}],`+
		`"chat_template_kwargs":{"enable_thinking":false},"add_generation_prompt":true}`)
	equal(t, "the request", (*requests)[0].Body, want)
}

func TestOpenAIIsAskedInTheWordsOfTheResponsesAPI(t *testing.T) {
	base, requests := counterServer(t, map[string]string{"/v1/responses/input_tokens": `{"input_tokens":99}`})
	if _, err := llm.New(provider(t, openai.Config{BaseURL: base + "/v1"}), "gpt-4o").CountTokens(t.Context(), everything()); err != nil {
		t.Fatal(err)
	}
	want := fromJSON(t, `{"model":"gpt-4o","input":[
		{"type":"message","role":"system","content":[{"type":"input_text","text":"Be terse."}]},
		{"type":"message","role":"user","content":[{"type":"input_text","text":"Look:"},
			{"type":"input_image","image_url":"https://example.com/a.png","detail":"low"},{"type":"input_file","file_id":"file-1"}]},
		{"type":"message","role":"assistant","content":[{"type":"output_text","text":"I look."}]},
		{"type":"function_call","call_id":"c1","name":"look","arguments":"{\"at\":1}"},
		{"type":"function_call_output","call_id":"c1","output":"a cat"}],
		"tools":[{"type":"function","name":"look","description":"Looks.","parameters":{"type":"object","properties":{"at":{"type":"integer"}},"required":["at"],"additionalProperties":false},"strict":true},
			{"type":"function","name":"stop","parameters":{"type":"object","properties":{}},"strict":false}],
		"tool_choice":{"type":"function","name":"look"},"parallel_tool_calls":false,"reasoning":{"effort":"low"},
		"text":{"format":{"type":"json_schema","name":"cat","description":"A cat.","schema":{"type":"object"},"strict":false}}}`)
	if diff := cmp.Diff(want, (*requests)[0].Body); diff != "" {
		t.Errorf("the request (-want +got):\n%s", diff)
	}
}

func TestCountsThatCannotBeHadAreErrors(t *testing.T) {
	audio := &llm.Request{Messages: []llm.Message{llm.User("hi", llm.Audio{Data: []byte("RIFF")})}, Options: remote}
	ask := &llm.Request{Messages: llm.Prompt("hi").Messages, Options: remote}
	for _, tt := range []struct {
		name    string
		config  openai.Config
		req     *llm.Request
		replies map[string]string
		kind    llm.Kind
		message string
	}{
		{"a server without a counter", openai.Config{Server: openai.Groq}, ask, nil, llm.Unsupported, "groq has no token counter: use openai.CountOffline"},
		{"Azure by deployments", openai.Config{Server: openai.Azure, AzureAPIVersion: "2024-10-21"}, ask, nil, llm.Unsupported, "only in its v1 API: leave Config.AzureAPIVersion empty"},
		{"sound, which the Responses API does not take", openai.Config{}, audio, nil, llm.Unsupported, "message 0: a part of type llm.Audio is not supported by the token counter"},
		{
			"no such counter", openai.Config{}, &llm.Request{Messages: ask.Messages, Options: []llm.Options{openai.Options{CountBy: "thumb"}}}, nil,
			llm.InvalidRequest, `Options.CountBy is "thumb"`,
		},
		{"a counter that is not there", openai.Config{}, ask, nil, llm.NotFound, "File Not Found"},
		{"a reply without a count", openai.Config{}, ask, map[string]string{"/responses/input_tokens": `{"object":"x"}`}, llm.Protocol, "the reply has no token count"},
		{"a count below zero", openai.Config{}, ask, map[string]string{"/responses/input_tokens": `{"input_tokens":-1}`}, llm.Protocol, "the reply has no token count"},
		{"a reply that is no JSON", openai.Config{}, ask, map[string]string{"/responses/input_tokens": `<html>`}, llm.Protocol, "cannot decode the reply"},
		{"an error in a reply", openai.Config{Server: openai.VLLM}, ask, map[string]string{"/tokenize": `{"error":{"message":"no template","code":400}}`}, llm.InvalidRequest, "no template"},
		{"no prompt", openai.Config{Server: openai.LlamaCpp}, ask, map[string]string{"/apply-template": `{}`}, llm.Protocol, "no prompt"},
		{"no list of tokens", openai.Config{Server: openai.LlamaCpp}, ask, map[string]string{"/apply-template": `{"prompt":"p"}`, "/tokenize": `{"tokens":7}`}, llm.Protocol, "the reply has no token count"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			base, _ := counterServer(t, tt.replies)
			tt.config.BaseURL = base
			_, err := llm.New(provider(t, tt.config), "m").CountTokens(t.Context(), tt.req)
			e := wantError(t, err, tt.kind, tt.message)
			equal(t, "model, op", []any{e.Model, e.Op}, []any{"m", llm.OpCountTokens})
		})
	}
}

// TestRecordedCounterOfLlamaCpp replays a real server's counter, and holds its
// count to the usage that the same server reported of the same chat.
func TestRecordedCounterOfLlamaCpp(t *testing.T) {
	exchanges := openai.Exchanges(t)
	find := func(name string) openai.Exchange {
		t.Helper()
		i := slices.IndexFunc(exchanges, func(e openai.Exchange) bool { return e.Name == name })
		if i < 0 {
			t.Fatalf("there is no recording %s", name)
		}
		return exchanges[i]
	}
	counter, chat := find("llamacpp/v1-input-tokens"), find("llamacpp/v1-chat")
	server := newReplay(t, counter)
	req := requestFrom(t, fromJSON(t, chat.Request).(map[string]any))
	req.Options = append(req.Options, remote...)
	count, err := llm.New(provider(t, openai.Config{Server: openai.LlamaCpp, BaseURL: server.URL + "/v1"}), "m").CountTokens(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	usage, _ := readInputTokens(t, chat.Body)
	equal(t, "count", *count, llm.TokenCount{Tokens: usage, Exact: true, Source: "llama.cpp /chat/completions/input_tokens"})
	equal(t, "path", server.path, "POST "+counter.Path)

	template := readRecorded(t, "apply-template.body")
	base, _ := counterServer(t, map[string]string{"/apply-template": template, "/tokenize": readRecorded(t, "tokenize.body")})
	count, err = llm.New(provider(t, openai.Config{Server: openai.LlamaCpp, BaseURL: base + "/v1"}), "m").CountTokens(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "count without a counter", *count, llm.TokenCount{Tokens: 9, Exact: true, Source: "llama.cpp /apply-template and /tokenize"})
}

func readRecorded(t testing.TB, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(os.Getenv("PARLEY_CONFORMANCE"), "llamacpp", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
