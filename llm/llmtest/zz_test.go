package llmtest_test

import (
	"net/http"
	"testing"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
	"github.com/parley-llm/parley/providers/ollama"
	"github.com/parley-llm/parley/providers/openai"
)

func TestZZ(t *testing.T) {
	t.Run("openai", func(t *testing.T) {
		llmtest.TestProvider(t, llmtest.Suite{Dialect: llmtest.OpenAI(),
			New: func(t testing.TB, baseURL string, client *http.Client) llm.Provider {
				p, err := openai.New(openai.Config{BaseURL: baseURL, HTTPClient: client, APIKey: llmtest.Key})
				if err != nil {
					t.Fatal(err)
				}
				return p
			},
		})
	})
	t.Run("ollama", func(t *testing.T) {
		llmtest.TestProvider(t, llmtest.Suite{Dialect: llmtest.Ollama(),
			NoRefusals: "Ollama has no refusals",
			New: func(t testing.TB, baseURL string, client *http.Client) llm.Provider {
				p, err := ollama.New(ollama.Config{BaseURL: baseURL, HTTPClient: client, APIKey: llmtest.Key})
				if err != nil {
					t.Fatal(err)
				}
				return p
			},
		})
	})
}
