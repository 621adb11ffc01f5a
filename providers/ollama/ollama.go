// Package ollama talks to Ollama by its own API: a server on this machine, one
// elsewhere, ollama.com, or a gateway in front of any of them.
//
//	p, err := ollama.New(ollama.Config{})
//	model := llm.New(p, "llama3.2:1b")
//
// Importing the package registers it with providers, so that a name is enough:
//
//	model, err := providers.Open("ollama/llama3.2:1b")
//
// What Ollama has and others do not is in [Options]. Beyond chats, embeddings
// and model lists, [Provider] has methods of its own: Pull, Show and Version.
//
// A prompt that does not fit into the model's context is an error of kind
// [llm.ContextLength]. Ollama itself would leave messages out and say nothing;
// see [Options.Truncate].
//
// The API is https://github.com/ollama/ollama/blob/main/docs/api.md. Its types
// are written down here rather than imported from github.com/ollama/ollama,
// which would bring the server's dependencies into every program.
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

// DefaultBaseURL is where Ollama listens unless told otherwise.
const DefaultBaseURL = "http://127.0.0.1:11434"

// Config is how to reach a server. The zero Config is an Ollama on this
// machine at its usual port; the environment is not read.
type Config struct {
	// BaseURL is where the server is, without /api: "http://gpu-box:11434".
	// Empty is [DefaultBaseURL].
	BaseURL string

	// APIKey is sent as a bearer token. ollama.com and gateways want one, a
	// server of one's own does not.
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
	// default. A server that loads a model, or has another
	// request to answer first, sends nothing until then: see FirstEvent.
	Limits llm.Limits

	// Template is the prompt format of requests whose [Options.Template] is
	// empty.
	Template string

	// Name is the provider's name in errors and model names; empty is "ollama".
	Name string
}

// Format prints the configuration without credentials, those in headers
// included, whatever the verb.
func (c Config) Format(f fmt.State, verb rune) {
	type plain Config // which has no such method
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
}

// New returns a provider. It sends nothing. A base URL that cannot be one, or a
// prompt format that does not exist, is an error of kind [llm.InvalidRequest].
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

// Name returns the provider's name: "ollama", unless configured otherwise.
func (p *Provider) Name() string { return p.name }

// String returns the provider's name and address. It is also what %+v prints:
// headers may hold credentials.
func (p *Provider) String() string { return p.name + " at " + p.server.BaseURL }

// GoString returns what String returns.
func (p *Provider) GoString() string { return p.String() }

// Close closes idle connections, unless the HTTP client is the user's.
func (p *Provider) Close() error { return p.server.Client.Close() }

// Do answers chats, embeddings, token counts and model lists. A token count is
// that of the chat's prompt; the model's vocabulary is kept for the next one.
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
