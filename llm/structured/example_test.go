package structured_test

import (
	"context"
	"fmt"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
	"github.com/parley-llm/parley/llm/structured"
)

type shoppingOrder struct {
	Customer string `json:"customer"`
	Lines    []struct {
		Product string `json:"product"`
		Size    string `json:"size,omitempty" enum:"small,large"`
		Count   int    `json:"count" min:"1"`
	} `json:"lines"`
}

func ExampleStream() {
	model := script.Model() // for example providers.Open("openai/gpt-6-luna")
	req := llm.Prompt("Extract the order: two large boxes for Ada.")
	answer := structured.Stream[shoppingOrder](context.Background(), model, req)
	var order shoppingOrder
	for part, err := range answer.Values() { // the last part is complete and valid
		if err != nil {
			fmt.Println(err)
			return
		}
		order = part
	}
	fmt.Println(order.Customer, order.Lines[0].Count, order.Lines[0].Size, answer.Response().Usage)
	// Output:
	// Ada 2 large 20 in, 40 out
}

// The first answer is invalid, so it is repaired.
var script = llmtest.New(
	llmtest.Text(`{"customer":"Ada","lines":[{"product":"box","size":"huge","count":0}]}`).Usage(8, 20),
	llmtest.Text(`{"customer":"Ada","lines":[{"product":"box",`, `"size":"large","count":2}]}`).Usage(12, 20),
)
