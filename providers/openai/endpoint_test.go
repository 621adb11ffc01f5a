package openai_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"

	"github.com/parley-llm/parley/internal/providertest"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers"
	"github.com/parley-llm/parley/providers/openai"
)

// target is where a call goes, and with which credentials.
type target struct {
	request string // method and URL
	header  map[string]string
}

// targets returns where the three kinds of call go.
func targets(t testing.TB, config openai.Config, modelName string) map[llm.Op]target {
	t.Helper()
	got := make(map[llm.Op]target)
	var op llm.Op
	m := model(t, config, func(w http.ResponseWriter, r *http.Request) {
		seen := target{r.Method + " " + r.URL.String(), make(map[string]string)}
		for _, name := range []string{"Authorization", "Api-Key", "Openai-Organization", "Openai-Project", "X-Own"} {
			if values := r.Header.Values(name); len(values) > 0 {
				seen.header[name] = values[0]
			}
		}
		got[op] = seen
		says(418, "application/json", "")(w, r)
	}).With(llm.WithName(modelName))
	op = llm.OpChat
	_, err := ask(t, m)
	wantError(t, err, llm.InvalidRequest)
	op = llm.OpEmbed
	_, err = m.Embed(t.Context(), &llm.EmbedRequest{Inputs: []string{"x"}})
	wantError(t, err, llm.InvalidRequest)
	op = llm.OpListModels
	_, err = m.ListModels(t.Context())
	wantError(t, err, llm.InvalidRequest)
	return got
}

