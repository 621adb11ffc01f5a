package gemini_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest/conformance"
	"github.com/parley-llm/parley/providers/gemini"
)

func TestConformance(t *testing.T) {
	conformance.Test(t, conformance.Suite{
		Dialect: conformance.Gemini(),
		NewLimited: func(t testing.TB, baseURL string, client *http.Client, limits llm.Limits) llm.Provider {
			return provider(t, gemini.Config{BaseURL: baseURL, HTTPClient: client, APIKey: conformance.Key, Limits: limits})
		},
		NoRefusals: "Gemini's API has none but text",
	})
}

// Vertex AI has the same replies to chats, and uses OAuth tokens. Its replies for embeddings
// and model lists have other formats, and have separate tests.
func TestVertexConformance(t *testing.T) {
	if raceEnabled {
		t.Skip("differs from TestConformance only in the credential: not repeated with the race detector")
	}
	conformance.Test(t, conformance.Suite{
		Dialect: conformance.Gemini(),
		NewLimited: func(t testing.TB, baseURL string, client *http.Client, limits llm.Limits) llm.Provider {
			return provider(t, gemini.Config{
				Server: gemini.Vertex, Project: "p", Location: "europe-west4", BaseURL: baseURL, HTTPClient: client, Limits: limits,
				TokenSource: func(context.Context) (string, error) { return conformance.Key, nil },
			})
		},
		NoRefusals:   "Vertex AI's API has none but text",
		NoEmbeddings: "the dialect renders the Gemini API's",
		NoModelList:  "the dialect renders the Gemini API's",
	})
}
