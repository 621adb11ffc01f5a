// Package driver reads the settings that the drivers of all providers share.
package driver

import (
	"context"
	"net/http"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers"
)

// Settings point to the fields that the Config of every provider has.
type Settings struct {
	BaseURL     *string
	APIKey      *llm.Secret
	TokenSource *func(context.Context) (string, error)
	Header      *http.Header
	HTTPClient  **http.Client
	Limits      *llm.Limits
}

// Set copies the settings of c. If c has no address, it is read from the environment variable
// urlEnv. If c has no credential, the API key is read from the first of keyEnv that is set.
func (s Settings) Set(c providers.Config, urlEnv string, keyEnv ...string) {
	*s.BaseURL = c.BaseURL
	*s.APIKey = c.APIKey
	*s.TokenSource = c.TokenSource
	*s.Header = c.Headers
	*s.HTTPClient = c.HTTPClient
	*s.Limits = c.Limits
	if c.BaseURL == "" {
		*s.BaseURL = c.Env(urlEnv)
	}
	if c.APIKey == "" && c.TokenSource == nil {
		*s.APIKey = llm.Secret(c.Env(keyEnv...))
	}
}
