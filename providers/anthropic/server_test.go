package anthropic_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/parley-llm/parley/internal/providertest"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers"
	"github.com/parley-llm/parley/providers/anthropic"
)

// receivedRequest is a request that a server received.
type receivedRequest struct {
	URL    string
	Header http.Header
	Body   map[string]json.RawMessage
}

// recorder answers every chat, and keeps the last request.
func recorder(t testing.TB, last *receivedRequest, reply string) *http.Client {
	return &http.Client{Transport: providertest.Handled(func(w http.ResponseWriter, r *http.Request) {
		*last = receivedRequest{URL: "https://" + r.Host + r.URL.EscapedPath(), Header: r.Header}
		data, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		if len(data) > 0 && json.Unmarshal(data, &last.Body) != nil {
			t.Errorf("the body is not JSON: %s", data)
		}
		contentType := jsonType
		if strings.HasPrefix(reply, "event:") {
			contentType = eventType
		}
		says(http.StatusOK, contentType, reply)(w, r)
	})}
}

// answered is a complete stream with the text "Hi".
func answered() string {
	all := append([]string{begin, start(`{"type":"text","text":""}`), delta(textDelta("Hi")), stopAt(0)}, end("end_turn")...)
	return events(all...)
}

func TestServersAreCalledAtTheirAddresses(t *testing.T) {
	google := map[string]string{"GOOGLE_OAUTH_ACCESS_TOKEN": key, "GOOGLE_CLOUD_PROJECT": "example.com:proj", "GOOGLE_CLOUD_LOCATION": "europe-west1"}
	aws := map[string]string{"AWS_BEARER_TOKEN_BEDROCK": key, "AWS_REGION": "eu-central-1"}
	for _, test := range []struct {
		name   string
		env    map[string]string
		url    string
		header string // the header with the credential
	}{
		{"anthropic/m", map[string]string{"ANTHROPIC_API_KEY": key}, "https://api.anthropic.com/v1/messages", "X-Api-Key"},
		{"vertex-anthropic/claude-opus-5@20260101", google,
			"https://europe-west1-aiplatform.googleapis.com/v1/projects/example.com:proj/locations/europe-west1/publishers/anthropic/models/claude-opus-5@20260101:streamRawPredict", "Authorization"},
		{"vertex-anthropic/m", map[string]string{"GOOGLE_OAUTH_ACCESS_TOKEN": key, "GOOGLE_CLOUD_PROJECT": "p"},
			"https://aiplatform.googleapis.com/v1/projects/p/locations/global/publishers/anthropic/models/m:streamRawPredict", "Authorization"},
		{"bedrock-anthropic/anthropic.claude-opus-5", aws, "https://bedrock-runtime.eu-central-1.amazonaws.com/anthropic/v1/messages", "Authorization"},
		{"mantle-anthropic/anthropic.claude-opus-5", aws, "https://bedrock-mantle.eu-central-1.api.aws/anthropic/v1/messages", "Authorization"},
		{"deepseek-anthropic/m", map[string]string{"DEEPSEEK_API_KEY": key}, "https://api.deepseek.com/anthropic/v1/messages", "X-Api-Key"},
		{"moonshot-anthropic/m", map[string]string{"MOONSHOT_API_KEY": key}, "https://api.moonshot.ai/anthropic/v1/messages", "Authorization"},
		{"zai-anthropic/m", map[string]string{"ZAI_API_KEY": key}, "https://api.z.ai/api/anthropic/v1/messages", "Authorization"},
		{"minimax-anthropic/m", map[string]string{"MINIMAX_API_KEY": key}, "https://api.minimax.io/anthropic/v1/messages", "Authorization"},
		{"openrouter-anthropic/anthropic/claude-opus-5", map[string]string{"OPENROUTER_API_KEY": key}, "https://openrouter.ai/api/v1/messages", "Authorization"},
		{"litellm-anthropic/m", map[string]string{"LITELLM_API_KEY": key}, "https://127.0.0.1:4000/v1/messages", "Authorization"},
		{"ollama-anthropic/m", map[string]string{"OLLAMA_API_KEY": key}, "https://127.0.0.1:11434/v1/messages", "X-Api-Key"},
		{"llama.cpp-anthropic/m", map[string]string{"LLAMACPP_API_KEY": key}, "https://127.0.0.1:8080/v1/messages", "X-Api-Key"},
		{"vllm-anthropic/m", map[string]string{"VLLM_API_KEY": key, "VLLM_ANTHROPIC_BASE_URL": "http://gpu:8000/v1"}, "https://gpu:8000/v1/messages", "Authorization"},
		{"lmstudio-anthropic/m", map[string]string{"LMSTUDIO_API_KEY": key}, "https://127.0.0.1:1234/v1/messages", "X-Api-Key"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got receivedRequest
			m, err := providers.Config{
				Getenv:     func(name string) string { return test.env[name] },
				HTTPClient: recorder(t, &got, answered()),
			}.Open(test.name)
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			resp, err := m.Generate(t.Context(), llm.Prompt("Hello"))
			if err != nil || resp.Text() != "Hi" {
				t.Fatalf("the answer is %v, %v", resp, err)
			}
			_, model, _ := strings.Cut(test.name, "/")
			wantModel, wantVersion := `"`+model+`"`, ""
			if strings.HasPrefix(test.name, "vertex") {
				wantModel, wantVersion = "", `"vertex-2023-10-16"`
			}
			equal(t, "address, model, version", []string{got.URL, string(got.Body["model"]), string(got.Body["anthropic_version"])},
				[]string{test.url, wantModel, wantVersion})
			other := map[string]string{"X-Api-Key": "Authorization", "Authorization": "X-Api-Key"}[test.header]
			equal(t, "credentials", []string{strings.TrimPrefix(got.Header.Get(test.header), "Bearer "), got.Header.Get(other)}, []string{key, ""})
		})
	}
}

