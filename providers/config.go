package providers

import (
	"context"
	"fmt"
	"net/http"
	"os"

	"github.com/parley-llm/parley/internal/httpcall"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/egress"
)

// Config has the settings of a provider. A zero field is read from the provider's environment
// variables, which [Driver] lists, and otherwise has the provider's default.
//
// Security: a Config prints without its credentials, with every verb of package fmt.
type Config struct {
	// BaseURL is the address of the API, beginning with http:// or https://.
	BaseURL string
	// APIKey is the credential. Local servers usually need none.
	APIKey llm.Secret
	// TokenSource returns a credential that expires, and is used instead of APIKey. It is called
	// for each request.
	TokenSource func(context.Context) (string, error)
	// Headers are sent with every request, in addition to the provider's own.
	Headers http.Header
	// HTTPClient sends the requests. If it is nil, the provider makes a client.
	HTTPClient *http.Client
	// Limits bounds how long calls wait, and the size of frames in a reply.
	Limits llm.Limits

	// Settings are further settings of this provider: a value of the type of [Driver.Settings],
	// or nil. For example, the providers of package openai take an openai.Settings. Another type
	// is an error.
	Settings any

	// Egress lists the hosts that the provider may connect to. If it is nil, there is no
	// restriction. It cannot be combined with HTTPClient.
	Egress *egress.List

	// Getenv looks up environment variables. The default is os.Getenv.
	Getenv func(string) string
}

// Format prints the configuration without credentials, including those in headers and in the
// address, for every verb.
func (c Config) Format(f fmt.State, verb rune) {
	type plain Config // without this method
	c.BaseURL, c.Headers = httpcall.ShownURL(c.BaseURL), httpcall.ShownHeader(c.Headers)
	fmt.Fprintf(f, fmt.FormatString(f, verb), plain(c))
}

// Env returns the value of the first environment variable in names that is set and not empty,
// or "".
func (c Config) Env(names ...string) string {
	getenv := c.Getenv
	if getenv == nil {
		getenv = os.Getenv
	}
	for _, name := range names {
		if value := getenv(name); value != "" {
			return value
		}
	}
	return ""
}
