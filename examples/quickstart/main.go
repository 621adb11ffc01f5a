// Command quickstart asks a model one question and prints the answer as it
// comes.
//
//	go run ./examples/quickstart                      # what is set up: a config file, a key, a local Ollama
//	go run ./examples/quickstart openai/gpt-6-luna    # with OPENAI_API_KEY
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers"
	"github.com/parley-llm/parley/providers/config"
)

func main() {
	ctx := context.Background()
	model, err := choose(ctx, os.Args[1:])
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()
	answer := model.Stream(ctx, llm.Prompt("Why is the sky blue?"))
	for text, err := range answer.Text() {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Print(text)
	}
	fmt.Printf("\n%s\n", answer.Response().Usage)
}

// choose returns the model that is named, or else the one that the person has set up.
func choose(ctx context.Context, args []string) (*llm.Model, error) {
	if len(args) > 0 {
		return providers.Open(args[0])
	}
	result, err := config.Default(ctx, nil)
	if err != nil {
		return nil, err
	}
	log.Print("asking ", result)
	return result.Model, nil
}
