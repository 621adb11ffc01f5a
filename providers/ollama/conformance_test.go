package ollama_test

import (
	"net/http"
	"testing"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest/conformance"
	"github.com/parley-llm/parley/providers/ollama"
)

func TestConformance(t *testing.T) {
	conformance.Test(t, conformance.Suite{
		Dialect: conformance.Ollama(),
		NewLimited: func(t testing.TB, baseURL string, client *http.Client, limits llm.Limits) llm.Provider {
			return provider(t, ollama.Config{BaseURL: baseURL, HTTPClient: client, APIKey: conformance.Key, Limits: limits})
		},
		NoRefusals: "Ollama's API has none",
	})
}
