package anthropic

import (
	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers"
)

const (
	providerName = "anthropic"
	keyEnv       = "ANTHROPIC_API_KEY"
	urlEnv       = "ANTHROPIC_BASE_URL"
)

func init() {
	providers.Register(providerName, providers.Driver{
		New:          open,
		Title:        "Anthropic",
		Description:  "Anthropic's Messages API, also of compatible servers",
		KeyEnv:       []string{keyEnv},
		URLEnv:       urlEnv,
		DefaultModel: "claude-sonnet-5",
		Options:      Options{},
	})
}

// open makes a provider from its settings and the environment.
func open(c providers.Config) (llm.Provider, error) {
	config := Config{
		BaseURL:     c.BaseURL,
		APIKey:      c.APIKey,
		TokenSource: c.TokenSource,
		Header:      c.Headers,
		HTTPClient:  c.HTTPClient,
		Limits:      c.Limits,
	}
	if config.BaseURL == "" {
		config.BaseURL = c.Env(urlEnv)
	}
	if config.APIKey == "" && config.TokenSource == nil {
		config.APIKey = llm.Secret(c.Env(keyEnv))
	}
	return provider.Opened(New(config))
}
