package palm_test

import (
	"net/http"
	"testing"

	"go.uber.org/goleak"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest/conformance"
	"github.com/parley-llm/parley/providers/palm"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestConformance(t *testing.T) {
	const none = "the PaLM protocol has none"
	conformance.Test(t, conformance.Suite{
		Dialect: conformance.PaLM(),
		Model:   "chat-bison-001",
		NewLimited: func(t testing.TB, baseURL string, client *http.Client, limits llm.Limits) llm.Provider {
			return provider(t, palm.Config{BaseURL: baseURL, HTTPClient: client, APIKey: conformance.Key, Limits: limits})
		},
		NoReasoning: none, NoRefusals: none, NoTools: none,
		NoUsage:      "the PaLM protocol does not report it",
		NoFinish:     "the PaLM protocol does not say",
		NoStreaming:  "the PaLM protocol streams nothing",
		NoEmbeddings: "the provider is for chats", NoModelList: "the provider is for chats",
	})
}
