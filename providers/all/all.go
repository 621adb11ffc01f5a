// Package all registers every provider of this module, and the middleware of
// package llm/middleware, for programs that let a config file decide what
// answers:
//
//	import _ "github.com/parley-llm/parley/providers/all"
//
//	setup, err := providers.Load("parley.yaml")
//
// A program that needs one provider imports that one, and links no other.
package all

import (
	_ "github.com/parley-llm/parley/llm/middleware/register" // the middleware, for config files
	_ "github.com/parley-llm/parley/llm/otel/register"       // and telemetry
	_ "github.com/parley-llm/parley/providers/gemini"        // gemini, vertex
	_ "github.com/parley-llm/parley/providers/llamacpp"      // llamacpp, or llama.cpp
	_ "github.com/parley-llm/parley/providers/ollama"        // ollama
	_ "github.com/parley-llm/parley/providers/openai"        // openai, azure, and the servers of OpenAI's dialect
	_ "github.com/parley-llm/parley/providers/palm"          // palm
)
