// Package providers opens models by name. Providers register themselves when
// they are imported, as drivers do with database/sql:
//
//	import _ "github.com/parley-llm/parley/providers/openai"
//
//	model, err := providers.Open("openai/gpt-6-luna")
//
// The name is split at its first slash: the provider, then the model as that
// provider names it, which may have slashes of its own
// ("openrouter/meta-llama/llama-3.1-8b-instruct").
//
// A program that lets a file decide uses [Load], and one that takes what the
// person running it has set up uses [Default]. What models can do and cost is in
// package catalog.
//
// This package imports no provider, so a program links those that it imports
// and no others.
package providers

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"

	"github.com/parley-llm/parley/internal/httpcall"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/egress"
	"github.com/parley-llm/parley/providers/catalog"
)

// Config is what a provider is opened with. What is zero, the provider takes
// from its usual environment variables, and otherwise from its own defaults.
type Config struct {
	BaseURL     string                                // where the API is, with http:// or https:// before it
	APIKey      llm.Secret                            // or TokenSource; those who have no key need neither
	TokenSource func(context.Context) (string, error) // instead of APIKey, for credentials that expire
	Headers     http.Header                           // sent with every request, besides the provider's own
	HTTPClient  *http.Client                          // nil is a client of the provider's own
	Limits      llm.Limits                            // how long to wait, and how large a piece may be

	// Egress, if set, is where the provider may connect to; all else is refused.
	// It makes the HTTP client, so one of the user's own cannot be set as well.
	Egress *egress.List

	// Getenv looks up environment variables; nil is [os.Getenv].
	Getenv func(string) string
}

// Format prints the configuration without credentials, those in headers
// included, whatever the verb.
func (c Config) Format(f fmt.State, verb rune) {
	type plain Config // which has no such method
	c.BaseURL, c.Headers = httpcall.ShownURL(c.BaseURL), httpcall.ShownHeader(c.Headers)
	fmt.Fprintf(f, fmt.FormatString(f, verb), plain(c))
}

// Env returns the first of the environment variables that is set, or "".
func (c Config) Env(names ...string) string {
	getenv := c.Getenv
	if getenv == nil {
		getenv = os.Getenv
	}
	for _, name := range names {
		if value := getenv(name); value != "" {
			return value
		}
	}
	return ""
}

// An Opener makes a provider. If the provider is an [io.Closer], the models
// opened with it own it.
type Opener func(Config) (llm.Provider, error)

// Register makes a provider available under a name. Providers call it from an
// init function. It panics if the name is empty, has a slash or is taken:
// these are mistakes in a program, not in its input.
func Register(name string, open Opener) {
	registry.Lock()
	defer registry.Unlock()
	switch _, taken := registry.openers[name]; {
	case name == "" || strings.Contains(name, "/") || open == nil:
		panic(fmt.Sprintf("parley: providers.Register(%q): a provider needs a name without a slash, and an opener", name))
	case taken:
		panic(fmt.Sprintf("parley: providers.Register(%q): there is a provider of this name already", name))
	}
	if registry.openers == nil {
		registry.openers = make(map[string]Opener)
	}
	registry.openers[name] = open
}

// Names returns the names of the registered providers, sorted.
func Names() []string {
	registry.RLock()
	defer registry.RUnlock()
	return slices.Sorted(maps.Keys(registry.openers))
}

// Open returns the model of this name, "provider/model", with the provider's
// settings taken from the environment. It sends nothing: a model that does not exist
// shows at the first call. Close the model to release its connections.
//
// Requests are held to what the catalog knows of the model, where the provider is asked at its
// own address: what the model cannot do, or that it ends, is a warning beside the answer, and an error
// before sending if the request is strict. See [catalog.Check].
//
// A name without a slash or of a provider that is not imported is an error of
// kind [llm.InvalidRequest]; a missing key is one of kind [llm.Auth].
func Open(name string, options ...llm.ModelOption) (*llm.Model, error) {
	return OpenWith(name, Config{}, options...)
}

// OpenWith is Open with settings of the caller's.
func OpenWith(name string, config Config, options ...llm.ModelOption) (*llm.Model, error) {
	provider, model, ok := strings.Cut(name, "/")
	if !ok || provider == "" || model == "" {
		return nil, invalidf("the model name %q is not of the form provider/model, such as openai/gpt-6-luna", name)
	}
	open, ok, _ := registered(&registry.openers, provider)
	if !ok {
		return nil, invalidf("there is no provider %q (there is: %s); %s", provider, strings.Join(Names(), ", "), remedy(provider))
	}
	p, closers, err := openProvider(open, config)
	if err != nil {
		return nil, err
	}
	var own []llm.ModelOption
	for _, c := range closers {
		own = append(own, llm.WithCloser(c))
	}
	if info, ok := known(provider, model, config); ok {
		own = append(own, llm.WithMiddleware(catalog.Check(info.ModelInfo)))
	}
	return llm.New(p, model, append(own, options...)...), nil
}

// openProvider opens a provider and returns what must be closed with it.
func openProvider(open Opener, config Config) (llm.Provider, []io.Closer, error) {
	var closers []io.Closer
	if config.Egress != nil {
		if config.HTTPClient != nil {
			return nil, nil, invalidf("there is both an egress list and an HTTP client: the list cannot be held with a client that is not its own; leave one out")
		}
		config.HTTPClient = config.Egress.Client(egress.Config{Connect: config.Limits.Connect})
		closers = append(closers, idleCloser{config.HTTPClient})
	}
	p, err := open(config)
	if err != nil {
		return nil, nil, err
	}
	if closer, ok := p.(io.Closer); ok {
		closers = append(closers, closer)
	}
	return p, closers, nil
}

// idleCloser closes the idle connections of a client that was made here.
type idleCloser struct{ client *http.Client }

func (c idleCloser) Close() error {
	c.client.CloseIdleConnections()
	return nil
}

// remedy says what to do about a provider that is not imported: where it is, if it is one of this
// module's, or else what may be meant.
func remedy(provider string) string {
	if vendor := readVendors().get(provider); vendor != nil {
		return "import the package that has it, providers/" + vendor.value.Package
	}
	const elsewhere = "import the package that has it, or providers/all for those of this module"
	if nearest, _ := nearestOf(provider, Names()); nearest != "" {
		return fmt.Sprintf("did you mean %q? Else %s", nearest, elsewhere)
	}
	return elsewhere
}

func invalidf(format string, args ...any) error {
	return &llm.Error{Kind: llm.InvalidRequest, Message: fmt.Sprintf(format, args...)}
}
