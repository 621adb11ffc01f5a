package openai

import (
	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers"
)

func init() {
	for kind := range servers {
		if kind == LlamaCpp {
			continue
		}
		providers.Register(string(kind), func(c providers.Config) (llm.Provider, error) { return open(kind, c) })
		providers.RegisterOptions[Options](string(kind))
	}
}

// open makes a provider of the settings and the environment.
func open(kind Server, c providers.Config) (llm.Provider, error) {
	known := servers[kind]
	config := Config{
		Server:      kind,
		BaseURL:     c.BaseURL,
		APIKey:      c.APIKey,
		TokenSource: c.TokenSource,
		Header:      c.Headers,
		HTTPClient:  c.HTTPClient,
		Limits:      c.Limits,
	}
	if config.BaseURL == "" {
		config.BaseURL = c.Env(known.urlEnv)
	}
	if config.APIKey == "" && config.TokenSource == nil {
		config.APIKey = llm.Secret(c.Env(known.keyEnv))
	}
	switch kind {
	case OpenAI:
		config.Organization, config.Project = c.Env("OPENAI_ORG_ID"), c.Env("OPENAI_PROJECT_ID")
	case Azure:
		config.AzureAPIVersion = c.Env("OPENAI_API_VERSION", "AZURE_OPENAI_API_VERSION")
	}
	return provider.Opened(New(config))
}

func orVariable(name string) string {
	if name == "" {
		return ""
	}
	return ", or the environment variable " + name
}
