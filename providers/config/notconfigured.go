package config

import (
	"errors"
	"slices"
	"strings"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers"
)

// NotConfiguredError is the error of [Default] if there is no model to select. Its text says
// in three lines which settings to make, for the providers that the program imports.
type NotConfiguredError struct {
	address string // of the Ollama server
	err     error  // why that server cannot be used
	key     string // about a key that is set, but selects no model
}

// Error returns three lines: for a provider with a key, for a local model, and for all others.
// If the key of a vendor is set that selects no model, there is a line before them that names
// it and the next step.
func (e *NotConfiguredError) Error() string {
	if e.key != "" {
		return e.key + "\n" + e.steps()
	}
	return e.steps()
}

func (e *NotConfiguredError) steps() string {
	names := providers.Names()
	if len(names) == 0 {
		return "No model is configured, because this program imports no provider.\n" +
			"Import one, for example import _ \"github.com/parley-llm/parley/providers/openai\",\n" +
			"or github.com/parley-llm/parley/providers/all for every provider of this module."
	}
	keyed := withDefaultModel()
	lines := []string{"No model is configured.", "For a model on your own machine, " + e.local() + "."}
	if len(keyed) == 0 {
		return strings.Join(append(lines, "For any other, set PARLEY_MODEL to its name, as in "+names[0]+"/NAME, or PARLEY_CONFIG to a config file."), "\n")
	}
	first, _ := providers.Lookup(keyed[0])
	lines[0] += " For " + first.Title + ", set " + first.KeyEnv[0] + " to your key."
	other := keyed[len(keyed)-1]
	if slices.Contains(keyed, "groq") {
		other = "groq" // it can be tried without paying
	}
	d, _ := providers.Lookup(other)
	return strings.Join(append(lines, "For any other, set PARLEY_MODEL, as in PARLEY_MODEL="+other+"/"+d.DefaultModel+" with "+d.KeyEnv[0]+
		", or PARLEY_CONFIG to a config file."), "\n")
}

// hint says in one line how to connect a model, for programs that have a small one.
func (e *NotConfiguredError) hint() string {
	if e.key != "" {
		return strings.TrimSuffix(e.key, ".")
	}
	if keyed := withDefaultModel(); len(keyed) > 0 {
		d, _ := providers.Lookup(keyed[0])
		return "for a larger one, set " + d.KeyEnv[0] + " to your " + d.Title + " key, or " + e.local()
	}
	return "for a larger one, " + e.local()
}

// local says how to get a local model.
func (e *NotConfiguredError) local() string {
	switch {
	case errors.Is(e.err, errNoOllama):
		return otherLocal()
	case errors.Is(e.err, errNoModels):
		return `run "ollama pull llama3.2"; the Ollama server at ` + e.address + " has no local models"
	case errors.Is(e.err, llm.InvalidRequest):
		return "set OLLAMA_HOST to the address of an Ollama server: " + firstMessage(e.err)
	case !errors.Is(e.err, llm.Network) && !errors.Is(e.err, llm.Timeout):
		return "repair Ollama at " + e.address + ", which says: " + firstMessage(e.err)
	}
	return `start Ollama and run "ollama pull llama3.2"; no server answers at ` + e.address
}

// otherLocal says how to get a local model in a program that does not import Ollama.
func otherLocal() string {
	var names []string
	for _, name := range []string{"llamacpp", "lmstudio", "vllm"} {
		if imported(name) {
			names = append(names, "PARLEY_MODEL="+name+"/NAME")
		}
	}
	if names == nil {
		return "import a provider for local models into this program, for example providers/ollama"
	}
	return "start its server and set " + strings.Join(names, " or ") + "; this program does not import Ollama"
}

// Unwrap returns the reason why the Ollama server cannot be used.
func (e *NotConfiguredError) Unwrap() error { return e.err }

// maxReason is the length of the longest reason in a message, in runes.
const maxReason = 400

func firstMessage(err error) string {
	text := strings.Join(strings.Fields(strings.Replace(err.Error(), "parley: ", "", 1)), " ")
	if runes := []rune(text); len(runes) > maxReason {
		text = string(runes[:maxReason]) + "…"
	}
	return text
}
