//go:build race

package ollama_test

const raceEnabled = true