func TestServerWithoutAddress(t *testing.T) {
	for _, test := range []struct {
		name, want string
		env        map[string]string
	}{
		{"vertex-anthropic/m", "set the environment variable GOOGLE_CLOUD_PROJECT", nil},
		{"bedrock-anthropic/m", "set the environment variable AWS_REGION", nil},
		{"bedrock-anthropic/m", "the environment variable AWS_REGION is not part of an address", map[string]string{"AWS_REGION": "thief.example/"}},
		{"bedrock-anthropic/m", "the environment variable AWS_REGION is not part of an address", map[string]string{"AWS_REGION": "thief.example"}},
		{"vertex-anthropic/m", "the environment variable GOOGLE_CLOUD_PROJECT is not part of an address", map[string]string{"GOOGLE_CLOUD_PROJECT": "a/../b"}},
	} {
		_, err := providers.Config{Getenv: func(name string) string { return test.env[name] }}.Open(test.name)
		wantError(t, err, llm.InvalidRequest, test.want)
	}
	_, err := anthropic.New(anthropic.Config{Server: anthropic.Mantle})
	wantError(t, err, llm.InvalidRequest, "there is no address: set Config.BaseURL")
	_, err = anthropic.New(anthropic.Config{Server: "claude.example"})
	wantError(t, err, llm.InvalidRequest, `the server "claude.example" is unknown`)
}

