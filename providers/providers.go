// Package providers opens models by name. Providers register themselves when
// they are imported, as drivers do with database/sql:
//
//	import _ "github.com/parley-llm/parley/providers/openai"
//
//	model, err := providers.Open("openai/gpt-4o-mini")
//
// The name is split at its first slash: the provider, then the model as that
// provider names it, which may have slashes of its own
// ("openrouter/meta-llama/llama-3.1-8b-instruct").
//
// This package imports no provider, so a program links those that it imports
// and no others.
package providers

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/parley-llm/parley/llm"
)

// Config is what a provider is opened with. What is zero, the provider takes
// from its usual environment variables, and otherwise from its own defaults.
type Config struct {
	BaseURL     string
	APIKey      llm.Secret
	TokenSource llm.TokenSource // instead of APIKey, for credentials that expire
	Headers     http.Header     // sent with every request, besides the provider's own
	HTTPClient  *http.Client    // nil is a client of the provider's own
	Limits      llm.Limits

	// Getenv looks up environment variables; nil is [os.Getenv].
	Getenv func(string) string
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

// registry is the one piece of global state: who is there to be opened.
var registry struct {
	sync.RWMutex
	openers map[string]Opener
}

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
// A name without a slash or of a provider that is not imported is an error of
// kind [llm.InvalidRequest]; a missing key is one of kind [llm.Auth].
func Open(name string, options ...llm.ModelOption) (*llm.Model, error) {
	return OpenWith(name, Config{}, options...)
}

// OpenWith is Open with settings of the caller's.
func OpenWith(name string, config Config, options ...llm.ModelOption) (*llm.Model, error) {
	provider, model, ok := strings.Cut(name, "/")
	if !ok || provider == "" || model == "" {
		return nil, invalidf("the model name %q is not of the form provider/model, such as openai/gpt-4o-mini", name)
	}
	registry.RLock()
	open := registry.openers[provider]
	registry.RUnlock()
	if open == nil {
		return nil, invalidf("there is no provider %q (there is: %s); import the package that has it, such as providers/openai",
			provider, strings.Join(Names(), ", "))
	}
	p, err := open(config)
	if err != nil {
		return nil, err
	}
	if closer, ok := p.(io.Closer); ok {
		options = append(slices.Clip(options), llm.Owns(closer))
	}
	return llm.New(p, model, options...), nil
}

func invalidf(format string, args ...any) error {
	return &llm.Error{Kind: llm.InvalidRequest, Message: fmt.Sprintf(format, args...)}
}
