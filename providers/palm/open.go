package palm

import (
	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers"
)

const providerName = "palm"

func init() {
	providers.Register(providerName, open)
	providers.RegisterOptions[Options](providerName)
}

// open returns a provider configured by the settings and the environment variables
// PALM_BASE_URL and PALM_API_KEY. Settings take precedence.
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
		config.BaseURL = c.Env("PALM_BASE_URL")
	}
	if config.APIKey == "" && config.TokenSource == nil {
		config.APIKey = llm.Secret(c.Env("PALM_API_KEY"))
	}
	return provider.Opened(New(config))
}
