package gemini

import (
	"github.com/parley-llm/parley/internal/driver"
	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers"
)

// The environment variables are those that Google's own clients read.
var (
	keyEnv      = []string{"GOOGLE_API_KEY", "GEMINI_API_KEY"}
	locationEnv = []string{"GOOGLE_CLOUD_LOCATION", "GOOGLE_CLOUD_REGION"}
)

const (
	geminiURL      = "https://generativelanguage.googleapis.com"
	geminiURLEnv   = "GOOGLE_GEMINI_BASE_URL"
	vertexURLEnv   = "GOOGLE_VERTEX_BASE_URL"
	projectEnv     = "GOOGLE_CLOUD_PROJECT"
	credentialsEnv = "GOOGLE_APPLICATION_CREDENTIALS"
)

func init() {
	providers.Register(string(Gemini), providers.Driver{
		New:          openGemini,
		Title:        "Google's Gemini",
		Description:  "Google's Gemini API",
		KeyEnv:       keyEnv,
		DefaultURL:   geminiURL,
		URLEnv:       geminiURLEnv,
		DefaultModel: "gemini-3.8-flash",
		Rank:         3,
		Options:      Options{},
	})
	providers.Register(string(Vertex), providers.Driver{
		New:         openVertex,
		Title:       "Google's Vertex AI",
		Description: "Gemini on Vertex AI: application-default credentials, a token source or an express key",
		URLEnv:      vertexURLEnv,
		OtherEnv:    []string{projectEnv, locationEnv[0], credentialsEnv},
		Options:     Options{},
	})
}

func openGemini(c providers.Config) (llm.Provider, error) {
	config := Config{Server: Gemini}
	config.settings().Set(c, geminiURLEnv, keyEnv...)
	return provider.Opened(New(config))
}

// openVertex uses a key from the environment only if no project is named, because the
// environment does not say which of the two services the key is for. A key in the settings is
// an express key, which excludes a project.
func openVertex(c providers.Config) (llm.Provider, error) {
	config := Config{Server: Vertex}
	config.settings().Set(c, vertexURLEnv)
	if config.APIKey == "" {
		config.Project, config.Location = c.Env(projectEnv), c.Env(locationEnv...)
	}
	if config.APIKey == "" && config.TokenSource == nil {
		config.CredentialsFile = c.Env(credentialsEnv)
		if config.Project == "" {
			config.APIKey = llm.Secret(c.Env(keyEnv[0]))
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
