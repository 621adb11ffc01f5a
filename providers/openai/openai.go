// Package openai is the provider for OpenAI, Azure OpenAI, and all servers with an
// OpenAI-compatible API: llama.cpp, vLLM, LM Studio, Cerebras, Groq, Together, OpenRouter,
// DeepSeek, and others by their base URL.
//
//	p, err := openai.New(openai.Config{APIKey: llm.Secret(key)})
//	model := llm.New(p, "gpt-6-luna")
//
// Importing the package registers it with package providers, which opens models by name:
//
//	model, err := providers.Open("openai/gpt-6-luna")   // or "groq/…", "azure/…", "vllm/…"
//
// Settings that only this dialect has are in [Options]. Differences between servers are
// [Quirks].
//
// A program that builds requests with [github.com/sashabaranov/go-openai] can go on to use
// its request type in a [Hook]. The package does not use go-openai's client.
package openai

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"

	"github.com/parley-llm/parley/internal/httpcall"
	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
	"github.com/parley-llm/parley/llm/tokens"
)

// Config is the configuration of a [Provider]. With only an APIKey, it is OpenAI's.
type Config struct {
	// Server is the kind of server. It determines the default base URL and the quirks of
	// the server. The default is [OpenAI].
	Server Server
	// BaseURL is the address of the API including its version, for example
	// "http://localhost:8000/v1". The default is the address of the Server.
	//
	// For Azure it is the address of the resource, for example
	// "https://NAME.openai.azure.com". The path from /openai on is added. The target URI that
	// Azure shows for a deployment is accepted as well.
	//
	// A query is sent with every request, in addition to Query.
	BaseURL string
	// Query are query parameters of every request, for example {"api-version": {"…"}} for
	// gateways.
	//
	// Security: do not put a credential into the query, because URLs are logged by servers and
	// proxies. Errors do not show the query.
	Query url.Values

	// APIKey is the credential. Hosted servers require one.
	APIKey llm.Secret
	// TokenSource, if set, gives the credential instead: for those that
	// expire, such as Azure's Entra tokens.
	//
	// TokenSource is called once for each request, from any goroutine, so it should cache
	// its token. An error fails the call with kind Auth, unless it has another kind.
	TokenSource func(context.Context) (string, error)

	// AzureAPIVersion is the version of Azure's API by deployments, for example
	// "2024-10-21". If it is empty, "v1", "preview" or "latest", Azure's v1 API is used,
	// which has no versions. In both APIs the model name is the name of the deployment.
	AzureAPIVersion string

	// API is the API for chats. The default is [APIDefault].
	API API

	Organization string // OpenAI's organization, for accounts with several
	Project      string // OpenAI's project, for accounts with several
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

	// Name is the provider's name in errors and model names. The default is the Server.
	Name string
	// Quirks, if set, replaces the known quirks of the Server.
	Quirks *Quirks

	// Encoding is the encoding of the models of a server other than OpenAI's, for example
	// from tokens.Open. It is used to count tokens offline. Texts are counted exactly, and
	// the server's chat template as if it were OpenAI's.
	Encoding *tokens.Encoding
}

// Format prints the configuration without credentials, including those in headers, for
// every verb.
func (c Config) Format(f fmt.State, verb rune) {
	type plain Config // without this method
	c.BaseURL, c.Header = httpcall.ShownURL(c.BaseURL), httpcall.ShownHeader(c.Header)
	c.Query = url.Values(httpcall.ShownHeader(http.Header(c.Query)))
	fmt.Fprintf(f, fmt.FormatString(f, verb), plain(c))
}

// Provider is a server with an OpenAI-compatible API. It is safe for concurrent use.
type Provider struct {
	name    string
	config  Config // without the credential
	quirks  Quirks
	baseURL string
	query   string               // encoded, or ""
	token   httpcall.TokenSource // nil for none
	keyed   bool                 // the token is an API key, not a bearer token
	client  *httpcall.Client
	limits  llm.Limits
	headers headers
	schemas provider.Schemas
	plain   sync.Map // models for which the server has rejected encrypted reasoning
}

