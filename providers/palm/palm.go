// Package palm speaks the protocol of Google's PaLM models: chat-bison and
// text-bison, by the Generative Language API or by Vertex AI.
//
// Google has switched both off. The package is for those who still have a server
// of the protocol, a gateway or a replica, and for programs that are to learn
// from an error that the models they name are gone: without a base URL, every
// call is answered at once with one of kind [llm.Retired] that names Gemini.
//
//	p, err := palm.New(palm.Config{BaseURL: "https://palm.example.com"})
//	model := llm.New(p, "chat-bison-001")
//
// Importing the package registers it with providers, so that a name is enough
// where PALM_BASE_URL is set:
//
//	model, err := providers.Open("palm/chat-bison-001")
//
// The protocol streams nothing: an answer is one text event. Package palmtest
// has a server to test with.
//
// Its definition is
// https://github.com/googleapis/googleapis/tree/master/google/ai/generativelanguage/v1beta2
package palm

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/parley-llm/parley/internal/httpcall"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
)

// DefaultAPIVersion is the version of the Generative Language API that is spoken.
// The messages of v1beta3 are the same.
const DefaultAPIVersion = "v1beta2"

// Config is how to reach a server. The zero Config reaches none: see the
// package's comment.
type Config struct {
	// BaseURL is where the server is, without the version:
	// "https://palm.example.com".
	BaseURL string
	// APIVersion is that of the Generative Language API; empty is
	// [DefaultAPIVersion].
	APIVersion string
	// Project and Location, if set, are those of a Vertex AI, whose requests are
	// put in another way.
	Project, Location string

	// APIKey is sent in the header x-goog-api-key.
	APIKey llm.Secret
	// TokenSource, if set, gives the credential instead, which is sent as a bearer
	// token: for Vertex AI.
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

	// Name is the provider's name in errors and model names; empty is "palm".
	Name string
}

// Format prints the configuration without credentials, those in headers
// included, whatever the verb.
func (c Config) Format(f fmt.State, verb rune) {
	type plain Config // which has no such method
	c.BaseURL, c.Header = httpcall.ShownURL(c.BaseURL), httpcall.ShownHeader(c.Header)
	fmt.Fprintf(f, fmt.FormatString(f, verb), plain(c))
}

// Provider is a server of the PaLM protocol, or what is left of Google's. It is
// safe for concurrent use.
type Provider struct {
	name    string
	baseURL string // up to the models; empty for none
	vertex  bool
	headers *httpcall.Headers    // of every request
	token   httpcall.TokenSource // nil for none
	client  *httpcall.Client
	limits  llm.Limits
}

// New returns a provider. It sends nothing. A base URL that cannot be one, and
// half of a Vertex AI, are errors of kind [llm.InvalidRequest].
func New(config Config) (*Provider, error) {
	p := &Provider{
		name:   config.Name,
		limits: config.Limits.WithDefaults(),
		vertex: config.Project != "",
	}
	if p.name == "" {
		p.name = providerName
	}
	if (config.Project == "") != (config.Location == "") {
		return nil, p.fail(&llm.Call{}, llm.InvalidRequest, "Vertex AI needs both Config.Project and Config.Location")
	}
	if config.BaseURL != "" {
		base, err := httpcall.ParseBaseURL(p.name, config.BaseURL)
		if err != nil {
			return nil, err
		}
		p.baseURL = base + config.path()
	}
	var keyed bool
	p.token, keyed = httpcall.Credential(config.APIKey, config.TokenSource)
	credential, scheme := "Authorization", "Bearer "
	if keyed {
		credential, scheme = "X-Goog-Api-Key", ""
	}
	p.headers = httpcall.NewHeaders(http.Header{"Content-Type": {"application/json"}}, config.Header, credential, scheme)
	p.client = httpcall.NewClient(p.name, config.HTTPClient, config.Limits)
	return p, nil
}

// path returns the place of the models.
func (c *Config) path() string {
	if c.Project != "" {
		return "/v1/projects/" + url.PathEscape(c.Project) + "/locations/" + url.PathEscape(c.Location) + "/publishers/google/models/"
	}
	version := c.APIVersion
	if version == "" {
		version = DefaultAPIVersion
	}
	return "/" + url.PathEscape(version) + "/models/"
}

// Name returns the provider's name: "palm", unless configured otherwise.
func (p *Provider) Name() string { return p.name }

// String returns the provider's name and address. It is also what %+v prints:
// headers may hold credentials.
func (p *Provider) String() string {
	if p.baseURL == "" {
		return p.name + ", which is retired"
	}
	return p.name + " at " + p.baseURL
}

// GoString returns what String returns.
func (p *Provider) GoString() string { return p.String() }

// Close closes idle connections, unless the HTTP client is the user's.
func (p *Provider) Close() error { return p.client.Close() }

// Do answers chats and token counts.
func (p *Provider) Do(ctx context.Context, call *llm.Call) llm.Events {
	if p.baseURL == "" {
		return func(yield func(llm.Event, error) bool) { yield(llm.Event{}, p.retired(call)) }
	}
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

// retired returns the error for a call to what Google no longer has.
func (p *Provider) retired(call *llm.Call) error {
	const instead = "use a Gemini model with the provider gemini, such as gemini/gemini-flash-latest"
	model := strings.ToLower(call.Model)
	switch {
	case strings.Contains(model, "lamda"), strings.Contains(model, "bard"):
		return p.fail(call, llm.Retired, "LaMDA and Bard never had an API, and are no more; "+instead)
	}
	return p.fail(call, llm.Retired, "Google switched the PaLM API off on 2024-08-15, and PaLM on Vertex AI on 2025-04-09; "+instead+
		", or set the base URL of a server that still speaks the protocol")
}

// request returns the HTTP request that posts a body to one of the model's
// methods, with its credential.
func (p *Provider) request(ctx context.Context, call *llm.Call, method string, body []byte) (*httpcall.Request, error) {
	req := &httpcall.Request{
		Call: call, Method: http.MethodPost, Body: body,
		URL: p.baseURL + url.PathEscape(strings.TrimPrefix(call.Model, "models/")) + ":" + method,
	}
	return req, p.client.Authorize(ctx, req, p.headers, p.token)
}

// fail returns an error about a call that has not been sent.
func (p *Provider) fail(call *llm.Call, kind llm.Kind, format string, args ...any) error {
	return httpcall.Failf(p.name, call, kind, format, args...)
}
