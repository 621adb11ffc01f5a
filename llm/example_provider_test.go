package llm_test

import (
	"context"
	"fmt"
	"log"
	"strings"

	"github.com/parley-llm/parley/llm"
)

// parrot is a provider that repeats the last message, word by word.
type parrot struct{}

func (parrot) Name() string { return "parrot" }

func (parrot) Do(ctx context.Context, call *llm.Call) llm.Events {
	return func(yield func(llm.Event, error) bool) {
		if call.Op != llm.OpChat {
			yield(llm.Event{}, &llm.Error{Kind: llm.Unsupported, Message: "a parrot only chats"})
			return
		}
		said := call.Request.Messages[len(call.Request.Messages)-1].Text()
		words := strings.SplitAfter(said, " ")
		for _, word := range words {
			if err := llm.FromContext(ctx); err != nil {
				yield(llm.Event{}, err)
				return
			}
			if !yield(llm.Event{Type: llm.EventText, Text: word}, nil) {
				return // the caller stopped reading
			}
		}
		yield(llm.Event{Type: llm.EventDone, Detail: &llm.Done{
			FinishReason: llm.FinishStop,
			Usage:        llm.Usage{Input: llm.Known(len(words)), Output: llm.Known(len(words))},
		}}, nil)
	}
}

// A provider has a name and one method.
func ExampleProvider() {
	model := llm.New(parrot{}, "grey")

	resp, err := model.Generate(context.Background(), llm.Prompt("Pieces of eight!"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s says: %s\n", model, resp.Text())
	fmt.Println(resp.Usage)

	_, err = model.Embed(context.Background(), &llm.EmbedRequest{Inputs: []string{"eight"}})
	fmt.Println(err)
	// Output:
	// parrot/grey says: Pieces of eight!
	// 3 in, 3 out
	// parley: parrot/grey: unsupported: a parrot only chats
}
