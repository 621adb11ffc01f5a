package config

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers"
)

// Result is the model that [Default] selected, and the reason.
type Result struct {
	Model *llm.Model
	// Reason says why the model was selected: "because OPENAI_API_KEY is set".
	Reason string
	// Config is the config file that the model comes from, or nil.
	Config *Config
}

// String returns the name of the model and the reason. It contains no key.
func (r *Result) String() string { return r.Model.String() + " (" + r.Reason + ")" }

// Default returns the model that the user of the program has configured. If options is nil,
// the defaults are used. Default selects the first of these that exists:
//
//  1. the config file named by PARLEY_CONFIG
//  2. parley.yaml in the working directory
//  3. parley/parley.yaml in the user's config directory
//  4. the model named by PARLEY_MODEL, for example openai/gpt-6-luna
//  5. the provider whose key is in the environment, with its default model
//  6. the newest model on the Ollama server at OLLAMA_HOST, or on this machine
//  7. a model that is part of the program, such as that of providers/llama/builtin. The Reason
//     says how to connect a larger one
//
// The last three use only providers that the program imports.
//
// If there is a config file, PARLEY_MODEL selects one of its models, or a provider/model. A
// mistake in the file is an error: Default does not try the next source.
//
// Default sends nothing to a cloud that was not named and has no key. The only request is the
// list of models of the Ollama server, with a limit of one second. Models that the server
// forwards to Ollama's cloud are not selected.
//
// If nothing is configured, the error is a [*NotConfiguredError], whose three lines say which
// settings to make. Close the model to release its connections, and those of the config file.
//
// Security: anybody can have written parley.yaml in the working directory. It cannot run
// commands, and keys from the environment are sent to the providers' own hosts only.
func Default(ctx context.Context, options *Options) (*Result, error) {
	o := optionsOf(options)
	path, reason, untrusted := configFile(o)
	named := o.getenv("PARLEY_MODEL")
	if path != "" {
		return fromFile(ctx, path, reason, untrusted, named, o)
	}
	if named != "" {
		return opened(named, "named by PARLEY_MODEL", o)
	}
	for _, name := range withDefaultModel() {
		d, _ := providers.Lookup(name)
		for _, key := range d.KeyEnv {
			if o.getenv(key) != "" {
				return opened(name+"/"+d.DefaultModel, "because "+key+" is set", o)
			}
		}
	}
	result, err := fromOllama(ctx, o)
	if missing, ok := errors.AsType[*NotConfiguredError](err); ok {
		missing.key = foundKey(o.getenv)
		return fallback(missing, o)
	}
	return result, err
}

// fallback selects a model that is part of the program. Without one, it returns the error.
func fallback(missing *NotConfiguredError, o Options) (*Result, error) {
	for _, name := range providers.Names() {
		d, _ := providers.Lookup(name)
		if d.Fallback == nil {
			continue
		}
		if model := d.Fallback(); model != "" {
			return opened(name+"/"+model, "a small model inside this program, because nothing else is configured; "+missing.hint(), o)
		}
	}
	return nil, missing
}

// withDefaultModel returns the imported providers that have a key and a default model, in the
// order of their ranks.
func withDefaultModel() []string {
	rank := make(map[string]int)
	for _, name := range providers.Names() {
		if d, _ := providers.Lookup(name); d.DefaultModel != "" && len(d.KeyEnv) > 0 {
			rank[name] = d.Rank
			if d.Rank == 0 {
				rank[name] = math.MaxInt
			}
		}
	}
	return slices.SortedFunc(maps.Keys(rank), func(a, b string) int {
		return cmp.Or(cmp.Compare(rank[a], rank[b]), cmp.Compare(a, b))
	})
}

