package main

import (
	"cmp"
	"strings"

	"github.com/parley-llm/parley/llm/tokens"
	"github.com/parley-llm/parley/providers/catalog"
)

// model is what tokens are counted for.
type model struct {
	name     string
	encoding *tokens.Encoding
	window   int // context window in tokens, 0 if it is not known
}

// openModel finds the vocabulary that a name on the command line means.
func openModel(name string) (model, error) {
	switch name {
	case "cl100k_base":
		return model{name: name, encoding: tokens.CL100kBase()}, nil
	case "o200k_base":
		return model{name: name, encoding: tokens.O200kBase()}, nil
	case "o200k_harmony":
		return model{name: name, encoding: tokens.O200kHarmony()}, nil
	}
	for _, ending := range []string{".gguf", ".json", ".model"} {
		if strings.HasSuffix(name, ending) {
			encoding, err := tokens.Open(name)
			if err != nil {
				return model{}, err
			}
			return model{name: cmp.Or(encoding.Name(), name), encoding: encoding}, nil
		}
	}
	encoding, err := tokens.For(name)
	if err != nil {
		return model{}, err
	}
	return model{name: name, encoding: encoding, window: windowOf(name)}, nil
}

// windowOf returns the context window of a model of OpenAI's by the catalog, 0 if
// it is not known.
func windowOf(name string) int {
	name = strings.TrimPrefix(name[strings.LastIndexByte(name, '/')+1:], "ft:")
	name, _, _ = strings.Cut(name, ":")                  // how it was fine-tuned
	name = strings.Replace(name, "gpt-35", "gpt-3.5", 1) // Azure
	entry, _ := catalog.Lookup("openai/" + name)
	return entry.ContextWindow
}
