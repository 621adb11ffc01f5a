package tool_test

import (
	"context"
	"fmt"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
	"github.com/parley-llm/parley/llm/tool"
)

type place struct {
	City string `json:"city" desc:"in English"`
}

type message struct {
	To   string `json:"to" format:"email"`
	Text string `json:"text" max:"500"`
}

func ExampleLoop() {
	ctx := context.Background()
	model := script.Model() // for example providers.Open("openai/gpt-6-luna")
	weather := tool.Must(tool.New("weather", "The weather in a city, now.",
		func(_ context.Context, in place) (string, error) { return "rain in " + in.City, nil }, tool.ReadOnly()))
	population := tool.Must(tool.New("population", "The number of people in a city.",
		func(_ context.Context, in place) (int, error) { return 720_000, nil }, tool.ReadOnly()))
	send := tool.Must(tool.New("send", "Sends a mail.",
		func(_ context.Context, in message) (string, error) { return "sent to " + in.To, nil }, tool.NeedsApproval()))
	agent := model.With(llm.WithOuterMiddleware(&tool.Loop{
		Tools:    []*tool.Tool{weather, population, send},
		MaxSteps: 5,
		Approve: func(_ context.Context, call llm.ToolCall) (llm.Decision, bool) {
			fmt.Println("approved:", call.Name, call.Arguments)
			return call.Approve(), true
		},
	}))
	resp, err := agent.Generate(ctx, llm.Prompt("Mail the weather and the size of Oslo to ada@example.com."))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(resp.Text(), len(resp.Messages), "messages")
	// Output:
	// approved: send {"to":"ada@example.com","text":"Rain, 720000 people."}
	// Done. 5 messages
}

var script = llmtest.New(
	llmtest.ToolCall("weather", `{"city":"Oslo"}`).ToolCall("population", `{"city":"Oslo"}`),
	llmtest.ToolCall("send", `{"to":"ada@example.com","text":"Rain, 720000 people."}`),
	llmtest.Text("Done."),
)

func ExampleNew() {
	weather, err := tool.New("weather", "The weather in a city, now.",
		func(_ context.Context, in place) (string, error) {
			if in.City == "Atlantis" {
				return "", tool.Error("There is no such city.") // the model gets this text
			}
			return "rain in " + in.City, nil
		})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(string(weather.Definition().Parameters))
	result, err := weather.Run(context.Background(), `{"city":"Oslo"}`)
	fmt.Println(result.Content, err)
	_, err = weather.Run(context.Background(), `{"town":"Oslo"}`)
	fmt.Println(err != nil)
	// Output:
	// {"type":"object","properties":{"city":{"type":"string","description":"in English"}},"required":["city"],"additionalProperties":false}
	// rain in Oslo <nil>
	// true
}
