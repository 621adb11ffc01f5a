// Command open opens a model by name.
package main

import (
	"context"
	"fmt"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers"
	_ "github.com/parley-llm/parley/providers/openai"
)

func main() {
	model, err := providers.Open("openai/gpt-6-luna")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer model.Close()
	fmt.Println(model.Generate(context.Background(), llm.Prompt("hi")))
}
