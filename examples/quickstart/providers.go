package main

// The program can use every provider of this module. A program that needs one imports that
// one, and contains no other.
import (
	_ "github.com/parley-llm/parley/providers/all"
	_ "github.com/parley-llm/parley/providers/llama/builtin" // the model if nothing is configured
)
