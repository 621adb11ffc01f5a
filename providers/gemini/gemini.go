// Package gemini talks to Google's Gemini models: by the Gemini API with a key,
// or by Vertex AI with a project and region.
//
//	p, err := gemini.New(gemini.Config{APIKey: llm.Secret(key)})
//	model := llm.New(p, "gemini-3.8-flash")
//
// Importing the package registers it with providers, under a name for each
// server, so that a name is enough:
//
//	model, err := providers.Open("gemini/gemini-3.8-flash")   // or "vertex/…"
//
// Requests are made with the types of [google.golang.org/genai], and [Options]
// gives programs a hook on them; [Part] sends a part in the vendor's type, and [Chunks]
// returns a reply in it. Nothing else of that package is used: its
// client is never made, as it reads the environment, logs, sends three times and
// prints the key in its errors. The reply is read here; docs/peers.md has what
// vendors' clients make of faults.
//
// Imagen models, which Google has switched off, answer with pictures where Config.BaseURL
// is that of a server that still has them; the hook is not for them.
//
// The API is https://ai.google.dev/api/generate-content, and Vertex AI's
// https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference.
package gemini

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/parley-llm/parley/internal/httpcall"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
)

// Server is a server that speaks Gemini's dialect. Each is also the name of a
// provider for providers.Open.
type Server string

// The servers.
const (
	Gemini Server = "gemini" // the Gemini API: GOOGLE_API_KEY or GEMINI_API_KEY, GOOGLE_GEMINI_BASE_URL
	Vertex Server = "vertex" // Vertex AI: GOOGLE_CLOUD_PROJECT, GOOGLE_CLOUD_LOCATION, GOOGLE_VERTEX_BASE_URL
)

// Config is how to reach a server. The zero Config, with an APIKey, is the
// Gemini API; the environment is not read, but for what is said of Vertex AI's
// credentials.
type Config struct {
	// Server is the server; empty is [Gemini].
	Server Server
	// BaseURL is where the API is, without its version: "https://gateway.example".
	// Empty is Google's address; for Vertex AI, that of the location.
	BaseURL string
	// APIVersion is the version of the API: empty is "v1beta" for the Gemini API
	// and "v1beta1" for Vertex AI, which have what the stable ones lack.
	APIVersion string

	// APIKey is the credential of the Gemini API, or an express key for Vertex AI.
	// It is sent in a header, never in a URL.
	APIKey llm.Secret
	// TokenSource, if set, gives an OAuth token for each call instead. Without
	// either, Vertex AI uses Google's application-default credentials, which are
	// looked for at the first call: in the file CredentialsFile, in the one that
	// GOOGLE_APPLICATION_CREDENTIALS names, in gcloud's own, or on the machine.
	// https://cloud.google.com/docs/authentication/application-default-credentials
	//
	// TokenSource is called once for each request, from any goroutine, so it should cache
	// its token. An error fails the call with kind Auth, unless it has another kind.
	TokenSource func(context.Context) (string, error)
	// CredentialsFile is the file with the application-default credentials.
	CredentialsFile string

	// Project and Location are Vertex AI's, such as "my-project" and
	// "europe-west4". Without a location, it is "global".
	Project, Location string

	// Header is sent with every request. Where the provider has a header of the
	// same name, its own is sent.
	Header http.Header
	// HTTPClient sends the requests, those for credentials too; nil is a client
	// of the provider's own, with a transport made for many streams. Its rule for
	// redirects is not used: credentials go to no other host. Do not set its
	// Timeout, which cuts long answers: set Limits.
	HTTPClient *http.Client
	// Limits are for waiting, and for the size of what is read. What is zero has a
	// default.
	Limits llm.Limits

	// Name is the provider's name in errors and model names; empty is the server's.
	Name string
}

// Format prints the configuration without credentials, those in headers
// included, whatever the verb.
func (c Config) Format(f fmt.State, verb rune) {
	type plain Config // which has no such method
	c.BaseURL, c.Header = httpcall.ShownURL(c.BaseURL), httpcall.ShownHeader(c.Header)
	fmt.Fprintf(f, fmt.FormatString(f, verb), plain(c))
}

// Provider is a server of Gemini's dialect. It is safe for concurrent use.
type Provider struct {
	name   string
	vertex bool
	// elsewhere says that the address is the user's own, not Google's.
	elsewhere bool
	project   string               // Vertex AI's resource, "projects/P/locations/L", or ""
	baseURL   string               // with the version
	headers   *httpcall.Headers    // of every request
	token     httpcall.TokenSource // nil for none
	defaults  *defaultCredentials  // nil if token is another source
	client    *httpcall.Client
	limits    llm.Limits
	latest    atomic.Pointer[address] // used last: most calls go to the same
}

// New returns a provider. It sends nothing, and looks for no credentials. A base
// URL that cannot be one, and the want of a project for Vertex AI, are errors of
// kind [llm.InvalidRequest], the want of a key for the Gemini API of kind
// [llm.Auth].
func New(config Config) (*Provider, error) {
	p := &Provider{name: config.Name, limits: config.Limits.WithDefaults(), elsewhere: config.BaseURL != ""}
	server := config.Server
	if server == "" {
		server = Gemini
	}
	if p.name == "" {
		p.name = string(server)
	}
	switch server {
	case Gemini:
	case Vertex:
		p.vertex = true
	default:
		return nil, p.invalidf("the server kind %q is not known: use gemini.Gemini or gemini.Vertex", server)
	}
	if err := p.locate(config); err != nil {
		return nil, err
	}
	keyed, err := p.authenticate(config)
	if err != nil {
		return nil, err
	}
	credential, scheme := "Authorization", "Bearer "
	if keyed {
		credential, scheme = "X-Goog-Api-Key", ""
	}
	p.headers = httpcall.NewHeaders(http.Header{"Content-Type": {"application/json"}}, config.Header, credential, scheme)
	p.client = httpcall.NewClient(p.name, config.HTTPClient, config.Limits)
	return p, nil
}

// Name returns the provider's name: "gemini" or "vertex", unless configured
// otherwise.
func (p *Provider) Name() string { return p.name }

// String returns the provider's name and address. It is also what %+v prints:
// headers may hold credentials.
func (p *Provider) String() string { return p.name + " at " + p.baseURL }

// GoString returns what String returns.
func (p *Provider) GoString() string { return p.String() }

// Close closes idle connections, unless the HTTP client is the user's.
func (p *Provider) Close() error { return p.client.Close() }

// Do answers chats, embeddings, token counts and model lists. Tokens are
// estimated without the network, unless [Options] say otherwise.
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

// title names the server in messages.
func (p *Provider) title() string {
	if p.vertex {
		return "Vertex AI"
	}
	return "the Gemini API"
}

// fail returns an error about a call that has not been sent.
func (p *Provider) fail(call *llm.Call, kind llm.Kind, format string, args ...any) error {
	return httpcall.Failf(p.name, call, kind, format, args...)
}

func (p *Provider) invalidf(format string, args ...any) error {
	return httpcall.Failf(p.name, nil, llm.InvalidRequest, format, args...)
}

// wantsSignatures reports whether a model refuses conversations with tool calls
// that have no thought signature, as Gemini 3 and later ones do.
// https://ai.google.dev/gemini-api/docs/thought-signatures
func wantsSignatures(model string) bool {
	return strings.HasPrefix(baseName(model), "gemini-") && !thinksByBudget(model)
}

// baseName returns a model's name without what says whose it is.
func baseName(model string) string { return model[strings.LastIndex(model, "/")+1:] }