// New returns a provider. It sends nothing. An invalid setting is an error of kind
// [llm.InvalidRequest]. A missing key, if the server requires one, is an error of kind
// [llm.Auth].
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
	if !config.API.isAPI() {
		return nil, p.invalidf("Config.API is %q: use openai.APIChat or openai.APIResponses", config.API)
	}
	base := config.BaseURL
	if base == "" {
		base = known.baseURL
	}
	if base == "" {
		return nil, p.invalidf("there is no base URL: set Config.BaseURL%s", orVariable(known.urlEnv))
	}
	if err := p.setAddress(base); err != nil {
		return nil, err
	}
	switch p.quirks = known.quirks; {
	case config.Quirks != nil:
		p.quirks = *config.Quirks
	case config.Server == Azure:
		p.quirks = azureQuirks(p.config.AzureAPIVersion)
	}
	if problem := p.quirks.problem(); problem != "" {
		return nil, p.invalidf("%s", problem)
	}
	p.token, p.keyed = httpcall.Credential(config.APIKey, config.TokenSource)
	if p.token == nil && known.needsKey && (config.BaseURL == "" || known.baseURL == "") {
		return nil, httpcall.UnsentErrorf(p.name, nil, llm.Auth, "there is no API key: set Config.APIKey%s", orVariable(known.keyEnv))
	}
	p.config.APIKey, p.config.TokenSource = "", nil
	p.config.Header = config.Header.Clone()
	p.headers = p.newHeaders()
	p.client = httpcall.NewClient(p.name, config.HTTPClient, config.Limits)
	return p, nil
}

// Name returns the provider's name, "openai" by default.
func (p *Provider) Name() string { return p.name }

// String returns the provider's name and address.
func (p *Provider) String() string { return p.name + " at " + p.baseURL }

// Format prints the result of String for every verb, because headers may contain
// credentials.
func (p *Provider) Format(f fmt.State, _ rune) { io.WriteString(f, p.String()) }

// Close closes idle connections, unless Config.HTTPClient was set.
func (p *Provider) Close() error { return p.client.Close() }

// Do answers chats, embeddings, token counts and model lists. Tokens are counted offline,
// unless [Options] has CountBy set.
func (p *Provider) Do(ctx context.Context, call *llm.Call) llm.Events {
	return p.schemas.Do(ctx, call, p.profiles(call), p.dispatch)
}

func (p *Provider) dispatch(ctx context.Context, call *llm.Call) llm.Events {
	return llmutil.Dispatch(ctx, call, operations{p})
}

// operations has the methods that [llmutil.Dispatch] calls. They are not methods of
// Provider, so that its exported API has Do alone.
type operations struct{ *Provider }

func (p operations) Chat(ctx context.Context, call *llm.Call, yield func(llm.Event, error) bool) error {
	api, err := p.api(call)
	switch {
	case err != nil:
		return err
	case api == APIResponses:
		return p.explain(call, responsesPath, p.respond(ctx, call, yield))
	}
	return p.explain(call, chatPath, p.chat(ctx, call, yield))
}

func (p operations) Embed(ctx context.Context, call *llm.Call, yield func(llm.Event, error) bool) error {
	return p.explain(call, embedPath, p.embed(ctx, call, yield))
}

func (p operations) ListModels(ctx context.Context, call *llm.Call, yield func(llm.Event, error) bool) error {
	return p.explain(call, modelsPath, p.listModels(ctx, call, yield))
}

// fail returns an error for a call that has not been sent.
func (p *Provider) fail(call *llm.Call, kind llm.Kind, format string, args ...any) error {
	return httpcall.UnsentErrorf(p.name, call, kind, format, args...)
}

func (p *Provider) invalidf(format string, args ...any) error {
	return httpcall.UnsentErrorf(p.name, nil, llm.InvalidRequest, format, args...)
}
