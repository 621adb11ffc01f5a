// Package llamacpp talks to llama.cpp's server, llama-server: by its OpenAI
// dialect for chats, and by its own endpoints where they are better.
//
//	p, err := llamacpp.New(llamacpp.Config{})
//	model := llm.New(p, "any name: the server has one model")
//
// Importing the package registers it with providers, as "llamacpp" and, as
// people also write it, "llama.cpp":
//
//	model, err := providers.Open("llamacpp/any")
//
// What the server's own endpoints give:
//
//   - Token counts are exact: the server's template and vocabulary count.
//   - Models without a chat template are asked in a named prompt format, such as
//     that of Alpaca or Vicuna: see [Options.Template]. What a user types is
//     then never a control token, whatever it looks like.
//   - Answers can be held to a grammar ([Options.Grammar]) or a schema
//     ([llm.Request.Format]).
//   - An answer goes on from the assistant message at the end of a conversation.
//   - [Provider.Props] and [Provider.Slots] say what the server runs and what it
//     is doing, [TimingsOf] what an answer took.
//
// The server is https://github.com/ggml-org/llama.cpp/tree/master/tools/server,
// whose README.md describes the endpoints.
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

// DefaultBaseURL is where llama-server listens unless told otherwise.
const DefaultBaseURL = "http://127.0.0.1:8080"

// Config is how to reach a server. The zero Config is a server on this machine
// at its usual port; the environment is not read.
type Config struct {
	// BaseURL is where the server is, with or without /v1: "http://gpu-box:8080".
	// Empty is [DefaultBaseURL].
	BaseURL string

	// APIKey is sent as a bearer token, to servers started with --api-key.
	APIKey llm.Secret
	// TokenSource, if set, gives the credential instead: for those that expire.
	//
	// TokenSource is called once for each request, from any goroutine, so it should cache
	// its token. An error fails the call with kind Auth, unless it has another kind.
	TokenSource func(context.Context) (string, error)

	// Header is sent with every request. Where the provider has a header of the
	// same name, its own is sent.
	Header http.Header
	// HTTPClient sends the requests; nil is a client of the provider's own,
	// with a transport made for many streams. Its rule for redirects is not
	// used: credentials go to no other host. Do not set its Timeout, which cuts
	// long answers: set Limits.
	HTTPClient *http.Client
	// Limits are for waiting, and for the size of what is read. What is zero has a
	// default.
	Limits llm.Limits

	// Template is the prompt format of requests whose [Options.Template] is
	// empty.
	Template string

	// Name is the provider's name in errors and model names; empty is "llamacpp".
	Name string
}

// Format prints the configuration without credentials, those in headers
// included, whatever the verb.
func (c Config) Format(f fmt.State, verb rune) {
	type plain Config // which has no such method
	c.BaseURL, c.Header = httpcall.ShownURL(c.BaseURL), httpcall.ShownHeader(c.Header)
	fmt.Fprintf(f, fmt.FormatString(f, verb), plain(c))
}

// Provider is a llama.cpp server. It is safe for concurrent use.
type Provider struct {
	name     string
	server   provider.Server  // its address is without /v1
	openai   *openai.Provider // the same server, by its OpenAI dialect
	limits   llm.Limits
	template string
}

// New returns a provider. It sends nothing. A base URL that cannot be one, or a
// prompt format that does not exist, is an error of kind [llm.InvalidRequest].
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

// resend is the name of a header which, without a value, is not sent, but has
// net/http send a request anew if the connection turns out to be closed. The
// server promises to keep connections, and closes them after each stream, so that
// one call in ten or so, right after another, would find that out. An answer that
// nobody saw the beginning of is lost to nobody.
// https://pkg.go.dev/net/http#Transport
const resend = "Idempotency-Key"

// Name returns the provider's name: "llamacpp", unless configured otherwise.
func (p *Provider) Name() string { return p.name }

// String returns the provider's name and address. It is also what %+v prints:
// headers may hold credentials.
func (p *Provider) String() string { return p.name + " at " + p.server.BaseURL }

// GoString returns what String returns.
func (p *Provider) GoString() string { return p.String() }

// Close closes idle connections, unless the HTTP client is the user's.
func (p *Provider) Close() error {
	_ = p.openai.Close() // which cannot fail
	return p.server.Client.Close()
}

// Do answers chats, embeddings, token counts and model lists. Token counts are
// those of the server, and exact for texts.
func (p *Provider) Do(ctx context.Context, call *llm.Call) llm.Events {
	return llmutil.Dispatch(ctx, call, operations{p})
}

// operations has the methods that [llmutil.Dispatch] calls. They are not methods of
// Provider, so that its exported API has Do alone.
type operations struct{ *Provider }

func (o operations) Chat(ctx context.Context, call *llm.Call, yield func(llm.Event, error) bool) error {
	return o.chat(ctx, call, yield)
}

func (o operations) Embed(ctx context.Context, call *llm.Call, yield func(llm.Event, error) bool) error {
	return o.embed(ctx, call, yield)
}

func (o operations) CountTokens(ctx context.Context, call *llm.Call, yield func(llm.Event, error) bool) error {
	return o.countTokens(ctx, call, yield)
}

func (o operations) ListModels(ctx context.Context, call *llm.Call, yield func(llm.Event, error) bool) error {
	return o.listModels(ctx, call, yield)
}

// fail returns an error about a call that has not been sent.
func (p *Provider) fail(call *llm.Call, kind llm.Kind, format string, args ...any) error {
	return httpcall.Failf(p.name, call, kind, format, args...)
}
