// Command quickstart asks a model one question and prints the answer as it
// comes.
//
//	go run ./examples/quickstart                      # a local Ollama
//	go run ./examples/quickstart openai/gpt-4o-mini   # with OPENAI_API_KEY
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers"
)

func main() {
	name := append(os.Args[1:], "ollama/llama3.2")[0]
	model, err := providers.Open(name)
	if err != nil {
		log.Fatal(err)
	}
	answer := model.Stream(context.Background(), llm.Ask("Why is the sky blue?"))
	for text, err := range answer.Text() {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Print(text)
	}
	fmt.Printf("\n%s\n", answer.Response().Usage)
}
