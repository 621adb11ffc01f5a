// Command quickstart sends one prompt to a model and streams the answer.
//
//	go run ./examples/quickstart                      # a model from a config file, a key, a local Ollama, or inside this program
//	go run ./examples/quickstart openai/gpt-6-luna    # needs OPENAI_API_KEY
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

// choose returns the named model, or otherwise the model that is configured.
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
