package llm_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/parley-llm/parley/llm"
)

// open replaces providers.Open("openai/gpt-6-luna") in the examples. Its model gives the answers
// in order, without a server.
func open(answers ...llm.Events) *llm.Model {
	next := 0
	return llm.New(fake(func(context.Context, *llm.Call) llm.Events {
		answer := answers[next]
		next++
		return answer
	}), "demo")
}

// bluesky is an answer with reasoning.
func bluesky() llm.Events {
	return script(reasoning("Sunlight, air … "), reasoning("Rayleigh."),
		text("Air scatters "), text("blue light "), text("the most."), done())
}

// weather is an answer with a tool call.
func weather() llm.Events {
	return script(callStart(0, "call_1", "weather"), callDelta(0, `{"city":`), callDelta(0, `"Oslo"}`),
		callEnd(0, "call_1", "weather", `{"city":"Oslo"}`), done())
}

// report is the answer after the tool has run.
func report() llm.Events { return script(text("It snows in Oslo."), done()) }

// Print an answer while it arrives. The request is sent when the loop starts. Leaving the loop
// early ends the call.
func Example() {
	model := open(bluesky()) // in a program: model, err := providers.Open("openai/gpt-6-luna")

	s := model.Stream(context.Background(), llm.Prompt("Why is the sky blue?"))
	for text, err := range s.Text() {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Print(text)
	}
	fmt.Println()
	fmt.Println(s.Response().Usage)
	// Output:
	// Air scatters blue light the most.
	// 5 in, 2 out
}

// Continue a conversation. Response.Messages are the messages to append.
func ExampleModel_Generate() {
	model := open(bluesky(), script(text("Then the blue has been scattered away."), done()))

	req := &llm.Request{
		Messages:    []llm.Message{llm.System("Answer in one sentence."), llm.User("Why is the sky blue?")},
		MaxTokens:   400,
		Temperature: new(0.0), // an explicit zero is sent
	}
	resp, err := model.Generate(context.Background(), req)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(resp.Text())

	req.Messages = append(req.Messages, resp.Messages...)
	req.Messages = append(req.Messages, llm.User("And at sunset?"))
	resp, err = model.Generate(context.Background(), req)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(resp.Text())
	// Output:
	// Air scatters blue light the most.
	// Then the blue has been scattered away.
}

// Read all events of an answer: reasoning, text, tool calls and the finish reason.
func ExampleStream_Events() {
	model := open(bluesky())

	for ev, err := range model.Stream(context.Background(), llm.Prompt("Why is the sky blue?")).Events() {
		if err != nil {
			log.Fatal(err)
		}
		switch ev.Type {
		case llm.EventReasoning:
			fmt.Printf("(%s)", ev.Text)
		case llm.EventText:
			fmt.Printf("[%s]", ev.Text)
		case llm.EventDone:
			fmt.Println()
			fmt.Println(ev.Detail.(*llm.Done).FinishReason)
		}
	}
	// Output:
	// (Sunlight, air … )(Rayleigh.)[Air scatters ][blue light ][the most.]
	// stop
}

// Run a tool that the model calls, and send the result.
func ExampleToolResults() {
	model := open(weather(), report())

	req := llm.Prompt("What is the weather in Oslo?")
	req.Tools = []llm.Tool{{
		Name:        "weather",
		Description: "The weather in a city, now.",
		Parameters:  json.RawMessage(`{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}`),
	}}
	for {
		resp, err := model.Generate(context.Background(), req)
		if err != nil {
			log.Fatal(err)
		}
		calls := resp.ToolCalls()
		if len(calls) == 0 {
			fmt.Println(resp.Text())
			return
		}
		var results []llm.ToolResult
		for _, call := range calls {
			var args struct{ City string }
			if err := json.Unmarshal([]byte(call.Arguments), &args); err != nil {
				log.Fatal(err)
			}
			fmt.Printf("%s(%s)\n", call.Name, args.City)
			results = append(results, llm.ToolResult{CallID: call.ID, Name: call.Name, Content: "snow, -4 °C"})
		}
		req.Messages = append(req.Messages, resp.Messages...)
		req.Messages = append(req.Messages, llm.ToolResults(results...))
	}
	// Output:
	// weather(Oslo)
	// It snows in Oslo.
}

