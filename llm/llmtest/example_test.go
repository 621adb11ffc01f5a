package llmtest_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
)

// summarize is the function of a program that the examples test.
func summarize(ctx context.Context, model *llm.Model, text string) (string, error) {
	resp, err := model.Generate(ctx, &llm.Request{
		Messages:  []llm.Message{llm.System("Summarize in one sentence."), llm.User(text)},
		MaxTokens: 100,
	})
	if err != nil {
		return "", fmt.Errorf("no summary: %w", err)
	}
	return strings.TrimSpace(resp.Text()), nil
}

// Test a function with a scripted answer, and check its request.
func Example() {
	p := llmtest.New(llmtest.Text("  It is ", "short.\n"))
	summary, err := summarize(context.Background(), p.Model(), "A long text.")

	fmt.Printf("%q, error: %v\n", summary, err)
	asked := p.Calls()[0].Request
	fmt.Println("asked:", asked.Messages[1].Text(), "with at most", asked.MaxTokens, "tokens")
	// Output:
	// "It is short.", error: <nil>
	// asked: A long text. with at most 100 tokens
}

// Each call gets the next reply: a tool call, an error, an answer.
func ExampleNew() {
	model := llmtest.New(
		llmtest.Reasoning("I need the weather.").ToolCall("get_weather", `{"city":"Paris"}`),
		llmtest.Error(&llm.Error{Kind: llm.RateLimited, RetryAfter: 20 * time.Second}),
		llmtest.Text("Sunny.").Usage(120, 3),
	).Model()

	ctx, req := context.Background(), llm.Prompt("How is the weather in Paris?")
	for range 3 {
		resp, err := model.Generate(ctx, req)
		if err != nil {
			fmt.Println(err)
			continue
		}
		for _, call := range resp.ToolCalls() {
			fmt.Println(call.Name, call.Arguments)
		}
		fmt.Println(resp.FinishReason, resp.Text(), resp.Usage)
	}
	// Output:
	// get_weather {"city":"Paris"}
	// tool_calls  unknown in, unknown out
	// parley: llmtest/scripted: rate limited; retry in 20s
	// stop Sunny. 120 in, 3 out
}

// A stream that is cut has a part of the text, and then an error.
func ExampleReply_CutAfter() {
	model := llmtest.New(llmtest.Text("Once", " upon", " a time").CutAfter(2, nil)).Model()

	s := model.Stream(context.Background(), llm.Prompt("Tell me a story."))
	for text, err := range s.Text() {
		if err != nil {
			fmt.Println("\nincomplete:", errors.Is(err, llm.Incomplete))
			break
		}
		fmt.Print(text)
	}
	// Output:
	// Once upon
	// incomplete: true
}

// A provider without a script repeats the last message.
func ExampleEcho() {
	resp, err := llmtest.New().Model().Generate(context.Background(), llm.Prompt("Polly wants a cracker."))
	fmt.Println(resp.Text(), err)
	// Output: Polly wants a cracker. <nil>
}

// Compute the answer from the call.
func ExampleFunc() {
	shout := llmtest.Always(llmtest.Func(func(ctx context.Context, call *llm.Call) llm.Events {
		said := call.Request.Messages[0].Text()
		return llmtest.New(llmtest.Text(strings.ToUpper(said))).Do(ctx, call)
	}))
	for _, question := range []string{"hello", "bye"} {
		resp, err := shout.Model().Generate(context.Background(), llm.Prompt(question))
		fmt.Println(resp.Text(), err)
	}
	// Output:
	// HELLO <nil>
	// BYE <nil>
}
