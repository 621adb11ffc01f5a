// Package palm implements the protocol of Google's PaLM models, chat-bison and
// text-bison, in the variants of the Generative Language API and of Vertex AI.
//
// Google has switched off both services. Without a base URL, every call fails immediately
// with an error of kind [llm.Retired] that names Gemini as the successor. The package is
// for two groups of users: those with a server that still implements the protocol, such
// as a gateway or a replica, and programs that should report that their model was
// retired.
//
//	p, err := palm.New(palm.Config{BaseURL: "https://palm.example.com"})
//	model := llm.New(p, "chat-bison-001")
//
// Importing the package registers it with package providers. If PALM_BASE_URL is set, the
// name of a model is then sufficient. PALM_API_KEY contains the API key, if the server
// requires one:
//
//	model, err := providers.Open("palm/chat-bison-001")
//
// The protocol has no streaming: an answer is one text event. Package palmtest contains a
// server for tests.
//
// The protocol is defined in
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

// DefaultAPIVersion is the default version of the Generative Language API. The messages
// of v1beta3 are the same.
const DefaultAPIVersion = "v1beta2"

// Config configures a [Provider]. The zero Config has no server, so every call fails with
// an error of kind [llm.Retired].
type Config struct {
	// BaseURL is the address of the server without the version, for example
	// "https://palm.example.com".
	BaseURL string
	// APIVersion is the version of the Generative Language API. The default is
	// [DefaultAPIVersion]. Vertex AI does not use it.
	APIVersion string
	// Project and Location select the protocol of Vertex AI. Set both or neither.
	Project, Location string

	// APIKey is sent in the header x-goog-api-key.
	APIKey llm.Secret
	// TokenSource returns a bearer token, for example for Vertex AI. If it is set, APIKey
	// is ignored.
	//
	// TokenSource is called once for each request, from any goroutine, so it should cache
	// its token. If it returns an error, the call fails with that error. The kind is
	// [llm.Auth], unless the error has another kind.
	TokenSource func(context.Context) (string, error)

	// Header is sent with every request. Headers that the provider sets itself, such as
	// the credential, take precedence.
	Header http.Header
	// HTTPClient sends the requests. If it is nil, the provider uses a separate client
	// with a transport for many concurrent streams. Do not set HTTPClient.Timeout,
	// because it interrupts long answers; set Limits instead.
	//
	// Security: the client's CheckRedirect is not used. Redirects to another host are not
	// followed, so that credentials are not sent there.
	HTTPClient *http.Client
	// Limits are the timeouts and the maximum size of a reply. Zero fields have the
	// defaults of [llm.Limits].
	Limits llm.Limits

	// Name is the provider's name in errors and model names. The default is "palm".
	Name string
}

// Format implements [fmt.Formatter].
//
// Security: it prints the configuration without credentials, including those in headers,
// for every verb.
func (c Config) Format(f fmt.State, verb rune) {
	type plain Config // a type without this method
	c.BaseURL, c.Header = httpcall.ShownURL(c.BaseURL), httpcall.ShownHeader(c.Header)
	fmt.Fprintf(f, fmt.FormatString(f, verb), plain(c))
}

// Provider is a server of the PaLM protocol, or the retired service if there is no base
// URL. It is safe for concurrent use.
type Provider struct {
	name    string
	baseURL string // including the path of the models; empty without a server
	vertex  bool
	headers *httpcall.Headers    // of every request
	token   httpcall.TokenSource // nil for none
	client  *httpcall.Client
	limits  llm.Limits
}

// New returns a provider. It sends nothing. It returns an error of kind
// [llm.InvalidRequest] if the base URL is invalid, or if only one of Project and Location
// is set.
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
		return nil, p.fail(&llm.Call{}, llm.InvalidRequest, "only one of Config.Project and Config.Location is set: set both for Vertex AI")
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

// path returns the path of the models.
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

// Name returns the provider's name. The default is "palm".
func (p *Provider) Name() string { return p.name }

// String returns the provider's name and address. %+v prints the same.
//
// Security: the result does not contain headers, because they may contain credentials.
func (p *Provider) String() string {
	if p.baseURL == "" {
		return p.name + " (retired)"
	}
	return p.name + " at " + p.baseURL
}

// GoString returns the same as String.
func (p *Provider) GoString() string { return p.String() }

// Close closes idle connections of the provider's HTTP client. It does nothing if
// Config.HTTPClient was set.
func (p *Provider) Close() error { return p.client.Close() }

// Do answers chats and token counts. Other operations fail with an error of kind
// [llm.Unsupported].
func (p *Provider) Do(ctx context.Context, call *llm.Call) llm.Events {
	if p.baseURL == "" {
		return func(yield func(llm.Event, error) bool) { yield(llm.Event{}, p.retired(call)) }
	}
	return llmutil.Dispatch(ctx, call, operations{p})
}

// operations has the methods that [llmutil.Dispatch] calls. They are not methods of
// Provider, so that its exported API has Do alone.
type operations struct{ *Provider }

// retired returns the error for a call to the retired service.
func (p *Provider) retired(call *llm.Call) error {
	const instead = "use a Gemini model, for example gemini/gemini-flash-latest"
	model := strings.ToLower(call.Model)
	switch {
	case strings.Contains(model, "lamda"), strings.Contains(model, "bard"):
		return p.fail(call, llm.Retired, "LaMDA and Bard never had an API and are discontinued: "+instead)
	}
	return p.fail(call, llm.Retired, "Google switched off the PaLM API on 2024-08-15 and PaLM on Vertex AI on 2025-04-09: "+instead+
		", or set the base URL of a server that still supports the protocol")
}

// request returns the HTTP request for a method of the model, including the credential.
func (p *Provider) request(ctx context.Context, call *llm.Call, method string, body []byte) (*httpcall.Request, error) {
	req := &httpcall.Request{
		Call: call, Method: http.MethodPost, Body: body,
		URL: p.baseURL + url.PathEscape(strings.TrimPrefix(call.Model, "models/")) + ":" + method,
	}
	return req, p.client.Authorize(ctx, req, p.headers, p.token)
}

// fail returns an error for a call that has not been sent.
func (p *Provider) fail(call *llm.Call, kind llm.Kind, format string, args ...any) error {
	return httpcall.UnsentErrorf(p.name, call, kind, format, args...)
}
