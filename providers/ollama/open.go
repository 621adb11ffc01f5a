package ollama

import (
	"strings"

	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers"
)

const providerName = "ollama"

func init() {
	providers.Register(providerName, open)
	providers.RegisterOptions[Options](providerName)
}

// open makes a provider of the settings and the environment: OLLAMA_HOST, and
// OLLAMA_API_KEY. A key from the environment is sent by https alone: it is meant
// for ollama.com, and must not travel in the clear to whatever OLLAMA_HOST names.
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
		var err error
		if config.BaseURL, err = hostURL(c.Env("OLLAMA_HOST")); err != nil {
			return nil, err
		}
	}
	if config.APIKey == "" && config.TokenSource == nil && strings.HasPrefix(config.BaseURL, "https://") {
		config.APIKey = llm.Secret(c.Env("OLLAMA_API_KEY"))
	}
	return provider.Opened(New(config))
}
