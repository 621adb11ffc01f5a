package anthropic_test

import (
	"context"
	"fmt"
	"log"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers"
	"github.com/parley-llm/parley/providers/anthropic"
)

// Open reads the key from ANTHROPIC_API_KEY.
func Example() {
	model, err := providers.Open("anthropic/claude-sonnet-5")
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()
	for text, err := range model.Stream(context.Background(), llm.Prompt("Why is the sky blue?")).Text() {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Print(text)
	}
}

// The server searches the web, and the answer cites what it found.
func ExampleOptions() {
	req := llm.Prompt("What is the latest version of Go?")
	req.ReasoningEffort = llm.EffortLow
	req.Options = []llm.Options{anthropic.Options{
		ServerTools: []map[string]any{{"type": "web_search_20250305", "name": "web_search", "max_uses": 3}},
		Cache:       "5m",
	}}
	_ = req // models of other providers ignore the options
}

// A program with many tools and a long system prompt caches them, and the conversation.
func ExampleOptions_cache() {
	model, err := providers.Open("anthropic/claude-sonnet-5")
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()
	history := []llm.Message{llm.System("Instructions of many pages …"), llm.User("Hello.")}
	resp, err := model.Generate(context.Background(), &llm.Request{
		Messages: history, Options: []llm.Options{anthropic.Options{Cache: "1h"}},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(resp.Usage.CacheRead, "tokens of the prompt were read from the cache")
}
