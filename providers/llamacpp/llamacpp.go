// Package llamacpp is the provider for llama.cpp's server, llama-server. It uses the server's
// OpenAI-compatible API for chats, and the server's own endpoints if they provide more.
//
//	p, err := llamacpp.New(llamacpp.Config{})
//	model := llm.New(p, "any")   // the server has one model, and ignores its name
//
// Importing the package registers it with package providers, under the names "llamacpp" and
// "llama.cpp":
//
//	model, err := providers.Open("llamacpp/any")
//
// The server's own endpoints provide:
//
//   - Exact token counts, with the server's template and vocabulary.
//   - Named prompt formats for models without a chat template, for example Alpaca or Vicuna:
//     see [Options.Template].
//   - Answers that follow a grammar ([Options.Grammar]) or a schema ([llm.Request.Format]).
//   - Continuation of an assistant message at the end of a conversation.
//   - The properties and the state of the server ([Provider.Props], [Provider.Slots]), and
//     the processing times of an answer ([TimingsOf]).
//
// The endpoints are described in
// https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md.
package llamacpp

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/parley-llm/parley/internal/httpcall"
	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
	"github.com/parley-llm/parley/providers/openai"
)

// DefaultBaseURL is the default address of llama-server.
const DefaultBaseURL = "http://127.0.0.1:8080"

// Config is the configuration of a [Provider]. The zero Config is a server on this machine at
// the default port. New does not read environment variables.
type Config struct {
	// BaseURL is the address of the server, with or without /v1, for example
	// "http://gpu-box:8080". The default is [DefaultBaseURL].
	BaseURL string

	// APIKey is sent as a bearer token. A server that was started with --api-key requires one.
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
	Limits llm.Limits

	// Template is the default of [Options.Template].
	Template string

	// Name is the provider's name in errors and model names. The default is "llamacpp".
	Name string
}

// Format prints the configuration without credentials, including those in headers, for
// every verb.
func (c Config) Format(f fmt.State, verb rune) {
	type plain Config // without this method
	c.BaseURL, c.Header = httpcall.ShownURL(c.BaseURL), httpcall.ShownHeader(c.Header)
	fmt.Fprintf(f, fmt.FormatString(f, verb), plain(c))
}

// Provider is a llama.cpp server. It is safe for concurrent use.
type Provider struct {
	name     string
	server   provider.Server  // its base URL is without /v1
	openai   *openai.Provider // the OpenAI-compatible API of the same server
	limits   llm.Limits
	template string
	schemas  provider.Schemas
}

// New returns a provider. It sends nothing. An invalid base URL or an unknown prompt format
// is an error of kind [llm.InvalidRequest].
func New(config Config) (*Provider, error) {
	p := &Provider{
		name:     config.Name,
		limits:   config.Limits.WithDefaults(),
		template: config.Template,
		server: provider.Server{
			Headers: httpcall.NewHeaders(http.Header{"Content-Type": {"application/json"}, resend: {}}, config.Header, "Authorization", "Bearer "),
			Explain: explain,
		},
	}
	if p.name == "" {
		p.name = providerName
	}
	base := config.BaseURL
	if base == "" {
		base = DefaultBaseURL
	}
	var err error
	if p.server.BaseURL, err = httpcall.ParseBaseURL(p.name, base); err != nil {
		return nil, err
	}
	p.server.BaseURL = strings.TrimSuffix(p.server.BaseURL, "/v1")
	if _, err := p.format(&llm.Call{}, config.Template); err != nil {
		return nil, err
	}
	p.server.Token, _ = httpcall.Credential(config.APIKey, config.TokenSource)
	p.server.Client = httpcall.NewClient(p.name, config.HTTPClient, config.Limits)
	header := config.Header.Clone()
	if header == nil {
		header = make(http.Header)
	}
	header[resend] = []string{}
	p.openai, err = openai.New(openai.Config{
		Server: openai.LlamaCpp, BaseURL: p.server.BaseURL + "/v1", Name: p.name,
		APIKey: config.APIKey, TokenSource: config.TokenSource,
		Header: header, HTTPClient: config.HTTPClient, Limits: config.Limits,
	})
	if err != nil {
		return nil, err
	}
	return p, nil
}

// resend is the name of a header that allows net/http to send a request again if the
// connection was closed before the reply. Without a value, the header itself is not sent.
//
// The server announces persistent connections but closes them after each stream. So about
// one of ten calls that follow another call immediately would fail. A second request is safe,
// because no part of the first answer was read.
// https://pkg.go.dev/net/http#Transport
const resend = "Idempotency-Key"

// Name returns the provider's name, "llamacpp" by default.
func (p *Provider) Name() string { return p.name }

// String returns the provider's name and address. The verbs %v and %+v print the same,
// because headers may contain credentials.
func (p *Provider) String() string { return p.name + " at " + p.server.BaseURL }

// GoString returns the result of String.
func (p *Provider) GoString() string { return p.String() }

// Close closes idle connections, unless Config.HTTPClient was set.
func (p *Provider) Close() error {
	_ = p.openai.Close() // never fails
	return p.server.Client.Close()
}

// Do answers chats, embeddings, token counts and model lists. The server counts the tokens.
// Counts of requests without media are exact.
func (p *Provider) Do(ctx context.Context, call *llm.Call) llm.Events {
	return p.schemas.Do(ctx, call, p.profiles(call), p.dispatch)
}

// profiles returns the parts of JSON Schema that the server's grammars support.
func (p *Provider) profiles(*llm.Call) provider.Profiles {
	return provider.Profiles{Format: "llamacpp", Tools: "llamacpp-tools"}
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
