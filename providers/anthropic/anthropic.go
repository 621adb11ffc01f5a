// Package anthropic is the provider for Claude models, by Anthropic's Messages API. Vertex AI,
// Bedrock and other servers speak the same API: see [Server], or set Config.BaseURL.
//
//	p, err := anthropic.New(anthropic.Config{APIKey: llm.Secret(key)})
//	model := llm.New(p, "claude-sonnet-5")
//
// Importing the package registers it with package providers, which opens models by name:
//
//	model, err := providers.Open("anthropic/claude-sonnet-5")
//
// Settings that only Anthropic has are in [Options].
//
// # Thinking
//
// Request.ReasoningEffort becomes adaptive thinking with an effort, or a budget in tokens
// for models of generation 4.5 and older. Keep the reasoning parts of an answer in the
// history unchanged: they carry signatures that the server checks on the next turn. If a
// conversation moves to another model, its signatures are not valid there, so the provider
// omits those parts, with a warning.
//
// # Limits of an answer
//
// The API requires a limit for each answer. If Request.MaxTokens is 0, the provider sends
// 64,000 for Claude models of generation 4.5 and newer, at most 8,192 for older ones, and
// 4,096 for models of other vendors. If Request.NonStreaming is set, it sends at most
// 21,333.
//
// The API is described in https://platform.claude.com/docs/en/api/messages. The package
// uses no vendor client.
package anthropic

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/parley-llm/parley/internal/httpcall"
	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
)

const (
	// DefaultBaseURL is the address of Anthropic's API.
	DefaultBaseURL = "https://api.anthropic.com"
	// DefaultVersion is the default version of the API. All compatible servers accept it.
	DefaultVersion = "2023-06-01"
)

// Config is the configuration of a [Provider]. New does not read environment variables.
type Config struct {
	// Server is the kind of server. The default is [Anthropic].
	Server Server
	// BaseURL is the address of the server without /v1, for example
	// "https://gateway.example". The default is the server's own address, for example
	// [DefaultBaseURL]. Vertex AI and Bedrock have none, because it contains the project or
	// the region; providers.Open makes it from environment variables.
	BaseURL string
	// Version is sent as the header anthropic-version. The default is [DefaultVersion].
	// Version 2026-10-21 and later reject sampling settings.
	Version string

	// APIKey is sent in the header X-Api-Key, or in Authorization if the server expects it there.
	APIKey llm.Secret
	// TokenSource, if set, returns a bearer token for each request, instead of APIKey. The
	// token is sent in the header Authorization.
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

	// Name is the provider's name in errors and model names. The default is the Server.
	Name string
}

// Format prints the configuration without credentials, including those in headers, for
// every verb.
func (c Config) Format(f fmt.State, verb rune) {
	type plain Config // without this method
	c.BaseURL, c.Header = httpcall.ShownURL(c.BaseURL), httpcall.ShownHeader(c.Header)
	fmt.Fprintf(f, fmt.FormatString(f, verb), plain(c))
}

// Provider is a server with Anthropic's Messages API. It is safe for concurrent use.
type Provider struct {
	name    string
	facts   serverFacts
	version string
	server  provider.Server
	// headers returns the headers of a request with beta features.
	//
	// Security: it is a function, because a header of the configuration can be a credential,
	// and %d prints all fields.
	headers func(betas []string) *httpcall.Headers
	schemas provider.Schemas
}

