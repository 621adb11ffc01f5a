package ollama

import (
	"strings"

	"github.com/parley-llm/parley/internal/driver"
	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers"
)

const (
	providerName = "ollama"
	hostEnv      = "OLLAMA_HOST"
	keyEnv       = "OLLAMA_API_KEY"
)

func init() {
	providers.Register(providerName, providers.Driver{
		New:               open,
		Title:             "Ollama",
		Description:       "Ollama's own API; a key is only needed for ollama.com",
		KeyEnv:            []string{keyEnv},
		DefaultURL:        DefaultBaseURL,
		URLEnv:            hostEnv,
		Start:             `start it with "ollama serve"`,
		Options:           Options{},
		ConfigCredentials: true,
	})
}

// open makes a provider from its settings and the environment.
//
// Security: a key from the environment is sent with https only. It is meant for ollama.com,
// and must not be readable on the way to a server that OLLAMA_HOST names.
func open(c providers.Config) (llm.Provider, error) {
	if c.BaseURL == "" {
		var err error
		if c.BaseURL, err = hostURL(c.Env(hostEnv)); err != nil {
			return nil, err
		}
	}
	var keys []string
	if strings.HasPrefix(c.BaseURL, "https://") {
		keys = []string{keyEnv}
	}
	var config Config
	config.settings().Set(c, hostEnv, keys...)
	return provider.Opened(New(config))
}

// settings returns the fields that every provider has.
func (c *Config) settings() driver.Settings {
	return driver.Settings{
		BaseURL: &c.BaseURL, APIKey: &c.APIKey, TokenSource: &c.TokenSource,
		Header: &c.Header, HTTPClient: &c.HTTPClient, Limits: &c.Limits,
	}
}