func TestWhereCallsGo(t *testing.T) {
	bearer := map[string]string{"Authorization": "Bearer " + testKey}
	azureKey := map[string]string{"Api-Key": testKey}
	for _, tt := range []struct {
		name              string
		config            openai.Config
		model             string
		chat, embed, list string
		header            map[string]string
	}{
		{
			name: "OpenAI",
			chat: "https://api.openai.com/v1/chat/completions", embed: "https://api.openai.com/v1/embeddings", list: "https://api.openai.com/v1/models",
			header: bearer,
		},
		{
			name: "organisation, project and a header of the user's",
			config: openai.Config{
				Organization: "org-1", Project: "proj_1",
				Header: http.Header{"x-own": {"1"}, "Authorization": {"Bearer other"}},
			},
			chat: "https://api.openai.com/v1/chat/completions", embed: "https://api.openai.com/v1/embeddings", list: "https://api.openai.com/v1/models",
			header: map[string]string{
				"Authorization": "Bearer " + testKey, "Openai-Organization": "org-1", "Openai-Project": "proj_1", "X-Own": "1",
			},
		},
		{
			name:   "another server, with a path and a slash at its end",
			config: openai.Config{BaseURL: "http://127.0.0.1:8000/my/v1/"},
			chat:   "http://127.0.0.1:8000/my/v1/chat/completions", embed: "http://127.0.0.1:8000/my/v1/embeddings", list: "http://127.0.0.1:8000/my/v1/models",
			header: bearer,
		},
		{
			name:   "a path that is escaped",
			config: openai.Config{BaseURL: "http://127.0.0.1:8000/a%2Fb/v1"},
			chat:   "http://127.0.0.1:8000/a%2Fb/v1/chat/completions", embed: "http://127.0.0.1:8000/a%2Fb/v1/embeddings", list: "http://127.0.0.1:8000/a%2Fb/v1/models",
			header: bearer,
		},
		{
			name:   "Azure by deployments",
			config: openai.Config{Server: openai.Azure, BaseURL: "https://acme.openai.azure.com/", AzureAPIVersion: "2024-10-21"}, model: "my-gpt",
			chat:   "https://acme.openai.azure.com/openai/deployments/my-gpt/chat/completions?api-version=2024-10-21",
			embed:  "https://acme.openai.azure.com/openai/deployments/my-gpt/embeddings?api-version=2024-10-21",
			list:   "https://acme.openai.azure.com/openai/models?api-version=2024-10-21",
			header: azureKey,
		},
		{
			name:   "Azure deployment with special characters",
			config: openai.Config{Server: openai.Azure, AzureAPIVersion: "2025-01-01-preview"}, model: "gpt 4.1/eu?x#y%é",
			chat:   "https://acme.openai.azure.com/openai/deployments/gpt%204.1%2Feu%3Fx%23y%25%C3%A9/chat/completions?api-version=2025-01-01-preview",
			embed:  "https://acme.openai.azure.com/openai/deployments/gpt%204.1%2Feu%3Fx%23y%25%C3%A9/embeddings?api-version=2025-01-01-preview",
			list:   "https://acme.openai.azure.com/openai/models?api-version=2025-01-01-preview",
			header: azureKey,
		},
		{
			name:   "Azure deployment with a dot and a colon, which the vendor's client would take out",
			config: openai.Config{Server: openai.Azure, AzureAPIVersion: "2024-10-21"}, model: "gpt-3.5:turbo",
			chat:   "https://acme.openai.azure.com/openai/deployments/gpt-3.5:turbo/chat/completions?api-version=2024-10-21",
			embed:  "https://acme.openai.azure.com/openai/deployments/gpt-3.5:turbo/embeddings?api-version=2024-10-21",
			list:   "https://acme.openai.azure.com/openai/models?api-version=2024-10-21",
			header: azureKey,
		},
		{
			name: "Azure v1", config: openai.Config{Server: openai.Azure}, model: "my-gpt",
			chat:  "https://acme.openai.azure.com/openai/v1/chat/completions",
			embed: "https://acme.openai.azure.com/openai/v1/embeddings", list: "https://acme.openai.azure.com/openai/v1/models",
			header: azureKey,
		},
		{
			name: "Azure v1, by its word for a version", config: openai.Config{Server: openai.Azure, AzureAPIVersion: "preview"}, model: "my-gpt",
			chat:  "https://acme.openai.azure.com/openai/v1/chat/completions",
			embed: "https://acme.openai.azure.com/openai/v1/embeddings", list: "https://acme.openai.azure.com/openai/v1/models",
			header: azureKey,
		},
		{
			name: "Azure by deployments, with the path of v1", model: "my-gpt",
			config: openai.Config{Server: openai.Azure, BaseURL: "https://acme.openai.azure.com/openai/v1", AzureAPIVersion: "2024-10-21"},
			chat:   "https://acme.openai.azure.com/openai/deployments/my-gpt/chat/completions?api-version=2024-10-21",
			embed:  "https://acme.openai.azure.com/openai/deployments/my-gpt/embeddings?api-version=2024-10-21",
			list:   "https://acme.openai.azure.com/openai/models?api-version=2024-10-21",
			header: azureKey,
		},
		{
			name: "Azure v1, with its path", config: openai.Config{Server: openai.Azure, BaseURL: "https://acme.services.ai.azure.com/openai/v1/"}, model: "my-gpt",
			chat:  "https://acme.services.ai.azure.com/openai/v1/chat/completions",
			embed: "https://acme.services.ai.azure.com/openai/v1/embeddings", list: "https://acme.services.ai.azure.com/openai/v1/models",
			header: azureKey,
		},
		{
			name: "Azure with a token source",
			config: openai.Config{
				Server: openai.Azure, AzureAPIVersion: "2024-10-21",
				TokenSource: func(context.Context) (string, error) { return "entra-token", nil },
			},
			model:  "my-gpt",
			chat:   "https://acme.openai.azure.com/openai/deployments/my-gpt/chat/completions?api-version=2024-10-21",
			embed:  "https://acme.openai.azure.com/openai/deployments/my-gpt/embeddings?api-version=2024-10-21",
			list:   "https://acme.openai.azure.com/openai/models?api-version=2024-10-21",
			header: map[string]string{"Authorization": "Bearer entra-token"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			name := tt.model
			if name == "" {
				name = "m"
			}
			for range 2 { // learnt, then remembered
				got := targets(t, tt.config, name)
				equal(t, "chat", got[llm.OpChat].request, "POST "+tt.chat)
				equal(t, "embeddings", got[llm.OpEmbed].request, "POST "+tt.embed)
				equal(t, "models", got[llm.OpListModels].request, "GET "+tt.list)
				for op, seen := range got {
					equal(t, "headers of "+string(op), seen.header, tt.header)
				}
			}
		})
	}
}