// New returns a provider. It sends nothing. An invalid base URL is an error of kind
// [llm.InvalidRequest]. Without a credential, calls are sent without one.
func New(config Config) (*Provider, error) {
	kind := cmp.Or(config.Server, Anthropic)
	facts, known := servers[kind]
	p := &Provider{name: cmp.Or(config.Name, string(kind)), version: cmp.Or(config.Version, DefaultVersion), facts: facts}
	if !known {
		return nil, httpcall.UnsentErrorf(p.name, nil, llm.InvalidRequest, "the server %q is unknown: use one of the constants of package anthropic", kind)
	}
	base := cmp.Or(config.BaseURL, facts.baseURL)
	if base == "" {
		return nil, httpcall.UnsentErrorf(p.name, nil, llm.InvalidRequest, "there is no address: set Config.BaseURL, for example %s", facts.template)
	}
	base, err := httpcall.ParseBaseURL(p.name, base)
	if err != nil {
		return nil, err
	}
	p.server = provider.Server{
		BaseURL: base,
		Client:  httpcall.NewClient(p.name, config.HTTPClient, config.Limits),
		Explain: explain,
	}
	if facts.bodyVersion == "" {
		p.server.BaseURL = strings.TrimSuffix(base, "/v1") // often copied from settings of other clients
	}
	var isKey bool
	p.server.Token, isKey = httpcall.Credential(config.APIKey, config.TokenSource)
	isKey = isKey && !facts.bearer
	p.headers = func(betas []string) *httpcall.Headers { return headers(p.version, betas, config.Header, isKey) }
	p.server.Headers = p.headers(nil)
	return p, nil
}

// headers returns the headers of a request with the given beta features. Those of the
// configuration are added to them.
func headers(version string, betas []string, user http.Header, isKey bool) *httpcall.Headers {
	fixed := http.Header{"Content-Type": {"application/json"}, "Anthropic-Version": {version}}
	if all := slices.Concat(user["Anthropic-Beta"], betas); len(all) > 0 {
		fixed["Anthropic-Beta"] = []string{strings.Join(all, ",")}
	}
	if isKey {
		return httpcall.NewHeaders(fixed, user, "X-Api-Key", "")
	}
	return httpcall.NewHeaders(fixed, user, "Authorization", "Bearer ")
}

// with returns the server for a request with beta features.
func (p *Provider) with(betas []string) *provider.Server {
	if len(betas) == 0 {
		return &p.server
	}
	server := p.server
	server.Headers = p.headers(betas)
	return &server
}

// Name returns the provider's name, the kind of server by default.
func (p *Provider) Name() string { return p.name }

// String returns the provider's name and address. The verbs %v and %+v print the same,
// because headers may contain credentials.
func (p *Provider) String() string { return p.name + " at " + p.server.BaseURL }

// GoString returns the result of String.
func (p *Provider) GoString() string { return p.String() }

// Close closes idle connections, unless Config.HTTPClient was set.
func (p *Provider) Close() error { return p.server.Client.Close() }

// Do answers chats, token counts and model lists.
func (p *Provider) Do(ctx context.Context, call *llm.Call) llm.Events {
	return p.schemas.Do(ctx, call, p.profiles(call), p.dispatch)
}

// profiles returns the parts of JSON Schema that the model accepts. A model without
// structured output gets the format as a tool, whose schema can be any.
func (p *Provider) profiles(call *llm.Call) provider.Profiles {
	profiles := provider.Profiles{StrictTools: "anthropic-strict-tools"}
	if call != nil && !familyOf(call.Model).noFormat {
		profiles.Format = "anthropic"
	}
	return profiles
}

func (p *Provider) dispatch(ctx context.Context, call *llm.Call) llm.Events {
	return llmutil.Dispatch(ctx, call, operations{p})
}

// operations has the methods that [llmutil.Dispatch] calls. They are not methods of
// Provider, so that its exported API has Do alone.
type operations struct{ *Provider }

func (o operations) Chat(ctx context.Context, call *llm.Call, yield func(llm.Event, error) bool) error {
	return o.chat(ctx, call, yield)
}

func (o operations) CountTokens(ctx context.Context, call *llm.Call, yield func(llm.Event, error) bool) error {
	return o.countTokens(ctx, call, yield)
}

func (o operations) ListModels(ctx context.Context, call *llm.Call, yield func(llm.Event, error) bool) error {
	return o.listModels(ctx, call, yield)
}

// fail returns an error for a call that has not been sent.
func (p *Provider) fail(call *llm.Call, kind llm.Kind, format string, args ...any) error {
	return httpcall.UnsentErrorf(p.name, call, kind, format, args...)
}
