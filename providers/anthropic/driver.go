package anthropic

import (
	"github.com/parley-llm/parley/internal/driver"
	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers"
)

func init() {
	for kind, facts := range servers {
		d := providers.Driver{
			New:         func(c providers.Config) (llm.Provider, error) { return open(kind, c) },
			Title:       facts.title,
			Description: facts.about,
			KeyEnv:      []string{facts.keyEnv},
			DefaultURL:  facts.baseURL,
			URLEnv:      facts.urlEnv,
			OtherEnv:    facts.otherEnv,
			Start:       facts.start,
			Options:     Options{},

			ConfigCredentials: true,
		}
		if kind == Anthropic {
			d.DefaultModel, d.Rank = "claude-sonnet-5", 2
		}
		providers.Register(string(kind), d)
	}
}

// open makes a provider from its settings and the environment.
func open(kind Server, c providers.Config) (llm.Provider, error) {
	config, facts := Config{Server: kind}, servers[kind]
	config.settings().Set(c, facts.urlEnv, facts.keyEnv)
	if config.BaseURL == "" && facts.template != "" {
		var err error
		if config.BaseURL, err = driver.Address(string(kind), facts.template, facts.urlEnv, c.Env); err != nil {
			return nil, err
		}
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
