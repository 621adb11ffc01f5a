// Package builtin registers the model "llama/builtin", a small LLaMA that is part of the
// program. Import it for its effect:
//
//	import _ "github.com/parley-llm/parley/providers/llama/builtin"
//
//	model, err := providers.Open("llama/builtin")
//
// The model answers questions about Parley, so that examples run on a machine without a
// server, a key or a network. It was trained for this module on text that the module's own
// generator wrote. It knows nothing else, and its answers are often wrong: docs/builtin.md has
// its scores. For other purposes, use a larger model: docs/local.md says how.
//
// The package adds 3 MB to a program, in addition to package llama.
package builtin

import (
	_ "embed"

	"github.com/parley-llm/parley/providers/llama"
)

//go:embed model.gguf
var model []byte

func init() {
	llama.RegisterEmbedded("builtin", "a small model about Parley, part of the program", model)
}
