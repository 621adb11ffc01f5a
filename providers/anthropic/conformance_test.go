package anthropic_test

import (
	"net/http"
	"testing"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest/conformance"
	"github.com/parley-llm/parley/providers/anthropic"
)

func TestConformance(t *testing.T) {
	conformance.Test(t, conformance.Suite{
		Dialect: conformance.Anthropic(),
		NewLimited: func(t testing.TB, baseURL string, client *http.Client, limits llm.Limits) llm.Provider {
			return provider(t, anthropic.Config{BaseURL: baseURL, HTTPClient: client, APIKey: conformance.Key, Limits: limits})
		},
		NoRefusals:   "a refusal is a finish reason with an explanation, and not content",
		NoEmbeddings: "Anthropic has no embeddings",
	})
}
