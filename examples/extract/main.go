// Command extract reads a text, and prints the order in it as JSON while it arrives.
//
//	echo "Two boxes of nails (M4) and, if possible, a hammer. Urgent! Ada, ada@example.com" | go run ./examples/extract
//	go run ./examples/extract -model openai/gpt-6-luna < mail.txt    # needs OPENAI_API_KEY
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/structured"
	"github.com/parley-llm/parley/providers"
	"github.com/parley-llm/parley/providers/config"
)

type order struct {
	Customer customer `json:"customer"`
	Lines    []line   `json:"lines" min:"1"`
	Priority string   `json:"priority" enum:"low,normal,urgent"`
}

type customer struct {
	Name  string  `json:"name"`
	Email *string `json:"email" format:"email"`
}

type line struct {
	Product  string `json:"product" desc:"without sizes"`
	Size     string `json:"size,omitempty"`
	Quantity int    `json:"quantity" min:"1"`
	Optional bool   `json:"optional,omitempty" desc:"the customer can do without it"`
}

func main() {
	name := flag.String("model", "", "the model; the default is the one that is configured")
	flag.Parse()
	ctx := context.Background()
	model, err := choose(ctx, *name)
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()
	if err := extract(ctx, model, os.Stdin, os.Stdout, os.Stderr); err != nil {
		log.Fatal(err)
	}
}

// extract reads a text and prints its order. It prints progress while the order arrives.
func extract(ctx context.Context, model *llm.Model, in io.Reader, out, progress io.Writer) error {
	text, err := io.ReadAll(in)
	if err != nil {
		return err
	}
	req := &llm.Request{Messages: []llm.Message{llm.System("Extract the order from the text."), llm.User(string(text))}}
	var found order
	for part, err := range structured.Stream[order](ctx, model, req).Values() {
		if err != nil {
			return err
		}
		if len(part.Lines) > len(found.Lines) {
			fmt.Fprintf(progress, "line %d …\n", len(part.Lines))
		}
		found = part
	}
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(found)
}

// choose returns the named model, or otherwise the model that is configured.
func choose(ctx context.Context, name string) (*llm.Model, error) {
	if name != "" {
		return providers.Open(name)
	}
	result, err := config.Default(ctx, nil)
	if err != nil {
		return nil, err
	}
	return result.Model, nil
}
