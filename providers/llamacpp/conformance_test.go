package llamacpp_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest/conformance"
	"github.com/parley-llm/parley/providers/llamacpp"
)

func TestChatConformance(t *testing.T) {
	conformance.Test(t, conformance.Suite{
		Dialect: conformance.OpenAI(),
		NewLimited: func(t testing.TB, baseURL string, client *http.Client, limits llm.Limits) llm.Provider {
			return provider(t, llamacpp.Config{BaseURL: baseURL, HTTPClient: client, APIKey: conformance.Key, Limits: limits})
		},
	})
}

// The suite's server does not know of tokenizers, so one stands before it.
func TestCompletionConformance(t *testing.T) {
	const text = "a plain prompt has text alone"
	conformance.Test(t, conformance.Suite{
		Dialect: conformance.LlamaCppCompletion(),
		NewLimited: func(t testing.TB, baseURL string, client *http.Client, limits llm.Limits) llm.Provider {
			tokenizing := *client
			tokenizing.Transport = tokenizer{client.Transport}
			return provider(t, llamacpp.Config{
				BaseURL: baseURL, HTTPClient: &tokenizing, APIKey: conformance.Key, Template: "alpaca", Limits: limits,
			})
		},
		NoReasoning: text, NoRefusals: text, NoTools: text,
	})
}

// tokenizer answers requests for the tokens of texts with a token for each byte
// and 1 as the first, and sends all others on. The bytes go with the prompt, so
// that a server finds in it what a test looks for.
type tokenizer struct{ next http.RoundTripper }

func (t tokenizer) RoundTrip(r *http.Request) (*http.Response, error) {
	switch {
	case r.Context().Err() != nil:
		return nil, r.Context().Err()
	case strings.HasSuffix(r.URL.Path, "/tokenize"):
		var asked struct {
			Content []any `json:"content"`
		}
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
			return nil, err
		}
		ids := []int{1}
		for _, piece := range asked.Content {
			if text, ok := piece.(string); ok {
				for _, b := range []byte(text) {
					ids = append(ids, int(b))
				}
			}
		}
		body, err := json.Marshal(map[string]any{"tokens": ids})
		return respond(http.StatusOK, "application/json", strings.NewReader(string(body))), err
	case strings.HasSuffix(r.URL.Path, "/completion"):
		return t.next.RoundTrip(withText(r))
	}
	return t.next.RoundTrip(r)
}