// Handle errors by their kind, and use the partial answer.
func ExampleError() {
	model := open(
		failing(&llm.Error{Kind: llm.RateLimited, Status: 429, Message: "Too many requests", RetryAfter: 20 * time.Second}),
		failing(&llm.Error{Kind: llm.Incomplete, Message: "the connection closed"}, text("Air scatters ")),
	)
	for range 2 {
		_, err := model.Generate(context.Background(), llm.Prompt("Why is the sky blue?"))
		e, _ := errors.AsType[*llm.Error](err)
		switch {
		case errors.Is(err, llm.RateLimited):
			fmt.Println("wait for", e.RetryAfter)
		case errors.Is(err, llm.Incomplete):
			fmt.Printf("only this arrived: %q\n", e.Partial.Text())
		}
		fmt.Println(err)
	}
	// Output:
	// wait for 20s
	// parley: fake/demo: rate limited (429): Too many requests; retry in 20s
	// only this arrived: "Air scatters "
	// parley: fake/demo: incomplete reply: the connection closed
}

// Store a conversation as JSON, and continue it with any provider.
func ExampleMessage_MarshalJSON() {
	history := []llm.Message{
		llm.User("What is this?", llm.Image{MediaType: "image/png", URL: "https://example.com/cat.png"}),
		llm.Assistant("A cat."),
	}
	stored, err := json.MarshalIndent(history, "", "  ")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(stored))

	var restored []llm.Message
	if err := json.Unmarshal(stored, &restored); err != nil {
		log.Fatal(err)
	}
	fmt.Println(restored[1].Role, "said:", restored[1].Text())
	// Output:
	// [
	//   {
	//     "version": 1,
	//     "role": "user",
	//     "parts": [
	//       {
	//         "type": "text",
	//         "text": "What is this?"
	//       },
	//       {
	//         "type": "image",
	//         "mediaType": "image/png",
	//         "url": "https://example.com/cat.png"
	//       }
	//     ]
	//   },
	//   {
	//     "version": 1,
	//     "role": "assistant",
	//     "parts": [
	//       {
	//         "type": "text",
	//         "text": "A cat."
	//       }
	//     ]
	//   }
	// ]
	// assistant said: A cat.
}

// Middleware is a function around a handler, or a type with a Wrap method. This one adds
// up the usage of all calls of a model.
func ExampleMiddlewareFunc() {
	spent := make(chan llm.Usage, 10) // many goroutines may make calls
	meter := llm.MiddlewareFunc(func(next llm.Handler) llm.Handler {
		return func(ctx context.Context, call *llm.Call) llm.Events {
			return func(yield func(llm.Event, error) bool) {
				for ev, err := range next(ctx, call) {
					if done, ok := ev.Detail.(*llm.Done); ok {
						spent <- done.Usage
					}
					if !yield(ev, err) {
						return
					}
				}
			}
		}
	})
	model := open(bluesky(), report()).With(llm.WithMiddleware(meter))

	for _, question := range []string{"Why is the sky blue?", "What is the weather in Oslo?"} {
		if _, err := model.Generate(context.Background(), llm.Prompt(question)); err != nil {
			log.Fatal(err)
		}
	}
	total := <-spent
	total = total.Add(<-spent)
	fmt.Println(total)
	// Output:
	// 10 in, 4 out
}

// WithMiddleware adds inside the middleware that a model has, WithOuterMiddleware outside.
func ExampleWithOuterMiddleware() {
	named := func(name string) llm.Middleware {
		return llm.MiddlewareFunc(func(next llm.Handler) llm.Handler {
			return func(ctx context.Context, call *llm.Call) llm.Events {
				return func(yield func(llm.Event, error) bool) {
					fmt.Println(name)
					next(ctx, call)(yield)
				}
			}
		})
	}
	model := open(bluesky()).With(llm.WithMiddleware(named("retry"), named("limit")))
	model = model.With(llm.WithMiddleware(named("one try")), llm.WithOuterMiddleware(named("telemetry")))

	if _, err := model.Generate(context.Background(), llm.Prompt("Why is the sky blue?")); err != nil {
		log.Fatal(err)
	}
	// Output:
	// telemetry
	// retry
	// limit
	// one try
}

// Set a system message and default settings for a model. Settings of a request take precedence.
func ExampleWithDefaults() {
	model := llm.New(parrot{}, "grey", llm.WithDefaults(llm.Request{
		Messages:  []llm.Message{llm.System("Repeat what you hear.")},
		MaxTokens: 100,
	}))
	resp, err := model.Generate(context.Background(), llm.Prompt("Hello!"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(resp.Text())
	// Output:
	// Hello!
}
