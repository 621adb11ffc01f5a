package catalog_test

import (
	"fmt"

	"github.com/parley-llm/parley/providers/catalog"
)

func ExampleLookup() {
	info, ok := catalog.Lookup("openai/gpt-4o-mini")
	fmt.Println(ok, info.ContextWindow, info.Prices.Input, info.Status, info.Successor)
	llama, _ := catalog.Lookup("LLaMA 2")
	fmt.Println(llama.Sizes, llama.License)
	// Output:
	// true 128000 0.15 deprecated gpt-6-luna
	// [7B 13B 70B] Llama 2 Community License
}
