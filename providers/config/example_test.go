package config_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/config"
)

// The file says which model the assistant is:
//
//	models:
//	  assistant: {model: gemini/gemini-3.8-flash, key: {env: GEMINI_API_KEY}, defaults: {system: You are terse.}}
func ExampleLoad() {
	cfg, err := config.Load("parley.yaml", nil)
	if err != nil {
		log.Fatal(err) // file:line:column of each mistake
	}
	defer cfg.Close()
	for _, warning := range cfg.Warnings() {
		log.Print(warning)
	}
	model, err := cfg.Model("assistant")
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

// New calls use the new settings after a change of the file.
func ExampleConfig_Watch() {
	cfg, err := config.Load("parley.yaml", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer cfg.Close()
	go cfg.Watch(context.Background(), 5*time.Second, func(err error) {
		if err != nil {
			log.Println("the old config stays:", err)
		}
	})
}

// The result says which model was selected, and why.
func ExampleDefault() {
	result, err := config.Default(context.Background(), nil)
	if err != nil {
		log.Fatal(err) // three lines: which settings to make
	}
	defer result.Model.Close()
	log.Print("asking ", result)
}
