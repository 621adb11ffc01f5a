package providers

import (
	"errors"
	"slices"
	"strings"

	"github.com/parley-llm/parley/llm"
)

// Unconfigured is the error of [Default] when there is no model to take: its
// text says in three lines what to set, of what the program that asks can use.
type Unconfigured struct {
	where string // the local server that was asked
	err   error  // why it is no help
}

// Error returns three lines: for a provider with a key, for a model on this machine, for all others.
func (u *Unconfigured) Error() string {
	var keyed []row[vendor] // those that a key opens, the first one first
	for _, v := range readVendors() {
		if imported(v.name.value) && v.value.Default != "" && len(v.value.Keys) > 0 {
			keyed = append(keyed, v)
		}
	}
	if len(Names()) == 0 {
		return "No model is configured, and none can be: this program imports no provider.\n" +
			"Import those that it is to have, as in import _ \"github.com/parley-llm/parley/providers/openai\",\n" +
			"or github.com/parley-llm/parley/providers/all for all of this module."
	}
	lines := []string{"No model is configured."}
	if len(keyed) > 0 {
		lines[0] += " For " + keyed[0].value.Name + ", set " + keyed[0].value.Keys[0] + " to your key."
	}
	lines = append(lines, "For a model on your own machine, "+u.local()+".")
	if len(keyed) == 0 {
		return strings.Join(append(lines, "For any other, set PARLEY_MODEL to its name, as in "+Names()[0]+"/NAME, or PARLEY_CONFIG to a config file."), "\n")
	}
	other := keyed[len(keyed)-1]
	if i := slices.IndexFunc(keyed, func(v row[vendor]) bool { return v.name.value == "groq" }); i >= 0 {
		other = keyed[i] // which costs nothing to try
	}
	return strings.Join(append(lines, "For any other, set PARLEY_MODEL, as in PARLEY_MODEL="+other.name.value+"/"+other.value.Default+" with "+other.value.Keys[0]+
		", or PARLEY_CONFIG to a config file."), "\n")
}

// local says what to do about a model on the person's own machine.
func (u *Unconfigured) local() string {
	switch {
	case errors.Is(u.err, errNoOllama):
		return otherLocal()
	case errors.Is(u.err, errNoModels):
		return `run "ollama pull llama3.2"; the Ollama server at ` + u.where + " has none yet"
	case errors.Is(u.err, llm.InvalidRequest):
		return "set OLLAMA_HOST to the address of an Ollama server: " + firstMessage(u.err)
	case !errors.Is(u.err, llm.Network) && !errors.Is(u.err, llm.Timeout):
		return "mend Ollama at " + u.where + ", which says: " + firstMessage(u.err)
	}
	return `start Ollama and run "ollama pull llama3.2"; no server answers at ` + u.where
}

// otherLocal says what to do where the program does not know Ollama.
func otherLocal() string {
	var names []string
	for _, name := range []string{"llamacpp", "lmstudio", "vllm"} {
		if imported(name) {
			names = append(names, "PARLEY_MODEL="+name+"/NAME")
		}
	}
	if names == nil {
		return "this program would have to import a provider that is made for it, such as providers/ollama"
	}
	return "start its server and set " + strings.Join(names, " or ") + "; this program does not import Ollama"
}

func imported(provider string) bool {
	_, is, _ := registered(&registry.openers, provider)
	return is
}

// Unwrap returns why the local server is no help.
func (u *Unconfigured) Unwrap() error { return u.err }

// maxReason is how much of a server's explanation is told, in runes.
const maxReason = 400

func firstMessage(err error) string {
	text := strings.Join(strings.Fields(strings.Replace(err.Error(), "parley: ", "", 1)), " ")
	if runes := []rune(text); len(runes) > maxReason {
		text = string(runes[:maxReason]) + "…"
	}
	return text
}
