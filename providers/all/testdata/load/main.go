// Command load opens a model of a config file.
package main

import (
	"context"
	"fmt"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/config"
	_ "github.com/parley-llm/parley/providers/openai"
)

func main() {
	cfg, err := config.Load("parley.yaml", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer cfg.Close()
	model, err := cfg.Model("")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(model.Generate(context.Background(), llm.Prompt("hi")))
}
