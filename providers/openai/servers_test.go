package openai_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers"
	"github.com/parley-llm/parley/providers/openai"
)

// allSettings is a request with the settings in which servers differ.
func allSettings() *llm.Request {
	return &llm.Request{
		Messages: []llm.Message{
			{Role: llm.RoleUser, Name: "ann", Parts: []llm.Part{llm.Text{Text: "hi"}}},
			{Role: llm.RoleAssistant, Parts: []llm.Part{llm.Reasoning{Text: "hm"}, llm.Text{Text: "yes"}}},
			llm.User("go on"),
		},
		MaxTokens: 5, Seed: new(int64(7)), TopK: new(40), Stop: []string{"x"}, Logprobs: true,
		PresencePenalty: new(1.0), FrequencyPenalty: new(1.0), ReasoningEffort: llm.EffortNone,
		Tools: []llm.Tool{{Name: "f", Parameters: json.RawMessage(`{"type":"object","properties":{}}`)}}, ParallelToolCalls: new(true),
		Format: &llm.Format{Schema: json.RawMessage(`{"type":"object"}`)},
	}
}

// differences are the members of a chat in which servers differ.
var differences = []string{
	"max_tokens", "max_completion_tokens", "seed", "random_seed", "top_k", "stop", "logprobs", "presence_penalty", "frequency_penalty",
	"reasoning_effort", "thinking", "reasoning", "enable_thinking", "tools", "parallel_tool_calls", "stream_options", "reasoning_split",
}

// TestServersGetTheMembersThatTheyAccept sends one request to each server. The values are the
// server's documented ones; their sources are in the table of servers.
func TestServersGetTheMembersThatTheyAccept(t *testing.T) {
	const openAI = "max_completion_tokens seed stop logprobs presence_penalty frequency_penalty reasoning_effort tools parallel_tool_calls stream_options"
	for server, want := range map[openai.Server]struct{ members, format, name, reasoning string }{
		openai.OpenAI:  {openAI, "json_schema", "ann", ""},
		openai.Mistral: {"max_tokens random_seed stop presence_penalty frequency_penalty reasoning_effort tools parallel_tool_calls", "json_schema", "", ""},
		openai.XAI:     {"max_completion_tokens seed logprobs reasoning_effort tools parallel_tool_calls stream_options", "json_schema", "ann", ""},
		openai.Moonshot: {
			"max_tokens stop presence_penalty frequency_penalty thinking tools stream_options", "json_schema", "ann", "reasoning_content",
		},
		openai.ZAI:       {"max_tokens stop thinking tools stream_options", "json_object", "ann", "reasoning_content"},
		openai.DashScope: {"max_tokens seed top_k stop logprobs presence_penalty frequency_penalty enable_thinking tools parallel_tool_calls stream_options", "json_schema", "ann", ""},
		openai.MiniMax:   {"max_completion_tokens thinking tools stream_options reasoning_split", "json_schema", "ann", ""},
		openai.Fireworks: {
			"max_tokens seed top_k stop logprobs presence_penalty frequency_penalty reasoning_effort tools parallel_tool_calls stream_options",
			"json_schema", "ann", "reasoning_content",
		},
		openai.NVIDIA:      {strings.Replace(openAI, "max_completion_tokens", "max_tokens", 1), "json_schema", "ann", ""},
		openai.Perplexity:  {"max_tokens top_k presence_penalty frequency_penalty reasoning_effort", "json_schema", "", ""},
		openai.Cloudflare:  {"max_tokens seed top_k stop presence_penalty frequency_penalty reasoning_effort tools stream_options", "json_schema", "ann", ""},
		openai.Copilot:     {strings.Replace(openAI, "max_completion_tokens", "max_tokens", 1), "json_schema", "ann", ""},
		openai.HuggingFace: {strings.Replace(openAI, "max_completion_tokens", "max_tokens", 1), "json_schema", "ann", ""},
		openai.SGLang: {
			"max_completion_tokens seed top_k stop logprobs presence_penalty frequency_penalty reasoning_effort tools parallel_tool_calls stream_options",
			"json_schema", "ann", "reasoning_content",
		},
		openai.LiteLLM:       {openAI, "json_schema", "ann", "reasoning_content"},
		openai.GeminiOpenAI:  {"max_completion_tokens stop reasoning_effort tools stream_options", "json_schema", "", ""},
		openai.BedrockOpenAI: {openAI, "json_schema", "ann", ""},
		openai.MantleOpenAI:  {openAI, "json_schema", "ann", ""},
		openai.VertexOpenAI: {
			"max_tokens seed stop logprobs presence_penalty frequency_penalty reasoning_effort tools parallel_tool_calls stream_options",
			"json_schema", "", "",
		},
	} {
		t.Run(string(server), func(t *testing.T) {
			got := capture(t, openai.Config{Server: server, BaseURL: "https://server.test/v1"}, "m", allSettings())
			body := fromJSON(t, got.Body).(map[string]any)
			var members []string
			for _, name := range differences {
				if _, ok := body[name]; ok {
					members = append(members, name)
				}
			}
			expected := map[string]bool{}
			for name := range strings.FieldsSeq(want.members) {
				expected[name] = true
			}
			for _, name := range members {
				if !expected[name] {
					t.Errorf("%s is sent", name)
				}
				delete(expected, name)
			}
			for name := range expected {
				t.Errorf("%s is not sent", name)
			}
			equal(t, "format", body["response_format"].(map[string]any)["type"], any(want.format))
			messages := body["messages"].([]any)
			name, _ := messages[0].(map[string]any)["name"].(string)
			equal(t, "name in a message", name, want.name)
			field := ""
			for _, name := range []string{"reasoning", "reasoning_content"} {
				if _, ok := messages[1].(map[string]any)[name]; ok {
					field = name
				}
			}
			equal(t, "member of the reasoning", field, want.reasoning)
		})
	}
}

