// Package gemini is the provider for Google's Gemini models. It supports the Gemini API with
// an API key, and Vertex AI with a project and a location.
//
//	p, err := gemini.New(gemini.Config{APIKey: llm.Secret(key)})
//	model := llm.New(p, "gemini-3.8-flash")
//
// Importing the package registers the providers "gemini" and "vertex", so that a program can
// open a model by name:
//
//	model, err := providers.Open("gemini/gemini-3.8-flash")   // or "vertex/…"
//
// Requests use types of [google.golang.org/genai]. [Options.Hook] gives programs access to
// them, [Part] sends a part of the vendor's type, and [Chunks] converts a reply to the
// vendor's type. The vendor's client is not used: it reads the environment, logs, sends a
// failed request up to three times, and prints the key in its errors. docs/peers.md compares
// how clients handle faults.
//
// Google has switched off its Imagen models. If Config.BaseURL is a server that still has
// them, a chat with such a model returns images. Options.Hook does not apply to them.
//
// The wire formats are documented at https://ai.google.dev/api/generate-content and
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

// Server is one of the APIs for Gemini models. The value is also the name of the provider for
// providers.Open.
type Server string

// The servers. The comments list the environment variables that providers.Open reads.
const (
	Gemini Server = "gemini" // the Gemini API: GOOGLE_API_KEY or GEMINI_API_KEY, GOOGLE_GEMINI_BASE_URL
	Vertex Server = "vertex" // Vertex AI: GOOGLE_CLOUD_PROJECT, GOOGLE_CLOUD_LOCATION, GOOGLE_VERTEX_BASE_URL
)

// Config configures a provider. A Config with only an APIKey is for the Gemini API. The
// environment is not read, except for the default credentials of Vertex AI (see TokenSource).
type Config struct {
	// Server selects the API. The default is [Gemini].
	Server Server
	// BaseURL is the address of the API without the version, for example
	// "https://gateway.example". The default is Google's address, for Vertex AI that of the
	// location.
	BaseURL string
	// APIVersion is the version of the API. The default is "v1beta" for the Gemini API and
	// "v1beta1" for Vertex AI. The stable versions lack features.
	APIVersion string

	// APIKey is the credential for the Gemini API, or an express mode key for Vertex AI.
	//
	// Security: the key is sent in a header, never in a URL.
	APIKey llm.Secret
	// TokenSource returns an OAuth token for each call. If it is set, APIKey is not used.
	//
	// If neither is set, Vertex AI uses Google's application default credentials. The first
	// call searches for them: in CredentialsFile, in the file that
	// GOOGLE_APPLICATION_CREDENTIALS names, in gcloud's file, and on the metadata server.
	// https://cloud.google.com/docs/authentication/application-default-credentials
	//
	// TokenSource is called once for each request and must be safe for concurrent use. It
	// should cache its token. If it returns an error, the call fails with an error of the
	// same kind, or of kind Auth if the error has no kind.
	TokenSource func(context.Context) (string, error)
	// CredentialsFile is a file with application default credentials, for Vertex AI.
	CredentialsFile string

	// Project and Location are settings of Vertex AI, for example "my-project" and
	// "europe-west4". The default location is "global".
	Project, Location string

	// Header is sent with every request. It cannot replace the provider's own headers,
	// such as Content-Type and the header of the credential.
	Header http.Header
	// HTTPClient sends the requests, including those for credentials. The default is a
	// client whose transport keeps enough connections for many streams. Do not set its
	// Timeout, because it truncates long answers; set Limits.
	//
	// Security: the client's CheckRedirect is not used. Redirects to another host are not
	// followed, so that credentials do not leave the configured host.
	HTTPClient *http.Client
	// Limits are the limits on waiting and on sizes. Zero fields have the defaults of
	// [llm.Limits].
	Limits llm.Limits

	// Name is the provider's name in errors and model names. The default is the server's.
	Name string
}

// Format implements [fmt.Formatter]. Security: for every verb, it prints the configuration
// without credentials, including those in headers.
func (c Config) Format(f fmt.State, verb rune) {
	type plain Config // a type without a Format method
	c.BaseURL, c.Header = httpcall.ShownURL(c.BaseURL), httpcall.ShownHeader(c.Header)
	fmt.Fprintf(f, fmt.FormatString(f, verb), plain(c))
}

// Provider is a client for the Gemini API or for Vertex AI. It is safe for concurrent use.
type Provider struct {
	name   string
	vertex bool
	// elsewhere reports that Config.BaseURL is set.
	elsewhere bool
	project   string               // resource on Vertex AI, "projects/P/locations/L", or ""
	baseURL   string               // with the version
	headers   *httpcall.Headers    // of every request
	token     httpcall.TokenSource // nil if there is no credential
	defaults  *defaultCredentials  // nil if token is another source
	client    *httpcall.Client
	limits    llm.Limits
	latest    atomic.Pointer[address] // the last address: most calls use the same one
}

// New returns a provider. It does not send requests or search for credentials.
//
// An invalid base URL, and a missing project for Vertex AI, are errors of kind
// [llm.InvalidRequest]. A missing key for the Gemini API is an error of kind [llm.Auth], unless
// Config.BaseURL is set.
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
		return nil, p.invalidf("unknown server %q: use gemini.Gemini or gemini.Vertex", server)
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

// Name returns Config.Name. The default is "gemini" or "vertex".
func (p *Provider) Name() string { return p.name }

// String returns the provider's name and address. Security: the verb %+v prints the same text,
// because the provider's headers may contain credentials.
func (p *Provider) String() string { return p.name + " at " + p.baseURL }

// GoString returns the same text as String.
func (p *Provider) GoString() string { return p.String() }

// Close closes idle connections, unless Config.HTTPClient is set. It always returns nil.
func (p *Provider) Close() error { return p.client.Close() }

// Do implements [llm.Provider]. It answers chats, embeddings, token counts and model lists.
// Token counts are estimated without the network, unless Options.CountBy is set.
func (p *Provider) Do(ctx context.Context, call *llm.Call) llm.Events {
	return llmutil.Dispatch(ctx, call, operations{p})
}

// operations has the methods that [llmutil.Dispatch] calls. They are not methods of Provider,
// so that Do is the only exported way to make a call.
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

// title returns the name of the server for messages.
func (p *Provider) title() string {
	if p.vertex {
		return "Vertex AI"
	}
	return "the Gemini API"
}

// fail returns an error for a call that has not been sent.
func (p *Provider) fail(call *llm.Call, kind llm.Kind, format string, args ...any) error {
	return httpcall.Failf(p.name, call, kind, format, args...)
}

// invalidf returns an error for an invalid configuration.
func (p *Provider) invalidf(format string, args ...any) error {
	return httpcall.Failf(p.name, nil, llm.InvalidRequest, format, args...)
}

// wantsSignatures reports whether a model rejects conversations with tool calls without a
// thought signature. Gemini 3 and later models do:
// https://ai.google.dev/gemini-api/docs/thought-signatures
func wantsSignatures(model string) bool {
	return strings.HasPrefix(baseName(model), "gemini-") && !thinksByBudget(model)
}

// baseName returns a model's name without its publisher or collection.
func baseName(model string) string { return model[strings.LastIndex(model, "/")+1:] }
