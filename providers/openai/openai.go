// Package openai talks to OpenAI, to Azure OpenAI, and to every server that
// speaks OpenAI's chat completions dialect: llama.cpp, vLLM, LM Studio,
// Cerebras, Groq, Together, OpenRouter, DeepSeek, and any other by its base URL.
//
//	p, err := openai.New(openai.Config{APIKey: llm.Secret(key)})
//	model := llm.New(p, "gpt-6-luna")
//
// Importing the package registers it with providers, so that a name is enough:
//
//	model, err := providers.Open("openai/gpt-6-luna")   // or "groq/…", "azure/…", "vllm/…"
//
// Requests are made with the request types of [github.com/sashabaranov/go-openai],
// and [Options] gives programs a hook on them. The reply is read here;
// docs/peers.md has what vendors' clients make of faults.
package openai

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/parley-llm/parley/internal/httpcall"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
	"github.com/parley-llm/parley/llm/tokens"
)

// Config is how to reach a server. The zero Config, with an APIKey, is OpenAI.
type Config struct {
	// Server names the kind of server, which decides the base URL and how the
	// request is put: one of the constants of [Server]. Empty is [OpenAI].
	Server Server
	// BaseURL is where the API is, up to and including its version:
	// "http://localhost:8000/v1". Empty is the server's usual address.
	// For Azure it is the resource, "https://NAME.openai.azure.com": what follows
	// from /openai on is added.
	BaseURL string

	// APIKey is the credential; hosted servers need one.
	APIKey llm.Secret
	// TokenSource, if set, gives the credential instead: for those that
	// expire, such as Azure's Entra tokens.
	//
	// TokenSource is called once for each request, from any goroutine, so it should cache
	// its token. An error fails the call with kind Auth, unless it has another kind.
	TokenSource func(context.Context) (string, error)

	// AzureAPIVersion is the version of Azure's API by deployments, such as
	// "2024-10-21". Empty is Azure's v1 API, which has no versions, and so are the
	// words "v1", "preview" and "latest". The model's name is the name of the
	// deployment with either.
	AzureAPIVersion string

	Organization string // OpenAI's organisation, for accounts with several
	Project      string // OpenAI's project, likewise
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

	// Name is the provider's name in errors and model names; empty is the server's.
	Name string
	// Quirks, if set, replaces what is known of the server.
	Quirks *Quirks

	// Encoding, if set, is the encoding of the models behind a server that is not
	// OpenAI's, from tokens.Open for one. Requests are counted offline with it: their
	// texts exactly, the server's own chat template by OpenAI's.
	Encoding *tokens.Encoding
}

// Format prints the configuration without credentials, those in headers
// included, whatever the verb.
func (c Config) Format(f fmt.State, verb rune) {
	type plain Config // which has no such method
	c.BaseURL, c.Header = httpcall.ShownURL(c.BaseURL), httpcall.ShownHeader(c.Header)
	fmt.Fprintf(f, fmt.FormatString(f, verb), plain(c))
}

// Provider is a server of OpenAI's dialect. It is safe for concurrent use.
type Provider struct {
	name    string
	config  Config // without the credential
	quirks  Quirks
	baseURL string
	token   httpcall.TokenSource // nil for none
	keyed   bool                 // the token is an API key, not a bearer token
	client  *httpcall.Client
	limits  llm.Limits
	headers headers
}

// New returns a provider. It sends nothing. A base URL that cannot be one is an
// error of kind [llm.InvalidRequest], the want of a key where the server needs
// one of kind [llm.Auth].
func New(config Config) (*Provider, error) {
	if config.Server == "" {
		config.Server = OpenAI
	}
	config.AzureAPIVersion = datedVersion(config.AzureAPIVersion)
	p := &Provider{name: config.Name, config: config, limits: config.Limits.WithDefaults()}
	if p.name == "" {
		p.name = string(config.Server)
	}
	known, ok := servers[config.Server]
	if !ok {
		return nil, p.invalidf("the server kind %q is not known: use one of the constants of openai.Server", config.Server)
	}
	switch p.quirks = known.quirks; {
	case config.Quirks != nil:
		p.quirks = *config.Quirks
	case config.Server == Azure:
		p.quirks = azureQuirks(config.AzureAPIVersion)
	}
	if problem := p.quirks.problem(); problem != "" {
		return nil, p.invalidf("%s", problem)
	}
	base := config.BaseURL
	if base == "" {
		base = known.baseURL
	}
	if base == "" {
		return nil, p.invalidf("there is no base URL: set Config.BaseURL%s", orVariable(known.urlEnv))
	}
	var err error
	if p.baseURL, err = httpcall.ParseBaseURL(p.name, base); err != nil {
		return nil, err
	}
	if config.Server == Azure { // people configure it with its path and without
		p.baseURL = strings.TrimSuffix(strings.TrimSuffix(p.baseURL, azureV1), "/openai")
	}
	p.token, p.keyed = httpcall.Credential(config.APIKey, config.TokenSource)
	if p.token == nil && known.needsKey && (config.BaseURL == "" || known.baseURL == "") {
		return nil, httpcall.Failf(p.name, nil, llm.Auth, "there is no API key: set Config.APIKey%s", orVariable(known.keyEnv))
	}
	p.config.APIKey, p.config.TokenSource = "", nil
	p.config.Header = config.Header.Clone()
	p.headers = p.newHeaders()
	p.client = httpcall.NewClient(p.name, config.HTTPClient, config.Limits)
	return p, nil
}

// Name returns the provider's name: "openai", unless configured otherwise.
func (p *Provider) Name() string { return p.name }

// String returns the provider's name and address.
func (p *Provider) String() string { return p.name + " at " + p.baseURL }

// Format prints what String returns, whatever the verb: headers may hold
// credentials.
func (p *Provider) Format(f fmt.State, _ rune) { io.WriteString(f, p.String()) }

// Close closes idle connections, unless the HTTP client is the user's.
func (p *Provider) Close() error { return p.client.Close() }

// Do answers chats, embeddings, token counts and model lists. Tokens are counted
// without the network, unless [Options] say otherwise.
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

func (p *Provider) invalidf(format string, args ...any) error {
	return httpcall.Failf(p.name, nil, llm.InvalidRequest, format, args...)
}
