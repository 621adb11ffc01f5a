package llmutil_test

import (
	"context"
	"fmt"
	"log"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
	"github.com/parley-llm/parley/llm/llmutil"
)

// Retry a call that fails temporarily. ForwardAttempt returns an error only if the caller
// has not seen content. Later errors go to the caller.
func ExampleForwardAttempt() {
	retry := func(tries int) llm.Middleware {
		return llm.MiddlewareFunc(func(next llm.Handler) llm.Handler {
			return func(ctx context.Context, call *llm.Call) llm.Events {
				return func(yield func(llm.Event, error) bool) {
					for try := 1; ; try++ {
						err := llmutil.ForwardAttempt(next(ctx, call), call.Buffered, yield)
						if err == nil {
							return // all events were passed on, or the caller stopped reading
						}
						if try == tries || !llm.KindOf(err).Temporary() {
							yield(llm.Event{}, err)
							return
						}
						failed := &llm.Attempt{Provider: call.Provider, Model: call.Model, Err: err}
						if !yield(llm.Event{Type: llm.EventAttempt, Detail: failed}, nil) {
							return
						}
					}
				}
			}
		})
	}
	p := llmtest.New(llmtest.Error(&llm.Error{Kind: llm.Overloaded, Status: 503}), llmtest.Text("Air scatters blue light the most."))
	model := p.Model(llm.WithMiddleware(retry(3)))

	resp, err := model.Generate(context.Background(), llm.Prompt("Why is the sky blue?"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(resp.Text())
	for _, attempt := range resp.Attempts {
		fmt.Printf("%s/%s: %v\n", attempt.Provider, attempt.Model, attempt.Err)
	}
	// Output:
	// Air scatters blue light the most.
	// llmtest/scripted: parley: llmtest/scripted: overloaded (503)
	// llmtest/scripted: <nil>
}

// A provider passes the fragments that its server sends to an assembler, and gets complete
// events.
func ExampleToolCallAssembler() {
	var calls llmutil.ToolCallAssembler
	yield := func(ev llm.Event, err error) bool {
		fmt.Print(ev.Type, " ", ev.Index)
		if ev.Type == llm.EventToolCallEnd {
			call := ev.Detail.(*llm.ToolCall)
			fmt.Printf(": %s(%s)", call.Name, call.Arguments)
		}
		fmt.Println()
		return true
	}
	for _, f := range []llmutil.ToolCallFragment{
		{Index: 0, ID: "a", Name: "weather"},
		{Index: 0, Arguments: `{"city":`},
		{Index: 1, ID: "b", Name: "time"}, // no arguments: they stay empty
		{Index: 0, Arguments: `"Oslo"}`},
	} {
		if !calls.Add(f, yield) {
			return
		}
	}
	calls.Finish(llm.FinishToolCalls, yield)
	// Output:
	// tool_call_start 0
	// tool_call_delta 0
	// tool_call_delta 0
	// tool_call_end 0: weather({"city":"Oslo"})
	// tool_call_start 1
	// tool_call_end 1: time()
}