func TestOneProviderServesManyDeployments(t *testing.T) {
	var urls []string
	m := model(t, openai.Config{Server: openai.Azure, AzureAPIVersion: "2024-10-21"}, func(w http.ResponseWriter, r *http.Request) {
		urls = append(urls, r.URL.Path)
		streams(events(text("x"), finish("stop"), usage))(w, r)
	})
	for _, name := range []string{"a", "b", "a"} {
		answer(t, m.With(llm.WithName(name)), llm.Prompt("hi"))
	}
	equal(t, "paths", urls, []string{
		"/openai/deployments/a/chat/completions", "/openai/deployments/b/chat/completions", "/openai/deployments/a/chat/completions",
	})
}

func TestHeadersOfAChat(t *testing.T) {
	streamed := capture(t, openai.Config{}, "m", llm.Prompt("hi")).Header
	equal(t, "Accept of a streamed chat", streamed.Values("Accept"), []string{"text/event-stream"})
	whole := capture(t, openai.Config{}, "m", &llm.Request{Messages: hi, NonStreaming: true}).Header
	equal(t, "Accept of an unstreamed chat", whole.Values("Accept"), []string{"application/json"})
}

func TestTokenSourceIsAskedForEveryCall(t *testing.T) {
	n := 0
	tokens := []string{"first-token", "second-token"}
	var seen []string
	m := model(t, openai.Config{TokenSource: func(context.Context) (string, error) { n++; return tokens[n-1], nil }},
		func(w http.ResponseWriter, r *http.Request) {
			seen = append(seen, r.Header.Get("Authorization"))
			says(401, "application/json", `{"error":"the token `+tokens[n-1]+` is not good"}`)(w, r)
		})
	for range 2 {
		_, err := ask(t, m)
		e := wantError(t, err, llm.Auth)
		equal(t, "message", e.Message, "the token [secret] is not good")
	}
	equal(t, "credentials", seen, []string{"Bearer first-token", "Bearer second-token"})
}

func TestTokenSourceErrors(t *testing.T) {
	offline := errors.New("the metadata server is offline")
	for _, tt := range []struct {
		name string
		err  error
		kind llm.Kind
		text string
	}{
		{"any error", offline, llm.Auth, "parley: openai/m: authentication failed: the token source failed: the metadata server is offline"},
		{"an error of a kind", &llm.Error{Kind: llm.Network, Message: "no route"}, llm.Network, "parley: openai/m: network error: the token source failed: parley: network error: no route"},
		{"cancelled", context.Canceled, llm.Canceled, "parley: openai/m: canceled: the token source failed: context canceled"},
		{"out of time", context.DeadlineExceeded, llm.Timeout, "parley: openai/m: timed out: the token source failed: context deadline exceeded"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := sendNothing(t, openai.Config{TokenSource: func(context.Context) (string, error) { return "", tt.err }}, llm.Prompt("hi"))
			wantError(t, err, tt.kind)
			equal(t, "text", err.Error(), tt.text)
			if !errors.Is(err, tt.err) {
				t.Errorf("the error %v does not match the source's", err)
			}
		})
	}
}

// opened returns where a chat of a model opened by its name goes.
func opened(t testing.TB, name string, env map[string]string) (got sent) {
	t.Helper()
	m, err := providers.Config{
		Getenv: func(name string) string { return env[name] },
		HTTPClient: &http.Client{Transport: handled(func(w http.ResponseWriter, r *http.Request) {
			got = sent{Method: r.Method, URL: r.URL.String(), Header: r.Header}
			streams(events(text("x"), finish("stop"), usage))(w, r)
		})},
	}.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	equal(t, "model", m.String(), name)
	answer(t, m, llm.Prompt("hi"))
	return got
}