func TestEveryOmittedSettingHasAWarning(t *testing.T) {
	got := capture(t, openai.Config{Server: openai.Perplexity}, "sonar", allSettings())
	var about []string
	for _, w := range got.Warnings {
		about = append(about, w.Setting)
	}
	equal(t, "warnings", strings.Join(about, " "), "Messages Messages Seed Stop Logprobs Tools")

	model := model(t, openai.Config{Server: openai.Perplexity}, streams(events(text("x"), finish("stop"), usage)))
	_, err := model.Generate(t.Context(), &llm.Request{Messages: hi, Tools: []llm.Tool{{Name: "f"}}, FailOnUnsupported: true})
	wantError(t, err, llm.Unsupported, "Tools: perplexity does not support this setting")
}

// A program's Options.Extra wins over the members that the quirks of the server add, and does
// not change them.
func TestExtraReplacesMembersOfTheQuirks(t *testing.T) {
	for range 2 {
		got := capture(t, openai.Config{Server: openai.MiniMax}, "m", &llm.Request{
			Messages: hi, Options: []llm.Options{openai.Options{Extra: map[string]any{"reasoning_split": nil, "mask": true}}},
		})
		body := fromJSON(t, got.Body).(map[string]any)
		if _, ok := body["reasoning_split"]; ok || body["mask"] != true {
			t.Errorf("the request is %s", got.Body)
		}
	}
	equal(t, "without Extra", fromJSON(t, capture(t, openai.Config{Server: openai.MiniMax}, "m", &llm.Request{Messages: hi}).Body).(map[string]any)["reasoning_split"], any(true))
}

func TestCopilotGetsItsHeaders(t *testing.T) {
	h := opened(t, "copilot/m", map[string]string{"GITHUB_COPILOT_TOKEN": testKey}).Header
	equal(t, "headers", []string{h.Get("Editor-Version"), h.Get("Authorization")},
		[]string{"parley/0", "Bearer " + testKey})
	got := capture(t, openai.Config{Server: openai.Copilot, Header: map[string][]string{"editor-version": {"ed/1"}}}, "m", &llm.Request{Messages: hi})
	equal(t, "header of the program", got.Header.Values("Editor-Version"), []string{"ed/1"})
}

func TestAddressIsMadeOfTheEnvironment(t *testing.T) {
	for _, tt := range []struct {
		model string
		env   map[string]string
		want  string
	}{
		{
			"cloudflare/@cf/meta/m", map[string]string{"CLOUDFLARE_API_KEY": testKey, "CLOUDFLARE_ACCOUNT_ID": "0a1b"},
			"https://api.cloudflare.com/client/v4/accounts/0a1b/ai/v1/chat/completions",
		},
		{
			"bedrock-openai/openai.gpt-oss-120b", map[string]string{"AWS_BEARER_TOKEN_BEDROCK": testKey, "AWS_REGION": "us-west-2"},
			"https://bedrock-runtime.us-west-2.amazonaws.com/openai/v1/chat/completions",
		},
		{
			"mantle-openai/openai.gpt-oss-120b", map[string]string{"AWS_BEARER_TOKEN_BEDROCK": testKey, "AWS_REGION": "us-west-2"},
			"https://bedrock-mantle.us-west-2.api.aws/v1/chat/completions",
		},
		{
			"vertex-openai/google/gemini-3.8-flash", map[string]string{"GOOGLE_OAUTH_ACCESS_TOKEN": testKey, "GOOGLE_CLOUD_PROJECT": "example.com:p", "GOOGLE_CLOUD_LOCATION": "europe-west4"},
			"https://europe-west4-aiplatform.googleapis.com/v1/projects/example.com:p/locations/europe-west4/endpoints/openapi/chat/completions",
		},
		{
			"vertex-openai/m", map[string]string{"GOOGLE_OAUTH_ACCESS_TOKEN": testKey, "GOOGLE_CLOUD_PROJECT": "p"},
			"https://aiplatform.googleapis.com/v1/projects/p/locations/global/endpoints/openapi/chat/completions",
		},
	} {
		got := opened(t, tt.model, tt.env)
		equal(t, "URL", got.URL, tt.want)
		equal(t, "credential", got.Header.Get("Authorization"), "Bearer "+testKey)
	}
	for _, tt := range []struct {
		model string
		env   map[string]string
		want  string
	}{
		{"cloudflare/m", nil, "there is no address: set the environment variable CLOUDFLARE_ACCOUNT_ID, or Config.BaseURL, or the environment variable CLOUDFLARE_BASE_URL"},
		{"cloudflare/m", map[string]string{"CLOUDFLARE_ACCOUNT_ID": "a/../b"}, "the environment variable CLOUDFLARE_ACCOUNT_ID is not part of an address"},
		{"vertex-openai/m", map[string]string{"GOOGLE_CLOUD_PROJECT": "p", "GOOGLE_CLOUD_LOCATION": "thief.example"}, "the environment variable GOOGLE_CLOUD_LOCATION is not part of an address"},
		{"vertex-openai/m", map[string]string{"GOOGLE_CLOUD_PROJECT": "{CLOUDFLARE_ACCOUNT_ID}"}, "the environment variable GOOGLE_CLOUD_PROJECT is not part of an address"},
	} {
		_, err := providers.Config{APIKey: testKey, Getenv: func(name string) string { return tt.env[name] }}.Open(tt.model)
		wantError(t, err, llm.InvalidRequest, tt.want)
	}
	_, err := openai.New(openai.Config{Server: openai.Cloudflare, APIKey: testKey})
	wantError(t, err, llm.InvalidRequest, "there is no base URL: set Config.BaseURL, or the environment variable CLOUDFLARE_BASE_URL")
}

