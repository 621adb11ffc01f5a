package providers_test

import (
	"context"
	"fmt"
	"log"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/egress"
	"github.com/parley-llm/parley/providers"
)

// The program imports the provider: import _ "github.com/parley-llm/parley/providers/openai".
func ExampleOpen() {
	model, err := providers.Open("openai/gpt-6-luna") // the key is in OPENAI_API_KEY
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()
	resp, err := model.Generate(context.Background(), llm.Prompt("Why is the sky blue?"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(resp.Text())
}

// The provider can connect to the company's own server and to nothing else.
func ExampleConfig_Open() {
	list, err := egress.Allow("llm.office.example", "10.20.0.0/16")
	if err != nil {
		log.Fatal(err)
	}
	model, err := providers.Config{BaseURL: "https://llm.office.example/v1", Egress: list}.Open("vllm/llama")
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()
}
