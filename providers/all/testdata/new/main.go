// Command new makes a provider itself.
package main

import (
	"context"
	"fmt"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/openai"
)

func main() {
	p, err := openai.New(openai.Config{APIKey: "k"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(llm.New(p, "gpt-6-luna").Generate(context.Background(), llm.Prompt("hi")))
}
