package gemini

import (
	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers"
)

func init() {
	for _, server := range []Server{Gemini, Vertex} {
		providers.Register(string(server), func(c providers.Config) (llm.Provider, error) { return open(server, c) })
		providers.RegisterOptions[Options](string(server))
	}
}

// open makes a provider of the settings and the environment, whose variables
// are those that Google's own clients read. A key in the environment serves
// Vertex AI only where no project is named: it would not be known for whom it is.
func open(server Server, c providers.Config) (llm.Provider, error) {
	config := Config{
		Server:      server,
		BaseURL:     c.BaseURL,
		APIKey:      c.APIKey,
		TokenSource: c.TokenSource,
		Header:      c.Headers,
		HTTPClient:  c.HTTPClient,
		Limits:      c.Limits,
	}
	keyless := config.APIKey == "" && config.TokenSource == nil
	switch server {
	case Gemini:
		if config.BaseURL == "" {
			config.BaseURL = c.Env("GOOGLE_GEMINI_BASE_URL")
		}
		if keyless {
			config.APIKey = llm.Secret(c.Env("GOOGLE_API_KEY", "GEMINI_API_KEY"))
		}
	case Vertex:
		if config.BaseURL == "" {
			config.BaseURL = c.Env("GOOGLE_VERTEX_BASE_URL")
		}
		if config.APIKey == "" { // a key of the caller's is an express key
			config.Project = c.Env("GOOGLE_CLOUD_PROJECT")
			config.Location = c.Env("GOOGLE_CLOUD_LOCATION", "GOOGLE_CLOUD_REGION")
		}
		if keyless {
			config.CredentialsFile = c.Env("GOOGLE_APPLICATION_CREDENTIALS")
			if config.Project == "" {
				config.APIKey = llm.Secret(c.Env("GOOGLE_API_KEY"))
			}
		}
	}
	return provider.Opened(New(config))
}