// configFile returns the path of the config file, or "". The file is untrusted if it was found
// in the working directory.
func configFile(o Options) (path, reason string, untrusted bool) {
	if path := o.getenv("PARLEY_CONFIG"); path != "" {
		return path, "by " + path + ", which PARLEY_CONFIG names", false
	}
	const name = "parley.yaml"
	if _, err := os.Stat(name); err == nil {
		return name, "by " + name + " in the working directory", true
	}
	folder := o.getenv("XDG_CONFIG_HOME")
	switch {
	case folder != "":
	case o.Getenv == nil:
		folder, _ = os.UserConfigDir() // without it, the user has no file
	case o.getenv("HOME") != "":
		folder = filepath.Join(o.getenv("HOME"), ".config")
	}
	if folder == "" {
		return "", "", false
	}
	path = filepath.Join(folder, "parley", name)
	if _, err := os.Stat(path); err != nil {
		return "", "", false
	}
	return path, "by " + path, false
}

func fromFile(ctx context.Context, path, reason string, untrusted bool, named string, o Options) (*Result, error) {
	c, err := load(ctx, path, o, untrusted)
	if err != nil {
		return nil, err
	}
	model, err := c.Model(named, llm.WithCloser(c))
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	if named != "" {
		reason = "named by PARLEY_MODEL, set up " + reason
	}
	return &Result{Model: model, Reason: reason, Config: c}, nil
}

func opened(name, reason string, o Options) (*Result, error) {
	open := o.Open
	if open == nil {
		open = func(name string, c providers.Config) (*llm.Model, error) { return c.Open(name) }
	}
	model, err := open(name, providers.Config{Getenv: o.Getenv, HTTPClient: o.HTTPClient})
	if err != nil {
		return nil, err
	}
	return &Result{Model: model, Reason: reason}, nil
}

// localWait is the time limit for the list of models of a local server.
const localWait = time.Second

var (
	errNoModels = errors.New("the server has no local models")
	errNoOllama = errors.New("the program does not import providers/ollama")
)

// fromOllama selects the model that was fetched or changed last.
func fromOllama(ctx context.Context, o Options) (*Result, error) {
	if !imported("ollama") {
		return nil, &NotConfiguredError{err: errNoOllama}
	}
	address := ollamaAddress(o.getenv("OLLAMA_HOST"))
	result, err := opened("ollama/any", "", o) // the list does not depend on the model
	if err != nil {
		return nil, &NotConfiguredError{address: address, err: err}
	}
	ctx, cancel := context.WithTimeout(ctx, localWait)
	defer cancel()
	models, err := result.Model.ListModels(ctx)
	var newest *llm.ModelInfo
	for i, m := range models {
		if canChat(m) && (newest == nil || m.Created.After(newest.Created)) {
			newest = &models[i]
		}
	}
	if newest == nil {
		if err == nil {
			err = errNoModels
		}
		return nil, &NotConfiguredError{address: address, err: errors.Join(err, result.Model.Close())}
	}
	result.Model = result.Model.With(llm.WithName(newest.Name))
	result.Reason = "the newest on the Ollama server at " + address
	return result, nil
}

// canChat reports whether Default may select a model on an Ollama server. It may not select a
// model in Ollama's cloud, because the user has not agreed that conversations leave the
// machine, nor a model that only makes embeddings.
func canChat(m llm.ModelInfo) bool {
	inCloud := m.RemoteHost != "" || strings.HasSuffix(m.Name, ":cloud") || strings.HasSuffix(m.Name, "-cloud")
	return !inCloud && !strings.Contains(m.Family, "bert")
}

// ollamaAddress returns the address of the Ollama server, for messages.
func ollamaAddress(host string) string {
	switch {
	case host == "":
		d, _ := providers.Lookup("ollama")
		return strings.TrimPrefix(d.DefaultURL, "http://")
	case strings.Contains(host, "@"): // it can contain a password
		return "OLLAMA_HOST"
	}
	return host
}

func imported(provider string) bool {
	_, ok := providers.Lookup(provider)
	return ok
}
