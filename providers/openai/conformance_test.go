package openai_test

import (
	"net/http"
	"testing"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
	"github.com/parley-llm/parley/providers/openai"
)

func TestProviderConformance(t *testing.T) {
	llmtest.TestProvider(t, llmtest.Suite{
		Dialect: llmtest.OpenAI(),
		NewLimited: func(t testing.TB, baseURL string, client *http.Client, limits llm.Limits) llm.Provider {
			return provider(t, openai.Config{BaseURL: baseURL, HTTPClient: client, APIKey: llmtest.Key, Limits: limits})
		},
	})
}
