package palm

import (
	"github.com/parley-llm/parley/internal/driver"
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
	var config Config
	config.settings().Set(c, urlEnv, keyEnv)
	return provider.Opened(New(config))
}

// settings returns the fields that every provider has.
func (c *Config) settings() driver.Settings {
	return driver.Settings{
		BaseURL: &c.BaseURL, APIKey: &c.APIKey, TokenSource: &c.TokenSource,
		Header: &c.Header, HTTPClient: &c.HTTPClient, Limits: &c.Limits,
	}
}
