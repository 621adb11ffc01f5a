// Package ollama is the provider for Ollama, by its own API: a server on this machine or
// another one, ollama.com, or a gateway in front of them.
//
//	p, err := ollama.New(ollama.Config{})
//	model := llm.New(p, "llama3.2:1b")
//
// Importing the package registers it with package providers, which opens models by name:
//
//	model, err := providers.Open("ollama/llama3.2:1b")
//
// Settings that only Ollama has are in [Options]. In addition to chats, embeddings, token
// counts and model lists, [Provider] has the methods Pull, Show and Version.
//
// If a prompt does not fit into the model's context window, the call fails with kind
// [llm.ContextLength]. By default, Ollama itself omits messages and does not report it; see
// [Options.Truncate].
//
// The API is described in https://github.com/ollama/ollama/blob/main/docs/api.md. The
// package does not import github.com/ollama/ollama, which would add the server's
// dependencies to every program.
package ollama

import (
	"context"
	"fmt"
	"net/http"

	"github.com/parley-llm/parley/internal/httpcall"
	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
)

// DefaultBaseURL is the default address of an Ollama server.
const DefaultBaseURL = "http://127.0.0.1:11434"

// Config is the configuration of a [Provider]. The zero Config is an Ollama server on this
// machine at the default port. New does not read environment variables.
type Config struct {
	// BaseURL is the address of the server without /api, for example
	// "http://gpu-box:11434". The default is [DefaultBaseURL].
	BaseURL string

	// APIKey is sent as a bearer token. ollama.com and gateways require one. An Ollama
	// server on your own machine does not.
	APIKey llm.Secret
	// TokenSource, if set, gives the credential instead: for those that expire.
	//
	// TokenSource is called once for each request, from any goroutine, so it should cache
	// its token. An error fails the call with kind Auth, unless it has another kind.
	TokenSource func(context.Context) (string, error)

	// Header is added to every request. It does not replace headers that the provider sets.
	Header http.Header
	// HTTPClient sends the requests. The default is a new client with a transport for many
	// concurrent streams. Do not set the client's Timeout, because it interrupts long
	// answers. Set Limits instead.
	//
	// Security: the client's CheckRedirect is not used. Redirects to another host are not
	// followed, so no other host receives the credential.
	HTTPClient *http.Client
	// Limits limits the time to wait and the size of replies. Zero fields have defaults.
	// While a server loads a model or answers an earlier request, it sends nothing; see
	// FirstEvent.
	Limits llm.Limits

	// Template is the default of [Options.Template].
	Template string

	// Name is the provider's name in errors and model names. The default is "ollama".
	Name string
}

// Format prints the configuration without credentials, including those in headers, for
// every verb.
func (c Config) Format(f fmt.State, verb rune) {
	type plain Config // without this method
	c.BaseURL, c.Header = httpcall.ShownURL(c.BaseURL), httpcall.ShownHeader(c.Header)
	fmt.Fprintf(f, fmt.FormatString(f, verb), plain(c))
}

// Provider is an Ollama server. It is safe for concurrent use.
type Provider struct {
	name   string
	server provider.Server
	limits llm.Limits

	template     string
	vocabularies vocabularies
	schemas      provider.Schemas
}

// New returns a provider. It sends nothing. An invalid base URL or an unknown prompt format
// is an error of kind [llm.InvalidRequest].
func New(config Config) (*Provider, error) {
	p := &Provider{
		name:   config.Name,
		limits: config.Limits.WithDefaults(),
		server: provider.Server{
			Headers: httpcall.NewHeaders(http.Header{"Content-Type": {"application/json"}}, config.Header, "Authorization", "Bearer "),
			Explain: explain,
		},
		template: config.Template,
	}
	if p.name == "" {
		p.name = providerName
	}
	if _, err := p.namedFormat(&llm.Call{}, config.Template); err != nil {
		return nil, err
	}
	base := config.BaseURL
	if base == "" {
		base = DefaultBaseURL
	}
	var err error
	if p.server.BaseURL, err = httpcall.ParseBaseURL(p.name, base); err != nil {
		return nil, err
	}
	p.server.Token, _ = httpcall.Credential(config.APIKey, config.TokenSource)
	p.server.Client = httpcall.NewClient(p.name, config.HTTPClient, config.Limits)
	return p, nil
}

// Name returns the provider's name, "ollama" by default.
func (p *Provider) Name() string { return p.name }

// String returns the provider's name and address. The verbs %v and %+v print the same,
// because headers may contain credentials.
func (p *Provider) String() string { return p.name + " at " + p.server.BaseURL }

// GoString returns the result of String.
func (p *Provider) GoString() string { return p.String() }

// Close closes idle connections, unless Config.HTTPClient was set.
func (p *Provider) Close() error { return p.server.Client.Close() }

// Do answers chats, embeddings, token counts and model lists. A token count is the number
// of tokens in the chat's prompt. The model's vocabulary is cached for later counts.
func (p *Provider) Do(ctx context.Context, call *llm.Call) llm.Events {
	return p.schemas.Do(ctx, call, p.profiles(call), p.dispatch)
}

// profiles returns the part of JSON Schema that the server accepts in a format. Tools are
// part of the prompt, so their schemas can be any.
func (p *Provider) profiles(*llm.Call) provider.Profiles {
	return provider.Profiles{Format: "ollama"}
}

func (p *Provider) dispatch(ctx context.Context, call *llm.Call) llm.Events {
	return llmutil.Dispatch(ctx, call, operations{p})
}

// operations has the methods that [llmutil.Dispatch] calls. They are not methods of
// Provider, so that its exported API has Do alone.
type operations struct{ *Provider }

// fail returns an error for a call that has not been sent.
func (p *Provider) fail(call *llm.Call, kind llm.Kind, format string, args ...any) error {
	return httpcall.UnsentErrorf(p.name, call, kind, format, args...)
}
