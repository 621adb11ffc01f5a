// Package all registers every provider of this module, and telemetry for config files. It is
// for programs whose users choose the provider, with a name or a config file:
//
//	import _ "github.com/parley-llm/parley/providers/all"
//
//	cfg, err := config.Load("parley.yaml", nil)
//
// A program that needs one provider imports that one, and contains no other.
package all

import (
	_ "github.com/parley-llm/parley/providers/anthropic"   // anthropic
	_ "github.com/parley-llm/parley/providers/config/otel" // telemetry
	_ "github.com/parley-llm/parley/providers/gemini"      // gemini, vertex
	_ "github.com/parley-llm/parley/providers/llama"       // llama: in the process
	_ "github.com/parley-llm/parley/providers/llamacpp"    // llamacpp, llama.cpp
	_ "github.com/parley-llm/parley/providers/ollama"      // ollama
	_ "github.com/parley-llm/parley/providers/openai"      // openai, azure, and the servers of OpenAI's dialect
	_ "github.com/parley-llm/parley/providers/palm"        // palm
)
