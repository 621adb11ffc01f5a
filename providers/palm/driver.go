package palm

import (
	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers"
)

const (
	providerName = "palm"
	urlEnv       = "PALM_BASE_URL"
	keyEnv       = "PALM_API_KEY"
)

func init() {
	providers.Register(providerName, providers.Driver{
		New:               open,
		Title:             "the PaLM protocol",
		Description:       "the PaLM protocol, for gateways and replicas; Google's own server has ended",
		KeyEnv:            []string{keyEnv},
		URLEnv:            urlEnv,
		Options:           Options{},
		ConfigCredentials: true,
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
