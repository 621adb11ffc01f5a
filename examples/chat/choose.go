package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/parley-llm/parley/llm"
)

// localWait is how long a local server may take to say which models it has.
const localWait = time.Second

// choice is a model and why it was taken.
type choice struct{ model, reason string }

// choose picks the model: the one that was named, or else one that the person
// has set up, with a key or on a local server. No other server is asked.
func choose(ctx context.Context, e env, named string) (choice, error) {
	if named != "" {
		return choice{named, "named by -model"}, nil
	}
	if name := e.getenv("PARLEY_MODEL"); name != "" {
		return choice{name, "named by PARLEY_MODEL"}, nil
	}
	if e.getenv("OPENAI_API_KEY") != "" {
		return choice{"openai/gpt-4o-mini", "because OPENAI_API_KEY is set"}, nil
	}
	where := ollamaAddress(e)
	name, err := newestLocal(ctx, e)
	if err != nil {
		return choice{}, unconfigured{where, err}
	}
	return choice{"ollama/" + name, "the newest on the Ollama server at " + where}, nil
}

var errNoModels = errors.New("the server has no models of its own")

// newestLocal asks the local Ollama for its models and returns the name of the
// one that was fetched or changed last.
func newestLocal(ctx context.Context, e env) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, localWait)
	defer cancel()
	server, err := e.open("ollama/any") // the list is the server's, whatever the model
	if err != nil {
		return "", err
	}
	models, err := server.ListModels(ctx)
	if err := errors.Join(err, server.Close()); err != nil {
		return "", err
	}
	var newest *llm.ModelInfo
	for i, m := range models {
		if canChat(m) && (newest == nil || m.Created.After(newest.Created)) {
			newest = &models[i]
		}
	}
	if newest == nil {
		return "", errNoModels
	}
	return newest.Name, nil
}

// canChat reports whether a model on an Ollama server may be taken unasked. A
// model in Ollama's cloud may not: the person has not said that the
// conversation may leave the machine. Neither can one that only embeds.
func canChat(m llm.ModelInfo) bool {
	inCloud := strings.HasSuffix(m.Name, ":cloud") || strings.HasSuffix(m.Name, "-cloud")
	return !inCloud && !strings.Contains(m.Family, "bert")
}

func ollamaAddress(e env) string {
	host := e.getenv("OLLAMA_HOST")
	switch {
	case host == "":
		return "127.0.0.1:11434"
	case strings.Contains(host, "@"): // it may hold a password
		return "OLLAMA_HOST"
	}
	return host
}

// unconfigured is the error of having no model to ask: in three lines, what to
// set.
type unconfigured struct {
	where string // the local server that was asked
	err   error  // why it is no help
}

func (u unconfigured) Error() string {
	local := `start Ollama and run "ollama pull llama3.2"; no server answers at ` + u.where
	switch {
	case errors.Is(u.err, errNoModels):
		local = `run "ollama pull llama3.2"; the Ollama server at ` + u.where + " has none yet"
	case !errors.Is(u.err, llm.Network) && !errors.Is(u.err, llm.Timeout):
		local = "mend Ollama at " + u.where + ", which says: " + message(u.err)
	}
	return "No model is configured. For OpenAI, set OPENAI_API_KEY to your key.\n" +
		"For a model on your own machine, " + local + ".\n" +
		"For any other, name it with -model or PARLEY_MODEL: -model groq/llama-3.1-8b-instant, with GROQ_API_KEY set."
}

func (u unconfigured) Unwrap() error { return u.err }
