package openai_test

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	vendor "github.com/sashabaranov/go-openai"

	"github.com/parley-llm/parley/internal/providertest"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/openai"
)

const emptyResponse = `{"object":"response","id":"resp_1","status":"completed","output":[],"usage":{"input_tokens":1,"output_tokens":1}}`

func TestAPIOfAChat(t *testing.T) {
	const chat, responses = "/v1/chat/completions", "/v1/responses"
	azure := openai.Config{Server: openai.Azure}
	for _, tt := range []struct {
		config openai.Config
		model  string
		option openai.Options
		path   string
	}{
		{openai.Config{}, "gpt-5.4", openai.Options{}, responses},
		{openai.Config{}, "gpt-5.4-mini-2026-03-17", openai.Options{}, responses},
		{openai.Config{}, "gpt-5.6-luna", openai.Options{}, responses},
		{openai.Config{}, "gpt-6-luna", openai.Options{}, responses},
		{openai.Config{}, "gpt-7.2-nova", openai.Options{}, responses},
		{openai.Config{}, "gpt-12", openai.Options{}, responses},
		{openai.Config{}, "gpt-5-codex", openai.Options{}, responses},
		{openai.Config{}, "o3-pro", openai.Options{}, responses},
		{openai.Config{}, "o4-mini-deep-research", openai.Options{}, responses},
		{openai.Config{}, "gpt-5.2", openai.Options{}, chat},
		{openai.Config{}, "gpt-5-mini", openai.Options{}, chat},
		{openai.Config{}, "gpt-4o", openai.Options{}, chat},
		{openai.Config{}, "gpt-4.1", openai.Options{}, chat},
		{openai.Config{}, "gpt-oss-120b", openai.Options{}, chat},
		{openai.Config{}, "gpt-6-audio-preview", openai.Options{}, chat},
		{openai.Config{}, "o3", openai.Options{}, chat},
		{openai.Config{BaseURL: "https://eu.api.openai.com/v1"}, "gpt-6-luna", openai.Options{}, responses},
		{openai.Config{BaseURL: "https://gateway.example/v1"}, "gpt-6-luna", openai.Options{}, chat},
		{openai.Config{BaseURL: "https://notopenai.com/v1"}, "gpt-6-luna", openai.Options{}, chat},
		{openai.Config{Server: openai.OpenRouter}, "openai/gpt-6-luna", openai.Options{}, "/api" + chat},
		{azure, "gpt-6-luna", openai.Options{}, "/openai" + responses},
		{azure, "gpt-35-turbo", openai.Options{}, "/openai" + chat},
		{azure, "gpt-41-mini", openai.Options{}, "/openai" + chat},
		{azure, "prod", openai.Options{}, "/openai" + chat},
		{openai.Config{Server: openai.Azure, AzureAPIVersion: "2025-04-01-preview"}, "gpt-6-luna", openai.Options{}, "/openai/responses?api-version=2025-04-01-preview"},
		{openai.Config{Server: openai.Azure, AzureAPIVersion: "2024-10-21"}, "gpt-6-luna", openai.Options{}, "/openai/deployments/gpt-6-luna/chat/completions?api-version=2024-10-21"},
		{openai.Config{}, "gpt-6-luna", openai.Options{API: openai.APIChat}, chat},
		{openai.Config{API: openai.APIChat}, "gpt-6-luna", openai.Options{}, chat},
		{openai.Config{API: openai.APIChat}, "gpt-4o", openai.Options{API: openai.APIResponses}, responses},
		{openai.Config{Server: openai.OpenRouter, API: openai.APIResponses}, "x", openai.Options{}, "/api" + responses},
		{openai.Config{}, "gpt-4o", openai.Options{ServerTools: []map[string]any{{"type": "web_search"}}}, responses},
		{openai.Config{BaseURL: "https://gateway.example/v1"}, "x", openai.Options{PreviousResponseID: "resp_0"}, responses},
		{openai.Config{}, "gpt-6-luna", openai.Options{Hook: func(*vendor.ChatCompletionRequest) {}}, chat},
	} {
		path := ""
		m := model(t, tt.config, func(w http.ResponseWriter, r *http.Request) {
			path = r.URL.RequestURI()
			body := emptyResponse
			if strings.Contains(path, "chat") {
				body = `{"choices":[{"message":{"content":"ok"},"finish_reason":"stop"}]}`
			}
			says(200, "application/json", body)(w, r)
		}).With(llm.WithName(tt.model))
		answer(t, m, &llm.Request{Messages: hi, Options: []llm.Options{tt.option}})
		if path != tt.path {
			t.Errorf("%s with %+v, %v: the path is %s, want %s", tt.model, tt.config, tt.option.API, path, tt.path)
		}
	}
}