func TestEveryServerIsOpenedByItsNameAndEnvironment(t *testing.T) {
	const path = "/chat/completions"
	for _, tt := range []struct{ server, baseURL, urlEnv, keyEnv string }{
		{"openai", "https://api.openai.com/v1", "OPENAI_BASE_URL", "OPENAI_API_KEY"},
		{"vllm", "http://127.0.0.1:8000/v1", "VLLM_BASE_URL", "VLLM_API_KEY"},
		{"lmstudio", "http://127.0.0.1:1234/v1", "LMSTUDIO_BASE_URL", "LMSTUDIO_API_KEY"},
		{"cerebras", "https://api.cerebras.ai/v1", "CEREBRAS_BASE_URL", "CEREBRAS_API_KEY"},
		{"groq", "https://api.groq.com/openai/v1", "GROQ_BASE_URL", "GROQ_API_KEY"},
		{"together", "https://api.together.xyz/v1", "TOGETHER_BASE_URL", "TOGETHER_API_KEY"},
		{"openrouter", "https://openrouter.ai/api/v1", "OPENROUTER_BASE_URL", "OPENROUTER_API_KEY"},
		{"deepseek", "https://api.deepseek.com", "DEEPSEEK_BASE_URL", "DEEPSEEK_API_KEY"},
		{"mistral", "https://api.mistral.ai/v1", "MISTRAL_BASE_URL", "MISTRAL_API_KEY"},
		{"xai", "https://api.x.ai/v1", "XAI_BASE_URL", "XAI_API_KEY"},
		{"moonshot", "https://api.moonshot.ai/v1", "MOONSHOT_BASE_URL", "MOONSHOT_API_KEY"},
		{"zai", "https://api.z.ai/api/paas/v4", "ZAI_BASE_URL", "ZAI_API_KEY"},
		{"dashscope", "https://dashscope-intl.aliyuncs.com/compatible-mode/v1", "DASHSCOPE_BASE_URL", "DASHSCOPE_API_KEY"},
		{"minimax", "https://api.minimax.io/v1", "MINIMAX_BASE_URL", "MINIMAX_API_KEY"},
		{"fireworks", "https://api.fireworks.ai/inference/v1", "FIREWORKS_BASE_URL", "FIREWORKS_API_KEY"},
		{"nvidia", "https://integrate.api.nvidia.com/v1", "NVIDIA_BASE_URL", "NVIDIA_API_KEY"},
		{"perplexity", "https://api.perplexity.ai", "PERPLEXITY_BASE_URL", "PERPLEXITY_API_KEY"},
		{"copilot", "https://api.githubcopilot.com", "GITHUB_COPILOT_BASE_URL", "GITHUB_COPILOT_TOKEN"},
		{"huggingface", "https://router.huggingface.co/v1", "HF_BASE_URL", "HF_TOKEN"},
		{"sglang", "http://127.0.0.1:30000/v1", "SGLANG_BASE_URL", "SGLANG_API_KEY"},
		{"litellm", "http://127.0.0.1:4000", "LITELLM_BASE_URL", "LITELLM_API_KEY"},
		{"gemini-openai", "https://generativelanguage.googleapis.com/v1beta/openai", "GEMINI_OPENAI_BASE_URL", "GEMINI_API_KEY"},
	} {
		t.Run(tt.server, func(t *testing.T) {
			got := opened(t, tt.server+"/org/model", map[string]string{tt.keyEnv: testKey})
			equal(t, "usual address", got.URL, tt.baseURL+path)
			equal(t, "credential", got.Header.Get("Authorization"), "Bearer "+testKey)
			got = opened(t, tt.server+"/m", map[string]string{tt.urlEnv: "http://gateway.test/x/"})
			equal(t, "address from the environment", got.URL, "http://gateway.test/x"+path)
			equal(t, "credential, where there is none", got.Header.Values("Authorization"), []string(nil))
		})
	}
}

func TestAzureIsOpenedByItsEnvironment(t *testing.T) {
	env := map[string]string{"AZURE_OPENAI_API_KEY": testKey, "AZURE_OPENAI_ENDPOINT": "https://acme.openai.azure.com/"}
	got := opened(t, "azure/my-gpt", env)
	equal(t, "v1 URL", got.URL, "https://acme.openai.azure.com/openai/v1/chat/completions")
	equal(t, "key", got.Header.Get("Api-Key"), testKey)
	for _, name := range []string{"OPENAI_API_VERSION", "AZURE_OPENAI_API_VERSION"} {
		env[name] = "2024-10-21"
		got = opened(t, "azure/my-gpt", env)
		equal(t, "URL by deployment", got.URL, "https://acme.openai.azure.com/openai/deployments/my-gpt/chat/completions?api-version=2024-10-21")
		delete(env, name)
	}
}

