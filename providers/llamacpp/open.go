package llamacpp

import (
	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers"
)

const providerName = "llamacpp"

func init() {
	providers.Register(providerName, open)
	providers.Register("llama.cpp", open) // what the program is called
	providers.RegisterOptions[Options](providerName, "llama.cpp")
}

// open makes a provider of the settings and the environment: LLAMACPP_BASE_URL
// and LLAMACPP_API_KEY.
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
		config.BaseURL = c.Env("LLAMACPP_BASE_URL")
	}
	if config.APIKey == "" && config.TokenSource == nil {
		config.APIKey = llm.Secret(c.Env("LLAMACPP_API_KEY"))
	}
	return provider.Opened(New(config))
}
