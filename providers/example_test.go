package providers_test

import (
	"context"
	"fmt"
	"log"
	"time"

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

// A server of one's own, and nothing else, for premises that data must not leave.
func ExampleOpenWith() {
	list, err := egress.Allow("llm.office.example", "10.20.0.0/16")
	if err != nil {
		log.Fatal(err)
	}
	model, err := providers.OpenWith("vllm/llama", providers.Config{BaseURL: "https://llm.office.example/v1", Egress: list})
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()
}

// The file says which model the assistant is:
//
//	models:
//	  assistant: {model: gemini/gemini-3.8-flash, key: {env: GEMINI_API_KEY}, defaults: {system: You are terse.}}
func ExampleLoad() {
	setup, err := providers.Load("parley.yaml")
	if err != nil {
		log.Fatal(err) // file:line:column of every mistake
	}
	defer setup.Close()
	for _, warning := range setup.Warnings() {
		log.Print(warning)
	}
	model, err := setup.Model("assistant")
	if err != nil {
		log.Fatal(err)
	}
	for text, err := range model.Stream(context.Background(), llm.Prompt("Why is the sky blue?")).Text() {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Print(text)
	}
}

// Calls that begin after a change of the file go where it says then.
func ExampleSetup_Watch() {
	setup, err := providers.Load("parley.yaml")
	if err != nil {
		log.Fatal(err)
	}
	defer setup.Close()
	go setup.Watch(context.Background(), 5*time.Second, func(err error) {
		if err != nil {
			log.Println("the old config stays:", err)
		}
	})
}

func ExampleDefault() {
	choice, err := providers.Default(context.Background())
	if err != nil {
		log.Fatal(err) // three lines: what to set
	}
	defer choice.Model.Close()
	log.Print("asking ", choice) // which model, and why
}
