// Command provider shows how to write a provider. The provider is ELIZA, a program of 1966 that
// needs no server. A provider has a name and one method. After registration, it works with all
// features of Parley: config files, middleware, and streams.
//
//	go run ./examples/provider I need a holiday
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"regexp"
	"strings"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers"
)

func init() {
	providers.Register("eliza", providers.Driver{New: func(providers.Config) (llm.Provider, error) { return eliza{}, nil }})
}

// eliza is the provider. Providers must be safe for concurrent use. This one has no state.
type eliza struct{}

// Name returns "eliza".
func (eliza) Name() string { return "eliza" }

// Do answers a chat. It emits each word as an event.
func (e eliza) Do(ctx context.Context, call *llm.Call) llm.Events {
	return func(yield func(llm.Event, error) bool) {
		if call.Op != llm.OpChat {
			yield(llm.Event{}, unsupported(call, "Eliza supports only chats"))
			return
		}
		if len(call.Request.Tools) > 0 { // an unsupported setting is a warning or an error
			const text = "Eliza does not support tools"
			if call.Request.FailOnUnsupported {
				yield(llm.Event{}, unsupported(call, text))
				return
			}
			if !yield(llm.Event{Type: llm.EventWarning, Detail: &llm.Warning{Code: llm.WarnUnsupported, Setting: "Tools", Message: text}}, nil) {
				return
			}
		}
		said := call.Request.Messages[len(call.Request.Messages)-1].Text()
		words := strings.SplitAfter(reply(said), " ")
		for _, word := range words {
			if err := llm.FromContext(ctx); err != nil { // canceled, or out of time
				yield(llm.Event{}, err)
				return
			}
			if !yield(llm.Event{Type: llm.EventText, Text: word}, nil) {
				return // the caller has left the loop: release all resources
			}
		}
		// Without EventDone, the answer is incomplete.
		yield(llm.Event{Type: llm.EventDone, Detail: &llm.Done{
			FinishReason: llm.FinishStop,
			Usage:        llm.Usage{Input: llm.Known(len(strings.Fields(said))), Output: llm.Known(len(words))},
		}}, nil)
	}
}

// unsupported returns an error that names the call, for middleware and logs.
func unsupported(call *llm.Call, text string) error {
	return &llm.Error{Kind: llm.Unsupported, Provider: call.Provider, Model: call.Model, Op: call.Op, Message: text}
}

// rules are the patterns of messages, and the replies.
var rules = []struct {
	said  *regexp.Regexp
	reply string
}{
	{regexp.MustCompile(`(?i)^i need (.*)`), "Why do you need $1?"},
	{regexp.MustCompile(`(?i)^i am (.*)`), "How long have you been $1?"},
	{regexp.MustCompile(`(?i)\b(mother|father)\b`), "Tell me more of your family."},
}

// reply returns the reply of the first matching rule.
func reply(said string) string {
	said = strings.TrimRight(said, " .!?")
	for _, rule := range rules {
		if at := rule.said.FindStringSubmatchIndex(said); at != nil {
			return string(rule.said.ExpandString(nil, rule.reply, said, at))
		}
	}
	return "Please go on."
}

func main() {
	model, err := providers.Open("eliza/1966")
	if err != nil {
		log.Fatal(err)
	}
	for text, err := range model.Stream(context.Background(), llm.Prompt(strings.Join(os.Args[1:], " "))).Text() {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Print(text)
	}
	fmt.Println()
}
