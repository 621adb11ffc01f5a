package openai

import (
	"cmp"
	"net/url"

	"github.com/parley-llm/parley/internal/driver"
	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers"
)

// drivers has one row for each server that is registered as a provider. The addresses and the
// environment variables are in the table of servers. LlamaCpp is registered by package
// providers/llamacpp, which supports more of that server.
var drivers = map[Server]providers.Driver{
	OpenAI: {
		Title: "OpenAI", DefaultModel: "gpt-6-luna", Rank: 1,
		Description: "OpenAI, or another server of its dialect by its address",
		OtherEnv:    []string{"OPENAI_ORG_ID", "OPENAI_PROJECT_ID"},
	},
	Azure: {
		Title:       "Azure OpenAI",
		Description: "Azure OpenAI: the v1 API, or deployments with an API version; a key or an Entra token",
		OtherEnv:    []string{"OPENAI_API_VERSION", "AZURE_OPENAI_API_VERSION"},
	},
	VLLM:       {Title: "vLLM", Description: "a local vLLM server", Start: `start it with "vllm serve"`},
	LMStudio:   {Title: "LM Studio", Description: "the local server of LM Studio", Start: "start it in LM Studio"},
	Cerebras:   {Title: "Cerebras", Description: "Cerebras", DefaultModel: "gpt-oss-120b", Rank: 4},
	Groq:       {Title: "Groq", Description: "Groq", DefaultModel: "openai/gpt-oss-20b", Rank: 5},
	Together:   {Title: "Together", Description: "Together AI", DefaultModel: "meta-llama/Llama-3.3-70B-Instruct-Turbo", Rank: 7},
	OpenRouter: {Title: "OpenRouter", Description: "OpenRouter", DefaultModel: "openai/gpt-oss-120b", Rank: 8},
	DeepSeek:   {Title: "DeepSeek", Description: "DeepSeek", DefaultModel: "deepseek-v4-flash", Rank: 6},

	Mistral:     {Title: "Mistral", Description: "Mistral"},
	XAI:         {Title: "xAI", Description: "xAI (Grok)"},
	Moonshot:    {Title: "Moonshot", Description: "Moonshot AI (Kimi)"},
	ZAI:         {Title: "Z.ai", Description: "Z.ai (GLM)"},
	DashScope:   {Title: "DashScope", Description: "Alibaba Cloud's Model Studio (Qwen), international"},
	MiniMax:     {Title: "MiniMax", Description: "MiniMax"},
	Fireworks:   {Title: "Fireworks", Description: "Fireworks AI"},
	NVIDIA:      {Title: "NVIDIA NIM", Description: "NVIDIA's hosted NIM, or a NIM container by its address"},
	Perplexity:  {Title: "Perplexity", Description: "Perplexity (Sonar)"},
	Cloudflare:  {Title: "Cloudflare", Description: "Cloudflare Workers AI", OtherEnv: []string{"CLOUDFLARE_ACCOUNT_ID"}},
	Copilot:     {Title: "GitHub Copilot", Description: "GitHub Copilot, with a Copilot token"},
	HuggingFace: {Title: "Hugging Face", Description: "Hugging Face's router of inference providers"},
	SGLang:      {Title: "SGLang", Description: "a local SGLang server", Start: `start it with "python3 -m sglang.launch_server"`},
	LiteLLM:     {Title: "LiteLLM", Description: "a LiteLLM proxy", Start: `start it with "litellm"`},
	GeminiOpenAI: {
		Title: "Gemini's OpenAI endpoint", Description: "Gemini in OpenAI's dialect; gemini has more of its features",
	},
	BedrockOpenAI: {
		Title: "Bedrock (OpenAI)", Description: "Amazon Bedrock (bedrock-runtime) in OpenAI's dialect, with a Bedrock API key",
		OtherEnv: []string{"AWS_REGION"},
	},
	MantleOpenAI: {
		Title: "Bedrock mantle (OpenAI)", Description: "Amazon Bedrock (bedrock-mantle) in OpenAI's dialect, with a Bedrock API key",
		OtherEnv: []string{"AWS_REGION"},
	},
	VertexOpenAI: {
		Title: "Vertex AI's OpenAI endpoint", Description: "Vertex AI in OpenAI's dialect, with an access token",
		OtherEnv: []string{"GOOGLE_CLOUD_PROJECT", "GOOGLE_CLOUD_LOCATION"},
	},
}

func init() {
	for kind, d := range drivers {
		known := servers[kind]
		d.KeyEnv, d.DefaultURL, d.URLEnv = []string{known.keyEnv}, known.baseURL, known.urlEnv
		d.Options, d.Settings = Options{}, Settings{}
		d.ConfigCredentials, d.AcceptsQuery = true, true
		d.New = func(c providers.Config) (llm.Provider, error) { return open(kind, c) }
		providers.Register(string(kind), d)
	}
}

// Settings are the settings of a server that only this package has, for
// [providers.Config.Settings] and for config files.
type Settings struct {
	// Quirks replace the known quirks of the server. See [Config.Quirks].
	Quirks *Quirks `json:"quirks,omitempty"`
	// Organization and Project are sent to OpenAI. The defaults are the environment variables
	// OPENAI_ORG_ID and OPENAI_PROJECT_ID.
	Organization string `json:"organization,omitempty"`
	Project      string `json:"project,omitempty"`
	// APIVersion is the API version of Azure. See [Config.AzureAPIVersion].
	APIVersion string `json:"api_version,omitempty"`
	// API is the API for chats, "chat" or "responses". See [APIDefault].
	API API `json:"api,omitempty"`
	// Query are query parameters of every request. See [Config.Query].
	Query map[string]string `json:"query,omitempty"`
}

// open makes a provider from its settings and the environment.
func open(kind Server, c providers.Config) (llm.Provider, error) {
	config := Config{Server: kind}
	known := servers[kind]
	config.settings().Set(c, known.urlEnv, known.keyEnv)
	if config.BaseURL == "" && known.template != "" {
		var err error
		if config.BaseURL, err = driver.Address(string(kind), known.template, known.urlEnv, c.Env); err != nil {
			return nil, err
		}
	}
	own, ok := c.Settings.(Settings)
	if !ok && c.Settings != nil {
		return nil, llm.Errorf(llm.InvalidRequest, "Config.Settings is a %T: use openai.Settings", c.Settings)
	}
	config.Quirks, config.Organization, config.Project, config.AzureAPIVersion = own.Quirks, own.Organization, own.Project, own.APIVersion
	config.API = own.API
	for name, value := range own.Query {
		if config.Query == nil {
			config.Query = url.Values{}
		}
		config.Query.Set(name, value)
	}
	switch kind {
	case OpenAI:
		config.Organization = cmp.Or(own.Organization, c.Env("OPENAI_ORG_ID"))
		config.Project = cmp.Or(own.Project, c.Env("OPENAI_PROJECT_ID"))
	case Azure:
		config.AzureAPIVersion = cmp.Or(own.APIVersion, c.Env("OPENAI_API_VERSION", "AZURE_OPENAI_API_VERSION"))
	}
	return provider.Opened(New(config))
}

// settings returns the fields that every provider has.
func (c *Config) settings() driver.Settings {
	return driver.Settings{
		BaseURL: &c.BaseURL, APIKey: &c.APIKey, TokenSource: &c.TokenSource,
		Header: &c.Header, HTTPClient: &c.HTTPClient, Limits: &c.Limits,
	}
}

func orVariable(name string) string {
	if name == "" {
		return ""
	}
	return ", or the environment variable " + name
}
