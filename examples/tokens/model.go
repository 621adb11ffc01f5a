package main

import (
	"cmp"
	"strings"

	"github.com/parley-llm/parley/llm/tokens"
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

// windows are the context windows of OpenAI's models, input and output together:
// https://platform.openai.com/docs/models. A name that begins with one of these
// has its window; the longest counts.
var windows = map[string]int{
	"gpt-3.5-turbo": 16_385, "gpt-35-turbo": 16_385,
	"gpt-4": 8_192, "gpt-4-32k": 32_768, "gpt-4-1106": 128_000, "gpt-4-0125": 128_000, "gpt-4-turbo": 128_000,
	"gpt-4o": 128_000, "chatgpt-4o": 128_000, "gpt-4.5": 128_000, "gpt-4.1": 1_047_576,
	"gpt-5": 400_000, "gpt-5-chat": 128_000,
	"o1": 200_000, "o1-mini": 128_000, "o1-preview": 128_000, "o3": 200_000, "o4-mini": 200_000,
	"gpt-oss": 131_072,
}

// windowOf returns the context window of a model, 0 if it is not known.
func windowOf(name string) int {
	name = name[strings.LastIndexByte(name, '/')+1:]
	longest, window := "", 0
	for prefix, size := range windows {
		rest, ok := strings.CutPrefix(name, prefix)
		if ok && (rest == "" || rest[0] == '-' || rest[0] == ':') && len(prefix) > len(longest) {
			longest, window = prefix, size
		}
	}
	return window
}
