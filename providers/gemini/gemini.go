// Package gemini is the provider for Google's Gemini models: by the Gemini API with a key, or
// by Vertex AI with a project and a location.
//
//	p, err := gemini.New(gemini.Config{APIKey: llm.Secret(key)})
//	model := llm.New(p, "gemini-3.8-flash")
//
// Importing the package registers it with package providers, which opens models by name:
//
//	model, err := providers.Open("gemini/gemini-3.8-flash")   // or "vertex/…"
//
// Settings that only Gemini has are in [Options]. For features that no type of package llm
// covers, there are three ways to use the types of [google.golang.org/genai]: a hook on the
// request (Options.Hook), [Part] for parts of messages, and [Chunks] for replies.
//
// The package does not use genai's client, because that client reads environment variables,
// writes logs, sends a failed request up to three times, and prints the key in its errors.
//
// Google has shut down its Imagen models. They are supported if Config.BaseURL is the address
// of a server that still has them. The hook does not apply to them.
//
// The APIs are described in https://ai.google.dev/api/generate-content and
// https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference.
package gemini

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/parley-llm/parley/internal/httpcall"
	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
	"github.com/parley-llm/parley/providers/googleauth"
)

// Server is a service with Gemini's API. Each constant is also the name of a provider for
// providers.Open.
type Server string

// The servers, with the environment variables that providers.Open reads.
const (
	Gemini Server = "gemini" // the Gemini API: GOOGLE_API_KEY or GEMINI_API_KEY, GOOGLE_GEMINI_BASE_URL
	Vertex Server = "vertex" // Vertex AI: GOOGLE_CLOUD_PROJECT, GOOGLE_CLOUD_LOCATION, GOOGLE_VERTEX_BASE_URL
)

// Config is the configuration of a [Provider]. With only an APIKey, it is the Gemini API. New
// does not read environment variables, except for Vertex AI's credentials (see TokenSource).
type Config struct {
	// Server is the service. The default is [Gemini].
	Server Server
	// BaseURL is the address of the API without its version, for example
	// "https://gateway.example". The default is Google's address, for Vertex AI that of the
	// location.
	BaseURL string
	// APIVersion is the version of the API. The default is "v1beta" for the Gemini API and
	// "v1beta1" for Vertex AI. These have features that the stable versions do not have.
	APIVersion string

	// APIKey is the credential of the Gemini API, or an express key for Vertex AI.
	//
	// Security: the key is sent in a header and never in a URL.
	APIKey llm.Secret
	// TokenSource, if set, returns an OAuth token for each call, instead of APIKey.
	//
	// If neither is set, Vertex AI uses Google's application-default credentials. The first
	// call searches for them: in CredentialsFile, in the file that
	// GOOGLE_APPLICATION_CREDENTIALS names, in gcloud's file, and on the machine's metadata
	// server.
	// https://cloud.google.com/docs/authentication/application-default-credentials
	//
	// TokenSource is called once for each request, from any goroutine, so it should cache
	// its token. An error fails the call with kind Auth, unless it has another kind.
	TokenSource func(context.Context) (string, error)
	// CredentialsFile is the file with the application-default credentials.
	CredentialsFile string

	// Project and Location are Vertex AI's, for example "my-project" and "europe-west4". The
	// default location is "global".
	Project, Location string

	// Header is added to every request. It does not replace headers that the provider sets.
	Header http.Header
	// HTTPClient sends the requests, including those for credentials. The default is a new
	// client with a transport for many concurrent streams. Do not set the client's Timeout,
	// because it interrupts long answers. Set Limits instead.
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

// Provider is a service with Gemini's API. It is safe for concurrent use.
type Provider struct {
	name   string
	vertex bool
	// elsewhere reports whether Config.BaseURL is set, so that the server may not be Google's.
	elsewhere bool
	project   string                  // Vertex AI's resource, "projects/P/locations/L", or ""
	baseURL   string                  // with the version
	customURL bool                    // the base URL is not the default
	headers   *httpcall.Headers       // of every request
	token     httpcall.TokenSource    // nil for none
	defaults  *googleauth.Credentials // nil if token is another source
	client    *httpcall.Client
	limits    llm.Limits
	latest    atomic.Pointer[address] // the last one; most calls use the same
	schemas   provider.Schemas
}

// New returns a provider. It sends nothing and does not search for credentials. An invalid
// base URL, or a missing project for Vertex AI, is an error of kind [llm.InvalidRequest]. A
// missing key for the Gemini API is an error of kind [llm.Auth].
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

// Name returns the provider's name, "gemini" or "vertex" by default.
func (p *Provider) Name() string { return p.name }

// String returns the provider's name and address. The verbs %v and %+v print the same,
// because headers may contain credentials.
func (p *Provider) String() string { return p.name + " at " + p.baseURL }

// GoString returns the result of String.
func (p *Provider) GoString() string { return p.String() }

// Close closes idle connections, unless Config.HTTPClient was set.
func (p *Provider) Close() error { return p.client.Close() }

// Do answers chats, embeddings, token counts and model lists. Tokens are estimated offline,
// unless [Options] has CountBy set.
func (p *Provider) Do(ctx context.Context, call *llm.Call) llm.Events {
	return p.schemas.Do(ctx, call, p.profiles(call), p.dispatch)
}

// profiles returns the part of JSON Schema that the service accepts.
func (p *Provider) profiles(*llm.Call) provider.Profiles {
	if p.vertex {
		return provider.Profiles{Format: "vertex", Tools: "vertex"}
	}
	return provider.Profiles{Format: "gemini", Tools: "gemini"}
}

func (p *Provider) dispatch(ctx context.Context, call *llm.Call) llm.Events {
	return llmutil.Dispatch(ctx, call, operations{p})
}

// operations has the methods that [llmutil.Dispatch] calls. They are not methods of
// Provider, so that its exported API has Do alone.
type operations struct{ *Provider }

// title returns the name of the service for messages.
func (p *Provider) title() string {
	if p.vertex {
		return "Vertex AI"
	}
	return "the Gemini API"
}

// fail returns an error for a call that has not been sent.
func (p *Provider) fail(call *llm.Call, kind llm.Kind, format string, args ...any) error {
	return httpcall.UnsentErrorf(p.name, call, kind, format, args...)
}

func (p *Provider) invalidf(format string, args ...any) error {
	return httpcall.UnsentErrorf(p.name, nil, llm.InvalidRequest, format, args...)
}

// wantsSignatures reports whether a model rejects tool calls without a thought signature.
// Models from Gemini 3 on do.
// https://ai.google.dev/gemini-api/docs/thought-signatures
func wantsSignatures(model string) bool {
	return strings.HasPrefix(baseName(model), "gemini-") && !thinksByBudget(model)
}

// baseName returns a model's name without its collection or publisher.
func baseName(model string) string { return model[strings.LastIndex(model, "/")+1:] }
