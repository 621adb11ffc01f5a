package main

import (
	"cmp"
	"strings"

	"github.com/parley-llm/parley/llm/tokens"
	"github.com/parley-llm/parley/providers/catalog"
)

// model is a model or an encoding for which tokens are counted.
type model struct {
	name     string
	encoding *tokens.Encoding
	window   int // the context window in tokens, 0 if it is unknown
}

// openModel returns the model, encoding or vocabulary file with the given name.
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

// windowOf returns the context window of an OpenAI model from the catalog, in tokens. It
// returns 0 if the window is unknown.
func windowOf(name string) int {
	name = strings.TrimPrefix(name[strings.LastIndexByte(name, '/')+1:], "ft:")
	name, _, _ = strings.Cut(name, ":")                  // without the suffix of fine-tuned models
	name = strings.Replace(name, "gpt-35", "gpt-3.5", 1) // the spelling of Azure
	entry, _ := catalog.Lookup("openai/" + name)
	return entry.ContextWindow
}
