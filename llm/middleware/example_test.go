package middleware_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"os"
	"time"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
	"github.com/parley-llm/parley/llm/middleware"
)

// The models of these examples are scripted. A program uses for example
// providers.Open("openai/gpt-6-luna").

// say sends a request and prints the answer.
func say(model *llm.Model, req *llm.Request) {
	resp, err := model.Generate(context.Background(), req)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(resp.Text())
}

var busy = llmtest.Error(&llm.Error{Kind: llm.Overloaded, Message: "try later"})

// Repeat calls that fail before the caller has seen content.
func ExampleRetry() {
	retry := &middleware.Retry{MinBackoff: time.Millisecond}
	model := llmtest.New(busy, llmtest.Text("Hello")).Model(llm.WithMiddleware(retry))

	resp, err := model.Generate(context.Background(), llm.Prompt("Hi"))
	if err != nil {
		log.Fatal(err)
	}
	for _, attempt := range resp.Attempts {
		fmt.Println(attempt.Model, attempt.Err)
	}
	// Output:
	// scripted parley: llmtest/scripted: overloaded: try later
	// scripted <nil>
}

// Limit the time until the first content.
func ExampleTimeout() {
	limits := &middleware.Timeout{FirstEvent: 10 * time.Millisecond}
	model := llmtest.New(llmtest.Text("Hello").Wait(time.Minute)).Model(llm.WithMiddleware(limits))
	say(model, llm.Prompt("Hi"))
	// Output:
	// parley: llmtest/scripted: timed out: time limit for the first content exceeded (FirstEvent is 10ms)
}

