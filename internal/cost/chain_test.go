package cost

import (
	"testing"
	"time"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/middleware"
	"github.com/parley-llm/parley/providers/gemini"
	"github.com/parley-llm/parley/providers/ollama"
	"github.com/parley-llm/parley/providers/openai"
)

// limitedModels are models with the recommended chain and every time limit. Their replies have
// 1,000 chunks. The goals are 0.65 of the floor, and 0.75 for Ollama.
type limitedModels struct{ openAI, gemini, ollama *llm.Model }

// withChain returns models whose server is at the address base.
func withChain(t testing.TB, base string) limitedModels {
	t.Helper()
	const limit = time.Minute
	limits := llm.Limits{FirstEvent: limit, Idle: limit, Total: time.Hour}
	model := func(p llm.Provider, err error) *llm.Model {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		chain := middleware.Recommended()
		chain.Timeout = &middleware.Timeout{FirstEvent: limit, Idle: limit, Total: time.Hour}
		return llm.New(p, "gpt-4o", llm.WithMiddleware(chain))
	}
	openAI, err := openai.New(openai.Config{BaseURL: base + "/openai/1000", APIKey: "sk-0123456789", Limits: limits})
	limited := limitedModels{openAI: model(openAI, err)}
	geminiProvider, err := gemini.New(gemini.Config{BaseURL: base + "/gemini/1000", APIKey: "AIza-0123456789", Limits: limits})
	limited.gemini = model(geminiProvider, err).With(llm.WithName("gemini-2.5-flash"))
	ollamaProvider, err := ollama.New(ollama.Config{BaseURL: base + "/ollama/1000", Limits: limits})
	limited.ollama = model(ollamaProvider, err).With(llm.WithName("llama3.2:1b"))
	t.Cleanup(func() {
		openAI.Close()
		geminiProvider.Close()
		ollamaProvider.Close()
	})
	return limited
}
