package providers

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/parley-llm/parley/llm"
)

// Choice is the model that [Default] took, and why.
type Choice struct {
	Model *llm.Model
	// Why says where the choice comes from, as in "because OPENAI_API_KEY is set".
	Why string
	// Setup is the config file that the model comes from, or nil if there is none.
	Setup *Setup
}

// String returns the model's name and why it was taken. No key is in it.
func (c *Choice) String() string { return c.Model.String() + " (" + c.Why + ")" }

// Default returns the model that the person who runs the program has set up. It takes the first
// that there is of these:
//
//  1. the config file that PARLEY_CONFIG names
//  2. parley.yaml in the working folder, which nobody named: it may run no command, and
//     environment keys go to the providers' own hosts alone
//  3. parley/parley.yaml in the user's config folder
//  4. the model that PARLEY_MODEL names, as in openai/gpt-6-luna
//  5. the provider whose key is in the environment, with the model that the catalog names for it
//  6. the newest model on the Ollama server at OLLAMA_HOST, or else on this machine
//
// The last two are of the providers that the program imports.
//
// With a config file, PARLEY_MODEL names one of its models, or a provider/model. A
// config file that has a mistake is an error, and nothing after it is tried.
//
// Nothing is sent to a cloud that was neither named nor keyed: all that is asked is
// which models that Ollama server has, for a second at most, and models in Ollama's own cloud are left out. If
// there is nothing, the error is an [*Unconfigured], whose text says in three lines what to set. Close the model
// to release its connections, and the config file's.
func Default(ctx context.Context) (*Choice, error) { return DefaultIn(ctx, Environment{}) }

// DefaultIn is Default in an environment of the caller's.
func DefaultIn(ctx context.Context, with Environment) (*Choice, error) {
	path, why, found := configFile(with)
	named := with.getenv("PARLEY_MODEL")
	if path != "" {
		return fromFile(path, why, found, named, with)
	}
	if named != "" {
		return opened(named, "named by PARLEY_MODEL", with)
	}
	for _, v := range readVendors() {
		if !imported(v.name.value) || v.value.Default == "" {
			continue
		}
		for _, key := range v.value.Keys {
			if with.getenv(key) != "" {
				return opened(v.name.value+"/"+v.value.Default, "because "+key+" is set", with)
			}
		}
	}
	return fromOllama(ctx, with)
}

// configFile returns the path of the config file, and whether it was found rather than named or the user's own.
func configFile(with Environment) (path, why string, found bool) {
	if path := with.getenv("PARLEY_CONFIG"); path != "" {
		return path, "by " + path + ", which PARLEY_CONFIG names", false
	}
	const name = "parley.yaml"
	if _, err := os.Stat(name); err == nil {
		return name, "by " + name + " in the working folder", true
	}
	folder := with.getenv("XDG_CONFIG_HOME")
	switch {
	case folder != "":
	case with.Getenv == nil:
		folder, _ = os.UserConfigDir() // without one there is no file of the user's
	case with.getenv("HOME") != "":
		folder = filepath.Join(with.getenv("HOME"), ".config")
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

func fromFile(path, why string, found bool, named string, with Environment) (*Choice, error) {
	setup, err := load(path, with, found)
	if err != nil {
		return nil, err
	}
	model, err := setup.Model(named, llm.WithCloser(setup))
	if err != nil {
		return nil, errors.Join(err, setup.Close())
	}
	if named != "" {
		why = "named by PARLEY_MODEL, set up " + why
	}
	return &Choice{Model: model, Why: why, Setup: setup}, nil
}

func opened(name, why string, with Environment) (*Choice, error) {
	open := with.Open
	if open == nil {
		open = func(name string, c Config) (*llm.Model, error) { return OpenWith(name, c) }
	}
	model, err := open(name, Config{Getenv: with.Getenv, HTTPClient: with.HTTPClient})
	if err != nil {
		return nil, err
	}
	return &Choice{Model: model, Why: why}, nil
}

// localWait is how long a local server may take to say which models it has.
const localWait = time.Second

var (
	errNoModels = errors.New("the server has no models of its own")
	errNoOllama = errors.New("the program does not import providers/ollama")
)

// fromOllama takes the model that was fetched or changed last.
func fromOllama(ctx context.Context, with Environment) (*Choice, error) {
	if !imported("ollama") {
		return nil, &Unconfigured{err: errNoOllama}
	}
	where := ollamaAddress(with.getenv("OLLAMA_HOST"))
	choice, err := opened("ollama/any", "", with) // the list is the server's, whatever the model
	if err != nil {
		return nil, &Unconfigured{where, err}
	}
	ctx, cancel := context.WithTimeout(ctx, localWait)
	defer cancel()
	models, err := choice.Model.ListModels(ctx)
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
		return nil, &Unconfigured{where, errors.Join(err, choice.Model.Close())}
	}
	choice.Model = choice.Model.With(llm.WithName(newest.Name))
	choice.Why = "the newest on the Ollama server at " + where
	return choice, nil
}

// canChat reports whether a model on an Ollama server may be taken unasked. A
// model in Ollama's cloud may not: the person has not said that the
// conversation may leave the machine. Neither can one that only embeds.
func canChat(m llm.ModelInfo) bool {
	inCloud := m.RemoteHost != "" || strings.HasSuffix(m.Name, ":cloud") || strings.HasSuffix(m.Name, "-cloud")
	return !inCloud && !strings.Contains(m.Family, "bert")
}

func ollamaAddress(host string) string {
	switch {
	case host == "":
		return "127.0.0.1:11434"
	case strings.Contains(host, "@"): // it may hold a password
		return "OLLAMA_HOST"
	}
	return host
}
