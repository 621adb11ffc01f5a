package ollama_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers"
	"github.com/parley-llm/parley/providers/ollama"
)

// A model by its name; OLLAMA_HOST says where the server is.
func Example() {
	model, err := providers.Open("ollama/llama3.2:1b")
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

// Settings that Ollama alone has are options of the request.
func ExampleOptions() {
	req := llm.Prompt("Name three llamas.")
	req.Temperature = new(0.0)
	req.Options = []llm.Options{ollama.Options{
		NumCtx:    8192,
		KeepAlive: "1h",
		Raw:       map[string]any{"min_p": 0.05},
	}}
	_ = req // ask a model of any provider: the others ignore what is Ollama's
}

// A prompt that is too long is an error, unless the program has the server
// leave the beginning of the conversation out.
func ExampleOptions_truncate() {
	p, err := ollama.New(ollama.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()
	model, req := llm.New(p, "llama3.2:1b"), llm.Prompt("A very long text …")

	_, err = model.Generate(context.Background(), req)
	if errors.Is(err, llm.ContextLength) {
		req.Options = []llm.Options{ollama.Options{Truncate: new(true)}}
		_, err = model.Generate(context.Background(), req)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// The answer follows a JSON Schema, whatever the model.
func ExampleProvider_Do() {
	p, err := ollama.New(ollama.Config{BaseURL: "http://gpu-box:11434"})
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()
	req := llm.Prompt("Describe a llama.")
	req.Format = &llm.Format{Schema: json.RawMessage(`{
		"type": "object",
		"properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
		"required": ["name", "age"]
	}`)}
	resp, err := llm.New(p, "llama3.2:1b").Generate(context.Background(), req)
	if err != nil {
		log.Fatal(err)
	}
	var llama struct {
		Name string
		Age  int
	}
	if err := json.Unmarshal([]byte(resp.Text()), &llama); err != nil {
		log.Fatal(err)
	}
	fmt.Println(llama.Name, llama.Age)
}

// A download with its progress.
func ExampleProvider_Pull() {
	p, err := ollama.New(ollama.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()
	for progress, err := range p.Pull(context.Background(), "llama3.2:1b") {
		if err != nil {
			log.Fatal(err)
		}
		if progress.Total > 0 {
			fmt.Printf("\r%s %d%%", progress.Status, 100*progress.Completed/progress.Total)
		}
	}
}

// What a model can do, before it is asked to.
func ExampleProvider_Show() {
	p, err := ollama.New(ollama.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()
	model, err := p.Show(context.Background(), "llama3.2:1b")
	if errors.Is(err, llm.NotFound) {
		log.Fatal("pull it first: ", err)
	} else if err != nil {
		log.Fatal(err)
	}
	fmt.Println(model.Info.ContextWindow, model.Capabilities)
}
