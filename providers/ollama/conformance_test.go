package ollama_test

import (
	"net/http"
	"testing"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
	"github.com/parley-llm/parley/providers/ollama"
)

func TestConformance(t *testing.T) {
	llmtest.TestProvider(t, llmtest.Suite{
		Dialect: llmtest.Ollama(),
		NewLimited: func(t testing.TB, baseURL string, client *http.Client, limits llm.Limits) llm.Provider {
			return provider(t, ollama.Config{BaseURL: baseURL, HTTPClient: client, APIKey: llmtest.Key, Limits: limits})
		},
		NoRefusals: "Ollama's API has none",
	})
}
