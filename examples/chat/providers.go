package main

// The providers that can be named. A program links those that it imports.
import (
	_ "github.com/parley-llm/parley/providers/llamacpp"
	_ "github.com/parley-llm/parley/providers/ollama"
	_ "github.com/parley-llm/parley/providers/openai"
)