func TestUnknownAPIsAreErrors(t *testing.T) {
	_, err := openai.New(openai.Config{APIKey: testKey, API: "soap"})
	wantError(t, err, llm.InvalidRequest, `Config.API is "soap"`)
	m := model(t, openai.Config{}, says(200, "application/json", emptyResponse))
	_, err = m.Generate(t.Context(), &llm.Request{Messages: hi, Options: []llm.Options{openai.Options{API: "soap"}}})
	wantError(t, err, llm.InvalidRequest, `Options.API is "soap"`)
	_, err = m.Generate(t.Context(), &llm.Request{Messages: hi, Options: []llm.Options{openai.Options{API: openai.APIChat, Conversation: "conv"}}})
	wantError(t, err, llm.Unsupported, "Options.Conversation is a setting of the Responses API")
	_, err = m.Generate(t.Context(), &llm.Request{Messages: hi, Options: []llm.Options{openai.Options{API: openai.APIResponses, Hook: func(*vendor.ChatCompletionRequest) {}}}})
	wantError(t, err, llm.Unsupported, "Options.Hook")
}

func TestResponsesRequests(t *testing.T) {
	schema := json.RawMessage(`{"type":"object","properties":{},"required":[],"additionalProperties":false}`)
	for _, tt := range []struct {
		name   string
		model  string
		req    llm.Request
		want   string // members of the body, besides model, input, store and stream
		warned string
	}{
		{name: "a reasoning model", model: "gpt-6-luna", want: `{"include":["reasoning.encrypted_content"]}`},
		{name: "a model that does not reason", model: "gpt-4o", want: `{}`},
		{name: "an unknown model", model: "prod", want: `{"include":["reasoning.encrypted_content"]}`},
		{
			name: "settings of another API", model: "gpt-4o",
			req:  llm.Request{Temperature: new(0.0), TopP: new(0.5), TopK: new(3), Seed: new(int64(1)), Stop: []string{"x"}, PresencePenalty: new(1.0), FrequencyPenalty: new(1.0), MaxTokens: 100},
			want: `{"temperature":0,"top_p":0.5,"max_output_tokens":100}`, warned: "Seed Stop PresencePenalty FrequencyPenalty TopK",
		},
		{name: "sampling of a reasoning model", model: "gpt-6-luna", req: llm.Request{Temperature: new(0.5), TopP: new(0.5), Logprobs: true, ReasoningEffort: llm.EffortHigh}, want: `{"reasoning":{"effort":"high"},"include":["reasoning.encrypted_content"]}`, warned: "Temperature TopP Logprobs"},
		{name: "sampling without reasoning", model: "gpt-6-luna", req: llm.Request{Temperature: new(0.5), ReasoningEffort: llm.EffortNone}, want: `{"reasoning":{"effort":"none"},"temperature":0.5,"include":["reasoning.encrypted_content"]}`},
		{name: "reasoning of a model without", model: "gpt-5-chat-latest", req: llm.Request{ReasoningEffort: llm.EffortHigh}, want: `{}`, warned: "ReasoningEffort"},
		{name: "minimal effort of a newer model", model: "gpt-5.6-sol", req: llm.Request{ReasoningEffort: llm.EffortMinimal}, want: `{"reasoning":{"effort":"low"},"include":["reasoning.encrypted_content"]}`, warned: "ReasoningEffort"},
		{name: "minimal effort of GPT-5", model: "gpt-5", req: llm.Request{ReasoningEffort: llm.EffortMinimal}, want: `{"reasoning":{"effort":"minimal"},"include":["reasoning.encrypted_content"]}`},
		{name: "a limit below the smallest", model: "gpt-4o", req: llm.Request{MaxTokens: 3}, want: `{"max_output_tokens":16}`, warned: "MaxTokens"},
		{name: "log probabilities", model: "gpt-4o", req: llm.Request{TopLogprobs: 2}, want: `{"include":["message.output_text.logprobs"],"top_logprobs":2}`},
		{
			name: "tools", model: "gpt-4o",
			req: llm.Request{
				Tools:      []llm.Tool{{Name: "f"}, {Name: "g", Description: "d", Parameters: schema, Strict: new(true)}, {Name: "sql", Custom: &llm.CustomInput{Syntax: "lark", Grammar: "start: A"}}, {Name: "any", Custom: &llm.CustomInput{}}},
				ToolChoice: llm.ToolChoice{Mode: llm.ToolNamed, Name: "sql"}, ParallelToolCalls: new(false),
			},
			want: `{"tools":[{"type":"function","name":"f","parameters":{"type":"object","properties":{}},"strict":false},` +
				`{"type":"function","name":"g","description":"d","parameters":` + string(schema) + `,"strict":true},` +
				`{"type":"custom","name":"sql","format":{"type":"grammar","syntax":"lark","definition":"start: A"}},{"type":"custom","name":"any"}],` +
				`"tool_choice":{"type":"custom","name":"sql"},"parallel_tool_calls":false}`,
		},
		{name: "a named function", model: "gpt-4o", req: llm.Request{Tools: []llm.Tool{{Name: "f"}}, ToolChoice: llm.ToolChoice{Mode: llm.ToolNamed, Name: "f"}}, want: `{"tools":[{"type":"function","name":"f","parameters":{"type":"object","properties":{}},"strict":false}],"tool_choice":{"type":"function","name":"f"}}`},
		{name: "a required call", model: "gpt-4o", req: llm.Request{Tools: []llm.Tool{{Name: "f"}}, ToolChoice: llm.ToolChoice{Mode: llm.ToolRequired}}, want: `{"tools":[{"type":"function","name":"f","parameters":{"type":"object","properties":{}},"strict":false}],"tool_choice":"required"}`},
		{name: "a schema", model: "gpt-4o", req: llm.Request{Format: &llm.Format{Schema: schema}}, want: `{"text":{"format":{"type":"json_schema","name":"answer","schema":` + string(schema) + `,"strict":false}}}`},
		{name: "a strict schema", model: "gpt-4o", req: llm.Request{Format: &llm.Format{Name: "n", Description: "d", Schema: schema, Strict: new(true)}}, want: `{"text":{"format":{"type":"json_schema","name":"n","description":"d","schema":` + string(schema) + `,"strict":true}}}`},
		{name: "any JSON", model: "gpt-4o", req: llm.Request{Format: &llm.Format{}}, want: `{"text":{"format":{"type":"json_object"}}}`},
		{
			name: "options", model: "gpt-4o",
			req: llm.Request{Options: []llm.Options{openai.Options{
				User: "u", SafetyIdentifier: "s", ServiceTier: "flex", Verbosity: "low", Metadata: map[string]string{"k": "v"}, PromptCacheKey: "c", ReasoningSummary: "auto",
				ServerTools: []map[string]any{{"type": "web_search"}}, Include: []string{"web_search_call.action.sources"}, PreviousResponseID: "resp_0", Conversation: "conv", Store: new(true),
				LogitBias: map[string]int{"1": 2}, Prediction: "p", Extra: map[string]any{"truncation": "auto", "user": nil},
			}}},
			want: `{"safety_identifier":"s","service_tier":"flex","text":{"verbosity":"low"},"metadata":{"k":"v"},"prompt_cache_key":"c","reasoning":{"summary":"auto"},"tools":[{"type":"web_search"}],` +
				`"include":["web_search_call.action.sources"],"previous_response_id":"resp_0","conversation":"conv","store":true,"truncation":"auto"}`,
			warned: "Options.LogitBias Options.Prediction",
		},
		{name: "stored answers need no encryption", model: "gpt-6-luna", req: llm.Request{Options: []llm.Options{openai.Options{Store: new(true)}}}, want: `{"store":true}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.req.Messages = hi
			body, warnings := sentResponses(t, openai.Config{API: openai.APIResponses}, tt.model, &tt.req)
			want := providertest.FromJSON(t, tt.want).(map[string]any)
			if want["store"] == nil {
				want["store"] = false
			}
			for name, value := range map[string]any{"model": tt.model, "stream": true, "input": body["input"]} {
				want[name] = value
			}
			equal(t, "the body", body, want)
			var warned []string
			for _, w := range warnings {
				warned = append(warned, w.Setting)
			}
			equal(t, "the warnings", strings.Join(warned, " "), tt.warned)
			if tt.warned != "" {
				tt.req.FailOnUnsupported = true
				_, err := model(t, responsesConfig, func(http.ResponseWriter, *http.Request) { t.Error("the request was sent") }).With(llm.WithName(tt.model)).Generate(t.Context(), &tt.req)
				wantError(t, err, llm.Unsupported)
			}
		})
	}
}

// A history may end with calls without results. The server rejects such calls.
func TestResponsesInputWithACallWithoutAResult(t *testing.T) {
	messages := []llm.Message{
		llm.User("hi"),
		llm.Assistant("", llm.ToolCall{ID: "c", Name: "f", Arguments: "{}"}, llm.ToolCall{ID: "d", Name: "g"}),
		llm.ToolResults(llm.ToolResult{CallID: "c", Content: "1"}),
	}
	body, warnings := sentResponses(t, openai.Config{API: openai.APIResponses}, "gpt-6-luna", &llm.Request{Messages: messages})
	input := body["input"].([]any)
	equal(t, "the input", input[len(input)-4:], providertest.FromJSON(t, `[
		{"type":"function_call","call_id":"c","name":"f","arguments":"{}"}, {"type":"function_call","call_id":"d","name":"g","arguments":"{}"},
		{"type":"function_call_output","call_id":"d","output":"The tool was not run."}, {"type":"function_call_output","call_id":"c","output":"1"}]`))
	if len(warnings) != 1 || warnings[0].Code != llm.WarnChanged {
		t.Errorf("the warnings are %v, want one of code changed", warnings)
	}
}

func TestResponsesInput(t *testing.T) {
	own := func(item string) *llm.ProviderData {
		return &llm.ProviderData{Provider: "openai", Format: "openai.responses", Data: []byte(item)}
	}
	const rs, msg, call = `{"type":"reasoning","id":"rs","summary":[],"encrypted_content":"e"}`, `{"type":"message","id":"msg","role":"assistant","status":"completed","phase":"final_answer","content":[{"type":"output_text","text":"Hi"}]}`,
		`{"type":"function_call","id":"fc","call_id":"c","name":"f","arguments":"{}"}`
	const user, and = `{"type":"message","role":"user","content":[{"type":"input_text","text":"hi"}]}`, `{"type":"message","role":"user","content":[{"type":"input_text","text":"and?"}]}`
	withoutID := func(item, id string) string { return strings.Replace(item, `"id":"`+id+`",`, "", 1) }
	result := func(id, text string) string {
		return `{"type":"function_call_output","call_id":"` + id + `","output":` + quote(text) + `}`
	}
	assistant := func(parts ...llm.Part) llm.Message { return llm.Message{Role: llm.RoleAssistant, Parts: parts} }
	toolCall := llm.ToolCall{ID: "c", Name: "f", Arguments: "{}"}
	for _, tt := range []struct {
		name     string
		messages []llm.Message // between "hi" and "and?"
		options  openai.Options
		want     []string
		warned   string
	}{
		{"a system message keeps its place", []llm.Message{llm.System("Be brief.")}, openai.Options{SystemRole: "developer"}, []string{`{"type":"message","role":"developer","content":[{"type":"input_text","text":"Be brief."}]}`}, ""},
		{
			"media", []llm.Message{llm.User("See", llm.Image{Data: []byte("\x89PNG\r\n\x1a\n"), Quality: "low"}, llm.Image{URL: "https://a"}, llm.File{Data: []byte("%PDF-1.7")}, llm.File{ID: "file-1", Name: "a"}, llm.File{URL: "https://b", Name: "b"})}, openai.Options{},
			[]string{`{"type":"message","role":"user","content":[{"type":"input_text","text":"See"},{"type":"input_image","image_url":"data:image/png;base64,iVBORw0KGgo=","detail":"low"},{"type":"input_image","image_url":"https://a","detail":"auto"},` +
				`{"type":"input_file","filename":"file","file_data":"data:application/pdf;base64,JVBERi0xLjc="},{"type":"input_file","file_id":"file-1"},{"type":"input_file","file_url":"https://b"}]}`}, "",
		},
		{"an answer of another provider", []llm.Message{assistant(llm.Reasoning{Text: "Hm"}, llm.Text{Text: "Hi"}, llm.Refusal{Text: "No"})}, openai.Options{}, []string{`{"type":"message","role":"assistant","content":[{"type":"output_text","text":"Hi"},{"type":"refusal","refusal":"No"}]}`}, ""},
		{"an answer as it came", []llm.Message{assistant(llm.Reasoning{ProviderData: own(rs)}, llm.Text{Text: "Hi", ProviderData: own(msg)})}, openai.Options{}, []string{rs, msg}, ""},
		{"reasoning without the item after it", []llm.Message{assistant(llm.Reasoning{ProviderData: own(rs)})}, openai.Options{}, nil, "state_omitted"},
		{"reasoning before a text that was changed", []llm.Message{assistant(llm.Reasoning{ProviderData: own(rs)}, llm.Text{Text: "Ho"})}, openai.Options{}, []string{`{"type":"message","role":"assistant","content":[{"type":"output_text","text":"Ho"}]}`}, "state_omitted"},
		{"reasoning that is neither encrypted nor stored", []llm.Message{assistant(llm.Reasoning{ProviderData: own(`{"type":"reasoning","id":"rs","summary":[]}`)}, llm.Text{Text: "Hi", ProviderData: own(msg)})}, openai.Options{}, []string{withoutID(msg, "msg")}, "state_omitted"},
		{"reasoning that is stored", []llm.Message{assistant(llm.Reasoning{ProviderData: own(`{"type":"reasoning","id":"rs","summary":[]}`)}, llm.Text{Text: "Hi", ProviderData: own(msg)})}, openai.Options{Store: new(true)}, []string{`{"type":"reasoning","id":"rs","summary":[]}`, msg}, ""},
		{"one reasoning before two calls", []llm.Message{assistant(llm.Reasoning{ProviderData: own(rs)}, llm.ToolCall{ID: "c", Name: "f", Arguments: "{}", ProviderData: own(call)}, llm.ToolCall{ID: "d", Name: "f", Arguments: "{}"}), llm.ToolResults(llm.ToolResult{CallID: "d", Content: "2"}, llm.ToolResult{CallID: "c", Content: "1"})}, openai.Options{},
			[]string{rs, call, `{"type":"function_call","call_id":"d","name":"f","arguments":"{}"}`, result("d", "2"), result("c", "1")}, ""},
		{"an answer twice", []llm.Message{assistant(llm.Reasoning{ProviderData: own(rs)}, llm.Text{Text: "Hi", ProviderData: own(msg)}), assistant(llm.Reasoning{ProviderData: own(rs)}, llm.Text{Text: "Hi", ProviderData: own(msg)})}, openai.Options{}, []string{rs, msg, withoutID(msg, "msg")}, "state_omitted"},
		{"an id that is used in two turns", []llm.Message{assistant(toolCall), llm.ToolResults(llm.ToolResult{CallID: "c", Content: "1"}), assistant(toolCall), llm.ToolResults(llm.ToolResult{CallID: "c", Content: "2"})}, openai.Options{},
			[]string{`{"type":"function_call","call_id":"c","name":"f","arguments":"{}"}`, result("c", "1"), `{"type":"function_call","call_id":"c_2","name":"f","arguments":"{}"}`, result("c_2", "2")}, ""},
		{"calls without ids", []llm.Message{assistant(llm.ToolCall{Name: "f", Arguments: "{}"}), llm.ToolResults(llm.ToolResult{Name: "f", Content: "1", IsError: true})}, openai.Options{},
			[]string{`{"type":"function_call","call_id":"call_1_0","name":"f","arguments":"{}"}`, result("call_1_0", "The tool failed: 1")}, ""},
		{"a custom call", []llm.Message{assistant(llm.ToolCall{ID: "c", Name: "sql", Arguments: "SELECT 1", Custom: true}), llm.ToolResults(llm.ToolResult{CallID: "c", Content: "1"})}, openai.Options{},
			[]string{`{"type":"custom_tool_call","call_id":"c","name":"sql","input":"SELECT 1"}`, `{"type":"custom_tool_call_output","call_id":"c","output":"1"}`}, ""},
		{"a result with an image", []llm.Message{assistant(toolCall), llm.ToolResults(llm.ToolResult{CallID: "c", Content: "see", Parts: []llm.Part{llm.Image{URL: "https://a"}}})}, openai.Options{},
			[]string{`{"type":"function_call","call_id":"c","name":"f","arguments":"{}"}`, `{"type":"function_call_output","call_id":"c","output":[{"type":"input_text","text":"see"},{"type":"input_image","image_url":"https://a","detail":"auto"}]}`}, ""},
		{"an image in an answer of another provider", []llm.Message{assistant(llm.Text{Text: "Here"}, llm.Image{URL: "https://a"})}, openai.Options{},
			[]string{`{"type":"message","role":"assistant","content":[{"type":"output_text","text":"Here"}]}`, `{"type":"message","role":"user","content":[{"type":"input_image","image_url":"https://a","detail":"auto"}]}`}, "changed"},
		{"an item of the program", []llm.Message{llm.User("yes", openai.Item([]byte(`{"type":"mcp_approval_response","approval_request_id":"a","approve":true}`)))}, openai.Options{},
			[]string{`{"type":"message","role":"user","content":[{"type":"input_text","text":"yes"}]}`, `{"type":"mcp_approval_response","approval_request_id":"a","approve":true}`}, ""},
		{"a name", []llm.Message{{Role: llm.RoleUser, Name: "Ann", Parts: []llm.Part{llm.Text{Text: "hi"}}}}, openai.Options{}, []string{user}, "unsupported"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			messages := slices.Concat(hi, tt.messages, []llm.Message{llm.User("and?")})
			body, warnings := sentResponses(t, responsesConfig, "gpt-6-luna", &llm.Request{Messages: messages, Options: []llm.Options{tt.options}})
			want := providertest.FromJSON(t, "["+strings.Join(slices.Concat([]string{user}, tt.want, []string{and}), ",")+"]")
			equal(t, "the input", body["input"], want)
			var warned []string
			for _, w := range warnings {
				warned = append(warned, string(w.Code))
			}
			equal(t, "the warnings", strings.Join(warned, " "), tt.warned)
		})
	}
}

func TestDeepSeekGetsCallsTogether(t *testing.T) {
	messages := slices.Concat(hi, []llm.Message{
		{Role: llm.RoleAssistant, Parts: []llm.Part{llm.ToolCall{ID: "a", Name: "f", Arguments: "{}"}, llm.Text{Text: "and"}, llm.ToolCall{ID: "b", Name: "g", Arguments: "{}"}}},
		llm.ToolResults(llm.ToolResult{CallID: "a", Content: "1"}, llm.ToolResult{CallID: "b", Content: "2"}),
	})
	body, _ := sentResponses(t, openai.Config{Server: openai.DeepSeek, API: openai.APIResponses}, "deepseek-v4-flash", &llm.Request{Messages: messages})
	var types []string
	for _, it := range body["input"].([]any) {
		types = append(types, it.(map[string]any)["type"].(string))
	}
	equal(t, "the items", strings.Join(types, " "), "message message function_call function_call function_call_output function_call_output")
	if body["include"] != nil {
		t.Errorf("include is %v", body["include"])
	}
}

func TestPartsThatResponsesCannotExpress(t *testing.T) {
	m := model(t, responsesConfig, func(http.ResponseWriter, *http.Request) { t.Error("the request was sent") })
	_, err := m.Generate(t.Context(), &llm.Request{Messages: []llm.Message{llm.User("", llm.Audio{Data: []byte("a")})}})
	wantError(t, err, llm.Unsupported, "message 0: a part of type llm.Audio is not supported by the Responses API")
	_, err = m.Generate(t.Context(), &llm.Request{Messages: []llm.Message{llm.User("", openai.Item([]byte(`no`)))}})
	wantError(t, err, llm.InvalidRequest, "a part made with Item is not a JSON object")
}

// refusing is a server that rejects requests whose body contains a text, with a message.
func refusing(t testing.TB, text, reply string, bodies *[]string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		data, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		*bodies = append(*bodies, string(data))
		if strings.Contains(string(data), text) {
			says(400, "application/json", reply)(w, r)
			return
		}
		says(200, "application/json", emptyResponse)(w, r)
	}
}

func TestInvalidEncryptedReasoningIsOmittedOnce(t *testing.T) {
	const reply = `{"error":{"message":"The encrypted content gAAA... could not be verified. Reason: Encrypted content could not be decrypted or parsed.","type":"invalid_request_error","param":null,"code":"invalid_encrypted_content"}}`
	history := slices.Concat(hi, []llm.Message{{Role: llm.RoleAssistant, Parts: []llm.Part{
		llm.Reasoning{ProviderData: &llm.ProviderData{Provider: "openai", Format: "openai.responses", Data: []byte(`{"type":"reasoning","id":"rs","summary":[],"encrypted_content":"e"}`)}},
		llm.Text{Text: "Hi", ProviderData: &llm.ProviderData{Provider: "openai", Format: "openai.responses", Data: []byte(messageItem("Hi"))}},
	}}, llm.User("and?")})
	var bodies []string
	m := model(t, responsesConfig, refusing(t, `"encrypted_content"`, reply, &bodies))
	resp := answer(t, m, &llm.Request{Messages: history})
	if len(bodies) != 2 || strings.Contains(bodies[1], "rs") || strings.Contains(bodies[1], "msg_1") || !strings.Contains(bodies[1], `"Hi"`) {
		t.Errorf("the requests are %q", bodies)
	}
	if len(resp.Warnings) != 1 || resp.Warnings[0].Code != llm.WarnStateOmitted || !strings.Contains(resp.Warnings[0].Message, "rejected the encrypted reasoning") {
		t.Errorf("the warnings are %v", resp.Warnings)
	}
	bodies = nil
	_, err := model(t, responsesConfig, refusing(t, `{`, reply, &bodies)).Generate(t.Context(), &llm.Request{Messages: history})
	wantError(t, err, llm.InvalidRequest, "could not be verified")
	equal(t, "the number of requests that are all rejected", len(bodies), 2)
	bodies = nil
	_, err = ask(t, model(t, responsesConfig, refusing(t, `{`, reply, &bodies)))
	wantError(t, err, llm.InvalidRequest, "could not be verified")
	equal(t, "the number of requests without reasoning", len(bodies), 1)
}

func TestModelsWithoutEncryptionAreAskedOnce(t *testing.T) {
	const reply = `{"error":{"message":"Encrypted content is not supported with this model.","type":"invalid_request_error","param":"include","code":null}}`
	var bodies []string
	m := model(t, openai.Config{Server: openai.Azure, API: openai.APIResponses}, refusing(t, `reasoning.encrypted_content`, reply, &bodies)).With(llm.WithName("prod"))
	for range 2 {
		if resp := answer(t, m, llm.Prompt("hi")); len(resp.Warnings) > 0 {
			t.Errorf("the warnings are %v", resp.Warnings)
		}
	}
	equal(t, "the number of requests for two calls", len(bodies), 3)
}
