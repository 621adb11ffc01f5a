package ollama_test

import (
	"net/http"
	"testing"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
	"github.com/parley-llm/parley/providers/ollama"
)

func TestConformance(t *testing.T) {
	limited := func(t testing.TB, baseURL string, client *http.Client, limits llm.Limits) llm.Provider {
		return provider(t, ollama.Config{BaseURL: baseURL, HTTPClient: client, APIKey: llmtest.Key, Limits: limits})
	}
	llmtest.TestProvider(t, llmtest.Suite{
		Dialect: llmtest.Ollama(),
		New: func(t testing.TB, baseURL string, client *http.Client) llm.Provider {
			return limited(t, baseURL, client, llm.Limits{})
		},
		NewLimited: limited,
		NoRefusals: "Ollama's API has none",
	})
}
