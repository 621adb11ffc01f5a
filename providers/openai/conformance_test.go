package openai_test

import (
	"net/http"
	"testing"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest/conformance"
	"github.com/parley-llm/parley/providers/openai"
)

func TestProviderConformance(t *testing.T) {
	conformance.Test(t, conformance.Suite{
		Dialect: conformance.OpenAI(),
		NewLimited: func(t testing.TB, baseURL string, client *http.Client, limits llm.Limits) llm.Provider {
			return provider(t, openai.Config{BaseURL: baseURL, HTTPClient: client, APIKey: conformance.Key, Limits: limits})
		},
	})
}

func TestResponsesConformance(t *testing.T) {
	conformance.Test(t, conformance.Suite{
		Dialect: conformance.Responses(),
		NewLimited: func(t testing.TB, baseURL string, client *http.Client, limits llm.Limits) llm.Provider {
			return provider(t, openai.Config{API: openai.APIResponses, BaseURL: baseURL, HTTPClient: client, APIKey: conformance.Key, Limits: limits})
		},
	})
}
