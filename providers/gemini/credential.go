package gemini

import (
	"github.com/parley-llm/parley/internal/httpcall"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/googleauth"
)

// authenticate sets the credential of the provider. It reports whether it is an API key and
// not a bearer token.
func (p *Provider) authenticate(config Config) (keyed bool, err error) {
	p.token, keyed = httpcall.Credential(config.APIKey, config.TokenSource)
	switch {
	case p.token != nil:
	case p.vertex && p.project != "":
		p.defaults = &googleauth.Credentials{File: config.CredentialsFile, Client: config.HTTPClient}
		p.token = p.defaults.Token
	case p.vertex && config.BaseURL == "":
		return false, p.invalidf("there is no project for Vertex AI: set Config.Project or GOOGLE_CLOUD_PROJECT, or use an express key")
	case config.BaseURL == "":
		return false, httpcall.UnsentErrorf(p.name, nil, llm.Auth, "there is no API key: set Config.APIKey, or the environment variable %s", keyEnv[len(keyEnv)-1])
	}
	return keyed, nil
}