func TestOrganisationAndProjectComeFromTheEnvironment(t *testing.T) {
	env := map[string]string{"OPENAI_API_KEY": testKey, "OPENAI_ORG_ID": "org-1", "OPENAI_PROJECT_ID": "proj_1"}
	h := opened(t, "openai/m", env).Header
	equal(t, "organisation and project", []string{h.Get("Openai-Organization"), h.Get("Openai-Project")}, []string{"org-1", "proj_1"})
}

func TestWhatIsMissingIsSaid(t *testing.T) {
	for _, tt := range []struct {
		name, model string
		config      providers.Config
		kind        llm.Kind
		text        string
	}{
		{
			"a key", "openai/m", providers.Config{}, llm.Auth,
			"parley: openai: authentication failed: there is no API key: set Config.APIKey, or the environment variable OPENAI_API_KEY",
		},
		{
			"a key for Groq", "groq/m", providers.Config{}, llm.Auth,
			"parley: groq: authentication failed: there is no API key: set Config.APIKey, or the environment variable GROQ_API_KEY",
		},
		{
			"Azure's address", "azure/m", providers.Config{APIKey: testKey}, llm.InvalidRequest,
			"parley: azure: invalid request: there is no base URL: set Config.BaseURL, or the environment variable AZURE_OPENAI_ENDPOINT",
		},
		{
			"Azure's key", "azure/m", providers.Config{BaseURL: "https://acme.openai.azure.com"}, llm.Auth,
			"parley: azure: authentication failed: there is no API key: set Config.APIKey, or the environment variable AZURE_OPENAI_API_KEY",
		},
		{
			"a scheme", "vllm/m", providers.Config{BaseURL: "localhost:8000/v1"}, llm.InvalidRequest,
			`parley: vllm: invalid request: invalid base URL "localhost:8000/v1": it must begin with http:// or https://, for example http://localhost:8000/v1`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.config.Getenv = func(string) string { return "" }
			m, err := tt.config.Open(tt.model)
			wantError(t, err, tt.kind)
			equal(t, "text", err.Error(), tt.text)
			if m != nil {
				t.Error("there is a model besides the error")
			}
		})
	}
	_, err := openai.New(openai.Config{Server: "oepnai", APIKey: testKey})
	wantError(t, err, llm.InvalidRequest, `the server kind "oepnai" is not known`)
	_, err = openai.New(openai.Config{})
	wantError(t, err, llm.Auth, "there is no API key: set Config.APIKey")
}

func TestProviderHasTheNameThatItIsGiven(t *testing.T) {
	m := model(t, openai.Config{Name: "gateway"}, says(500, "text/plain", ""))
	equal(t, "model", m.String(), "gateway/m")
	_, err := ask(t, m)
	equal(t, "error", err.Error(), "parley: gateway/m: server error (500): internal server error, and the server gave no reason")
}

func TestWhatTheProviderCannotDoIsUnsupported(t *testing.T) {
	m := model(t, openai.Config{}, func(http.ResponseWriter, *http.Request) { t.Error("the request was sent") })
	for _, err := range m.Provider().Do(t.Context(), &llm.Call{Op: "paint", Provider: "openai", Model: "m"}) {
		e := wantError(t, err, llm.Unsupported, "this provider cannot paint")
		equal(t, "provider, model, op", []any{e.Provider, e.Model, e.Op}, []any{"openai", "m", llm.Op("paint")})
	}
}

// A dot segment in place of a deployment would send the request to another path.
func TestDotSegmentIsNoDeployment(t *testing.T) {
	p, err := openai.New(openai.Config{
		Server: openai.Azure, BaseURL: "https://acme.openai.azure.com", AzureAPIVersion: "2024-10-21", APIKey: testKey,
		HTTPClient: &http.Client{Transport: providertest.RoundTrip(func(r *http.Request) (*http.Response, error) {
			t.Errorf("a request was sent to %s", r.URL)
			return nil, io.EOF
		})},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{".", ".."} {
		if _, err := llm.New(p, name).Generate(t.Context(), llm.Prompt("x")); llm.KindOf(err) != llm.InvalidRequest {
			t.Errorf("%q: the error is %v", name, err)
		}
	}
}
