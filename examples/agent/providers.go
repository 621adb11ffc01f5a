package main

// The program can use the providers that it imports.
import (
	_ "github.com/parley-llm/parley/providers/ollama"
	_ "github.com/parley-llm/parley/providers/openai"
)
