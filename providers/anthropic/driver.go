package anthropic

import (
	"github.com/parley-llm/parley/internal/driver"
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
		DefaultURL:   DefaultBaseURL,
		URLEnv:       urlEnv,
		DefaultModel: "claude-sonnet-5",
		Rank:         2,
		Options:      Options{},
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
