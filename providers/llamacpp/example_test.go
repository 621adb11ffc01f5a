package llamacpp_test

import (
	"context"
	"fmt"
	"log"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers"
	"github.com/parley-llm/parley/providers/llamacpp"
)

// LLAMACPP_BASE_URL says where the server is. Its one model answers to any name.
func Example() {
	model, err := providers.Open("llamacpp/any")
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()
	for text, err := range model.Stream(context.Background(), llm.Prompt("Why is the sky blue?")).Text() {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Print(text)
	}
}

// A model that was trained on Alpaca's instructions has no chat template: its
// prompts are put in the format by name.
func ExampleOptions() {
	req := &llm.Request{Messages: []llm.Message{
		llm.User("Translate into English.", llm.Text{Text: "Bonjour le monde"}), // the instruction, and its input
	}}
	req.Options = []llm.Options{llamacpp.Options{Template: "alpaca"}}
	_ = req // ask a model of any provider: the others ignore what is llama.cpp's
}

// An answer can be held to a grammar.
func ExampleOptions_grammar() {
	req := llm.Prompt("Is a llama a camelid?")
	req.Options = []llm.Options{llamacpp.Options{Grammar: `root ::= "yes" | "no"`}}
	_ = req
}

// An assistant message at the end of a conversation is the beginning of the
// answer, and the model goes on from there.
func ExampleProvider_continued() {
	p, err := llamacpp.New(llamacpp.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()
	req := llm.Prompt("Name three animals of the Andes.")
	req.Messages = append(req.Messages, llm.Assistant("1. Llama\n2."))
	resp, err := llm.New(p, "any").Generate(context.Background(), req)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("1. Llama\n2." + resp.Text())
}

// What an answer took is in the reply, which the request has to keep.
func ExampleTimingsOf() {
	p, err := llamacpp.New(llamacpp.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()
	req := llm.Prompt("Why is the sky blue?")
	req.KeepRaw = true
	resp, err := llm.New(p, "any").Generate(context.Background(), req)
	if err != nil {
		log.Fatal(err)
	}
	if t, ok := llamacpp.TimingsOf(resp); ok {
		fmt.Printf("%d tokens in %v, %d of the prompt from the cache\n", t.AnswerTokens, t.AnswerTime, t.CachedTokens)
	}
}

// How much fits into a conversation, and whether the model sees pictures.
func ExampleProvider_Props() {
	p, err := llamacpp.New(llamacpp.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()
	props, err := p.Props(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(props.Info.ContextWindow, props.Info.Input)
}