// Each server rejects, ignores or lacks other features. None of them is lost silently.
func TestServersThatLackFeatures(t *testing.T) {
	schema := json.RawMessage(`{"type":"object","properties":{"a":{"type":"string"}},"required":["a"],"additionalProperties":false}`)
	forced := &llm.Request{
		Messages: llm.Prompt("hi").Messages, Tools: []llm.Tool{{Name: "f"}}, ToolChoice: llm.ToolChoice{Mode: llm.ToolRequired},
	}
	image := &llm.Request{Messages: []llm.Message{{Role: llm.RoleUser, Parts: []llm.Part{llm.Image{URL: "https://example.com/a.png"}}}}}
	file := &llm.Request{Messages: []llm.Message{{Role: llm.RoleUser, Parts: []llm.Part{llm.File{Data: []byte("%PDF-1.7"), Name: "a.pdf"}}}}}
	for _, test := range []struct {
		name    string
		server  anthropic.Server
		req     *llm.Request
		member  string // of the body, with its value
		value   string
		warning string
		err     string
	}{
		{"forced tool call", anthropic.Anthropic, forced, "tool_choice", `{"type":"any"}`, "", ""},
		{"forced tool call", anthropic.Ollama, forced, "tool_choice", `{"type":"auto"}`, "does not support a forced tool call", ""},
		{"schema", anthropic.Anthropic, &llm.Request{Messages: llm.Prompt("hi").Messages, Format: &llm.Format{Schema: schema}},
			"output_config", `{"format":{"type":"json_schema","schema":` + string(schema) + `}}`, "", ""},
		{"schema", anthropic.VLLM, &llm.Request{Messages: llm.Prompt("hi").Messages, Format: &llm.Format{Schema: schema}},
			"tool_choice", `{"type":"tool","name":"answer"}`, "", ""},
		{"image by URL", anthropic.LlamaCpp, image, "messages", `[{"role":"user","content":[{"type":"image","source":{"type":"url","url":"https://example.com/a.png"}}]}]`, "", ""},
		{"image by URL", anthropic.Ollama, image, "", "", "", "does not fetch images from URLs: set Data"},
		{"image", anthropic.DeepSeek, image, "", "", "", "does not support images"},
		{"file", anthropic.LMStudio, file, "", "", "", "does not support files"},
	} {
		t.Run(string(test.server)+" "+test.name, func(t *testing.T) {
			var got receivedRequest
			p := provider(t, anthropic.Config{Server: test.server, APIKey: key, HTTPClient: recorder(t, &got, answered())})
			resp, err := llm.New(p, "m").Generate(t.Context(), test.req)
			if test.err != "" {
				wantError(t, err, llm.Unsupported, test.err)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			equal(t, test.member, string(got.Body[test.member]), test.value)
			var warnings []string
			for _, w := range resp.Warnings {
				warnings = append(warnings, w.Message)
			}
			if all := strings.Join(warnings, "; "); !strings.Contains(all, test.warning) || test.warning == "" && all != "" {
				t.Errorf("the warnings are %q, want %q", all, test.warning)
			}
		})
	}
}

func TestTokensAreCountedByTheServerOrEstimated(t *testing.T) {
	req := &llm.Request{
		Messages: []llm.Message{
			{Role: llm.RoleUser, Parts: []llm.Part{llm.Text{Text: strings.Repeat("word ", 700)}, llm.File{Data: []byte("%PDF-1.7")}}},
		},
		Tools: []llm.Tool{{Name: "seven77", Parameters: json.RawMessage(`{"type":"object"}`)}},
	}
	const source = "estimate: 3.5 characters for a token, offline"
	for _, test := range []struct {
		name    string
		server  anthropic.Server
		model   string
		options llm.Options
		url     string
		want    llm.TokenCount
	}{
		{"Anthropic", anthropic.Anthropic, "claude-sonnet-5", nil, "https://api.anthropic.com/v1/messages/count_tokens", llm.TokenCount{Tokens: 12, Source: "the server's count_tokens"}},
		{"Vertex", anthropic.Vertex, "claude-sonnet-5", nil, "https://vertex/publishers/anthropic/models/count-tokens:rawPredict",
			llm.TokenCount{Tokens: 12, Source: "the server's count_tokens"}},
		// 3,500 characters are 1,000 tokens, the tool has 2 + 5, and 8 are framing.
		{"offline", anthropic.Anthropic, "claude-sonnet-4-5", anthropic.Options{CountBy: anthropic.CountOffline}, "", llm.TokenCount{Tokens: 1015, Source: source + "; 1 files not counted"}},
		{"newer tokenizer", anthropic.Anthropic, "claude-sonnet-5", anthropic.Options{CountBy: anthropic.CountOffline}, "",
			llm.TokenCount{Tokens: 1319, Source: source + ", with 30 % more for the newer tokenizer; 1 files not counted"}},
		{"a server without a counter", anthropic.Bedrock, "anthropic.claude-sonnet-4-5", nil, "", llm.TokenCount{Tokens: 1015, Source: source + "; 1 files not counted"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got receivedRequest
			config := anthropic.Config{Server: test.server, APIKey: key, HTTPClient: recorder(t, &got, `{"input_tokens":12}`)}
			if test.server == anthropic.Vertex || test.server == anthropic.Bedrock {
				config.BaseURL = "https://vertex"
			}
			counted := *req
			if test.options != nil {
				counted.Options = []llm.Options{test.options}
			}
			count, err := llm.New(provider(t, config), test.model).CountTokens(t.Context(), &counted)
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "count", *count, test.want)
			equal(t, "address", got.URL, test.url)
			if test.url != "" {
				equal(t, "model", string(got.Body["model"]), `"`+test.model+`"`)
			}
		})
	}
	p := provider(t, anthropic.Config{APIKey: key})
	bad := *req
	bad.Options = []llm.Options{anthropic.Options{CountBy: "guess"}}
	_, err := llm.New(p, "m").CountTokens(t.Context(), &bad)
	wantError(t, err, llm.InvalidRequest, `Options.CountBy is "guess"`)
}

func TestServerWithoutAListOfModels(t *testing.T) {
	p := provider(t, anthropic.Config{Server: anthropic.DeepSeek, APIKey: key})
	_, err := llm.New(p, "").ListModels(t.Context())
	wantError(t, err, llm.Unsupported, "has no list of models")
}
