package llamacpp

import (
	"github.com/parley-llm/parley/internal/driver"
	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers"
)

const (
	providerName = "llamacpp"
	urlEnv       = "LLAMACPP_BASE_URL"
	keyEnv       = "LLAMACPP_API_KEY"
)

func init() {
	d := providers.Driver{
		New:               open,
		Title:             "llama.cpp",
		Description:       "llama.cpp's own server",
		KeyEnv:            []string{keyEnv},
		DefaultURL:        DefaultBaseURL,
		URLEnv:            urlEnv,
		Start:             "start llama-server",
		Options:           Options{},
		ConfigCredentials: true,
	}
	providers.Register(providerName, d)
	providers.Register("llama.cpp", d) // the name of the program
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
