// Package providers opens models by name. Providers register themselves when they are
// imported, as drivers do with database/sql:
//
//	import _ "github.com/parley-llm/parley/providers/openai"
//
//	model, err := providers.Open("openai/gpt-6-luna")
//
// The first slash separates the provider from the model's name at that provider, which may
// contain more slashes ("openrouter/meta-llama/llama-3.1-8b-instruct").
//
// Package providers/config reads models from a file, or selects one from the environment.
// Package providers/catalog has the limits and prices of models.
//
// This package imports no provider. A program contains only the providers that it imports.
package providers

import (
	"fmt"
	"io"
	"strings"

	"github.com/parley-llm/parley/internal/httpcall"
	"github.com/parley-llm/parley/internal/nearest"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/egress"
	"github.com/parley-llm/parley/providers/catalog"
)

// Open returns the model with this name, for example "openai/gpt-6-luna", with the provider's
// settings taken from environment variables. To pass settings, use [Config.Open].
//
// Open sends nothing. If the model does not exist, the first call fails. Close the model to
// release its connections.
//
// If the provider's own server is used, the model checks requests against the catalog, as
// described at [catalog.Check], and [llm.Response.Cost] is computed from the catalog's prices.
//
// If the name has no slash, or its provider is not imported, the error is of kind
// [llm.InvalidRequest]. If there is no API key, it is of kind [llm.Auth].
func Open(name string, options ...llm.ModelOption) (*llm.Model, error) {
	return Config{}.Open(name, options...)
}

// Open returns the model with this name, opened with the settings of c. It is otherwise like
// the function [Open].
func (c Config) Open(name string, options ...llm.ModelOption) (*llm.Model, error) {
	provider, model, ok := strings.Cut(name, "/")
	if !ok || provider == "" || model == "" {
		return nil, invalidf("the model name %q is not of the form provider/model; use a name such as openai/gpt-6-luna", name)
	}
	driver, ok := Lookup(provider)
	if !ok {
		return nil, invalidf("the provider %q is not imported (imported: %s); %s", provider, strings.Join(Names(), ", "), importHint(provider))
	}
	var own []llm.ModelOption
	if info, ok := catalog.Lookup(name); ok && !driver.Redirected(c) {
		own = append(own, llm.WithMiddleware(catalog.Check(info.ModelInfo)))
		if info.Prices != nil {
			own = append(own, llm.WithPrices(*info.Prices))
		}
	}
	if c.Egress != nil {
		if c.HTTPClient != nil {
			return nil, invalidf("the config has both Egress and HTTPClient, and the list cannot be enforced on another client; leave one out")
		}
		c.HTTPClient = c.Egress.Client(egress.Config{Connect: c.Limits.Connect})
		own = append(own, llm.WithCloser(httpcall.IdleCloser{Client: c.HTTPClient}))
	}
	p, err := driver.New(c)
	if err != nil {
		return nil, err
	}
	if closer, ok := p.(io.Closer); ok {
		own = append(own, llm.WithCloser(closer))
	}
	return llm.New(p, model, append(own, options...)...), nil
}

// packages are the packages of this module that register a provider under a name other than
// the package's. They are not imported here, so their names are repeated. A test compares
// them with the registered drivers.
var packages = map[string]string{
	"azure": "openai", "cerebras": "openai", "cloudflare": "openai", "copilot": "openai", "dashscope": "openai",
	"deepseek": "openai", "fireworks": "openai", "groq": "openai", "huggingface": "openai",
	"litellm": "openai", "lmstudio": "openai", "minimax": "openai", "mistral": "openai", "moonshot": "openai",
	"nvidia": "openai", "openrouter": "openai", "perplexity": "openai", "sglang": "openai", "together": "openai",
	"vllm": "openai", "xai": "openai", "zai": "openai",
	"vertex":    "gemini",
	"llama.cpp": "llamacpp",
	"anthropic": "anthropic", "openai": "openai", "gemini": "gemini", "llama": "llama", "llamacpp": "llamacpp", "ollama": "ollama", "palm": "palm",
}

// importHint says which package to import for a provider.
func importHint(provider string) string {
	name := packages[provider]
	if _, dialect, found := strings.Cut(provider, "-"); found && (dialect == "openai" || dialect == "anthropic") {
		name = dialect // for example vertex-anthropic
	}
	if name != "" {
		return "import _ \"github.com/parley-llm/parley/providers/" + name + "\""
	}
	const other = "import its package, or providers/all for every provider of this module"
	if match, _ := nearest.Of(provider, Names()); match != "" {
		return fmt.Sprintf("did you mean %q? Otherwise %s", match, other)
	}
	return other
}

func invalidf(format string, args ...any) error {
	return &llm.Error{Kind: llm.InvalidRequest, Message: fmt.Sprintf(format, args...)}
}