// Ask another model if the first one cannot answer.
func ExampleFallback() {
	larger := llmtest.New(llmtest.Text("Hello")).Model(llm.WithName("larger"))
	fallback := &middleware.Fallback{To: []middleware.FallbackTarget{
		{Model: larger, On: []llm.Kind{llm.ContextLength}},
	}}
	tooLong := llmtest.Error(&llm.Error{Kind: llm.ContextLength})
	model := llmtest.New(tooLong).Model(llm.WithMiddleware(fallback))

	resp, err := model.Generate(context.Background(), llm.Prompt("a long story"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(resp.Text(), resp.Warnings)
	// Output:
	// Hello [llmtest/larger answered instead of llmtest/scripted (context length exceeded)]
}

// Distribute calls over equivalent hosts.
func ExampleBalance() {
	first := llmtest.Always(llmtest.Text("the first")).Model()
	second := llmtest.Always(llmtest.Text("the second")).Model()
	balance := &middleware.Balance{Over: []middleware.Backend{
		{Model: first, Weight: 2}, {Model: second},
	}}
	model := llmtest.New().Model(llm.WithMiddleware(balance))
	for range 3 {
		say(model, llm.Prompt("Who are you?"))
	}
	// Output:
	// the first
	// the second
	// the first
}

// Use several keys of one provider.
func ExampleKeys() {
	keys := &middleware.Keys{Keys: []llm.Secret{"key-1", "key-2"}}
	// In a program: providers.Config{TokenSource: keys.Token}.Open(name, llm.WithMiddleware(keys))
	p := llmtest.Always(llmtest.Func(func(ctx context.Context, call *llm.Call) llm.Events {
		key, err := keys.Token(ctx)
		if err != nil {
			return llmtest.New(llmtest.Error(err)).Do(ctx, call)
		}
		return llmtest.New(llmtest.Text("asked with "+key)).Do(ctx, call)
	}))
	model := p.Model(llm.WithMiddleware(keys))
	say(model, llm.Prompt("Hi"))
	say(model, llm.Prompt("Hi"))
	// Output:
	// asked with key-1
	// asked with key-2
}

// Send a second request if the first answer is slow.
func ExampleHedge() {
	hedge := &middleware.Hedge{Initial: time.Millisecond, MaxShare: 1}
	model := llmtest.New(llmtest.Text("slow").Wait(time.Minute), llmtest.Text("fast")).Model(llm.WithMiddleware(hedge))
	say(model, llm.Prompt("Hi"))
	// Output:
	// fast
}

// Stop calls to a server that keeps failing.
func ExampleBreaker() {
	breaker := &middleware.Breaker{Failures: 2}
	p := llmtest.Always(busy)
	model := p.Model(llm.WithMiddleware(breaker))
	for range 5 {
		if _, err := model.Generate(context.Background(), llm.Prompt("Hi")); !errors.Is(err, llm.Overloaded) {
			log.Fatal(err)
		}
	}
	fmt.Println(breaker.State("llmtest", "scripted"), "after", len(p.Calls()), "calls")
	// Output:
	// open after 2 calls
}

// Stay below the rate limit of a provider.
func ExampleRateLimit() {
	limit := &middleware.RateLimit{Requests: 6, RequestBurst: 1, MaxWait: time.Second}
	model := llmtest.Always(llmtest.Text("Hello")).Model(llm.WithMiddleware(limit))
	say(model, llm.Prompt("Hi"))
	_, err := model.Generate(context.Background(), llm.Prompt("Hi"))
	fmt.Println(errors.Is(err, llm.RateLimited))
	// Output:
	// Hello
	// true
}

// Limit the concurrent calls to a local model.
func ExampleConcurrency() {
	limit := &middleware.Concurrency{Max: 2}
	model := llmtest.New(llmtest.Text("Hello")).Model(llm.WithMiddleware(limit))
	say(model, llm.Prompt("Hi"))
	// Output:
	// Hello
}

// Limit the spending of a process.
func ExampleBudget() {
	budget := &middleware.Budget{
		PerProcess: 1,
		Prices: func(provider, model string) (llm.Prices, bool) { // a program uses the catalog
			return llm.Prices{Input: 2.5, Output: 10}, true
		},
	}
	model := llmtest.New(llmtest.Count(900), llmtest.Text("Hello").Usage(1000, 500)).Model(llm.WithMiddleware(budget))
	say(model, llm.Prompt("Hi"))
	dollars, err := budget.Process(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("$%.4f\n", dollars)
	// Output:
	// Hello
	// $0.0075
}

// Answer identical calls from memory.
func ExampleCache() {
	cache := &middleware.Cache{TTL: time.Hour}
	model := llmtest.New(llmtest.Text("Hello")).Model(llm.WithMiddleware(cache))
	req := llm.Prompt("Hi")
	req.Temperature = new(0.0) // by default, only calls with temperature 0 are cached
	say(model, req)
	say(model, req)
	fmt.Printf("%+v\n", cache.Stats())
	// Output:
	// Hello
	// Hello
	// {Hits:1 Misses:1 Shared:0}
}

// Continue an answer that was interrupted, after the text that was delivered.
func ExampleResume() {
	resume := &middleware.Resume{Continue: []string{"llmtest"}} // for Ollama: "ollama"
	broken := llmtest.Text("Once upon ", "a time").CutAfter(1, nil)
	model := llmtest.New(broken, llmtest.Text("a time")).Model(llm.WithMiddleware(resume))
	for text, err := range model.Stream(context.Background(), llm.Prompt("A story, please.")).Text() {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Print(text)
	}
	// Output:
	// Once upon a time
}

// Log calls without their content.
func ExampleLog() {
	handler := slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == "time" || a.Value.Kind() == slog.KindDuration { // so that the output is always the same
			return slog.Attr{}
		}
		return a
	}})
	logging := &middleware.Log{Logger: slog.New(handler)}
	model := llmtest.New(llmtest.Text("Hello").Usage(9, 1)).Model(llm.WithMiddleware(logging))
	say(model, llm.Prompt("Hi"))
	// Output:
	// level=INFO msg="llm call" op=chat provider=llmtest model=scripted outcome=done pieces=1 response_id=reply_1 finish=stop input=9 output=1
	// Hello
}

// Remove the oldest turns of a conversation that is too long.
func ExampleTrim() {
	trim := &middleware.Trim{
		ContextWindow: 60, EstimatedOutputTokens: 20,
		Count: func(_ context.Context, call *llm.Call) (int, error) { return 10 * len(call.Request.Messages), nil },
	}
	model := llmtest.New(llmtest.Text("Hello")).Model(llm.WithMiddleware(trim))
	resp, err := model.Generate(context.Background(), &llm.Request{Messages: []llm.Message{
		llm.System("Be kind."),
		llm.User("First."), llm.Assistant("One."),
		llm.User("Second."), llm.Assistant("Two."),
		llm.User("Third."),
	}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(resp.Warnings)
	// Output:
	// [Messages: the oldest 2 of 6 messages were removed, so that the rest fits into 40 tokens]
}

// Combine several pieces in the recommended order.
func ExampleChain() {
	chain := middleware.Recommended()
	chain.Timeout = &middleware.Timeout{FirstEvent: time.Minute, Total: 5 * time.Minute}
	chain.Concurrency = &middleware.Concurrency{Max: 16}
	model := llmtest.New(llmtest.Text("Hello")).Model(llm.WithMiddleware(chain))
	say(model, llm.Prompt("Hi"))
	// Output:
	// Hello
}
