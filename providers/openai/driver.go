package openai

import (
	"cmp"

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
}

func init() {
	for kind, d := range drivers {
		known := servers[kind]
		d.KeyEnv, d.DefaultURL, d.URLEnv = []string{known.keyEnv}, known.baseURL, known.urlEnv
		d.Options, d.Settings = Options{}, Settings{}
		d.ConfigCredentials = true
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
}

// open makes a provider from its settings and the environment.
func open(kind Server, c providers.Config) (llm.Provider, error) {
	config := Config{Server: kind}
	config.settings().Set(c, servers[kind].urlEnv, servers[kind].keyEnv)
	own, ok := c.Settings.(Settings)
	if !ok && c.Settings != nil {
		return nil, llm.Errorf(llm.InvalidRequest, "Config.Settings is a %T: use openai.Settings", c.Settings)
	}
	config.Quirks, config.Organization, config.Project, config.AzureAPIVersion = own.Quirks, own.Organization, own.Project, own.APIVersion
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
func (c *Config) settings() provider.Settings {
	return provider.Settings{
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