func TestQueryIsSentWithEveryRequest(t *testing.T) {
	for _, tt := range []struct {
		name   string
		config openai.Config
		want   string
	}{
		{"in the address", openai.Config{BaseURL: "https://gw.example/models?api-version=2024-05-01-preview"}, "https://gw.example/models/chat/completions?api-version=2024-05-01-preview"},
		{"in the settings", openai.Config{BaseURL: "https://gw.example/v1/", Query: map[string][]string{"a": {"1 2"}, "b": {"x"}}}, "https://gw.example/v1/chat/completions?a=1+2&b=x"},
		{"in both", openai.Config{BaseURL: "https://gw.example/v1?a=1&b=2", Query: map[string][]string{"b": {"3"}}}, "https://gw.example/v1/chat/completions?a=1&b=3"},
		{"an empty one", openai.Config{BaseURL: "https://gw.example/v1?"}, "https://gw.example/v1/chat/completions"},
		{
			"the target URI of Azure", openai.Config{Server: openai.Azure, BaseURL: "https://acme.openai.azure.com/openai/deployments/gpt/chat/completions?api-version=2025-01-01-preview"},
			"https://acme.openai.azure.com/openai/deployments/m/chat/completions?api-version=2025-01-01-preview",
		},
		{
			"a target URI and a version", openai.Config{Server: openai.Azure, AzureAPIVersion: "2024-10-21", BaseURL: "https://acme.openai.azure.com/openai/deployments/gpt/chat/completions?api-version=2025-01-01-preview"},
			"https://acme.openai.azure.com/openai/deployments/m/chat/completions?api-version=2024-10-21",
		},
		{
			"the URI of Azure's v1", openai.Config{Server: openai.Azure, BaseURL: "https://acme.openai.azure.com/openai/v1/chat/completions?api-version=preview"},
			"https://acme.openai.azure.com/openai/v1/chat/completions",
		},
		{
			"a gateway before Azure", openai.Config{Server: openai.Azure, BaseURL: "https://apim.example/gw", AzureAPIVersion: "2024-10-21", Query: map[string][]string{"team": {"x"}}},
			"https://apim.example/gw/openai/deployments/m/chat/completions?api-version=2024-10-21&team=x",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			equal(t, "URL", capture(t, tt.config, "m", &llm.Request{Messages: hi}).URL, tt.want)
		})
	}
	_, err := openai.New(openai.Config{APIKey: testKey, BaseURL: "https://gw.example/v1?a=%zz"})
	wantError(t, err, llm.InvalidRequest, `invalid base URL "https://gw.example/v1": its query cannot be parsed`)
}

// An old version of Azure's API has its own quirks, also if the version is in the address.
func TestVersionInTheAddressOfAzureSelectsTheQuirks(t *testing.T) {
	got := capture(t, openai.Config{Server: openai.Azure, BaseURL: "https://acme.openai.azure.com/?api-version=2024-06-01"}, "m", &llm.Request{Messages: hi, MaxTokens: 5})
	body := fromJSON(t, got.Body).(map[string]any)
	if fmt.Sprint(body["max_tokens"]) != "5" || body["stream_options"] != nil {
		t.Errorf("the request is %s", got.Body)
	}
}
