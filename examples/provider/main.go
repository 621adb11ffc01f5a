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
	"github.com/parley-llm/parley/llm/llmutil"
	"github.com/parley-llm/parley/providers"
)

func init() {
	providers.Register("eliza", providers.Driver{New: func(providers.Config) (llm.Provider, error) { return eliza{}, nil }})
}

// eliza is the provider. It has no state, so it is safe for concurrent use, as all providers must be.
type eliza struct{}

// Name returns "eliza".
func (eliza) Name() string { return "eliza" }

// Do answers chats. Dispatch refuses all other operations, because eliza has no methods for them.
func (e eliza) Do(ctx context.Context, call *llm.Call) llm.Events {
	return llmutil.Dispatch(ctx, call, e)
}

// Chat answers a chat, word by word. Dispatch passes the error that it returns to the caller.
func (eliza) Chat(ctx context.Context, call *llm.Call, yield func(llm.Event, error) bool) error {
	if len(call.Request.Tools) > 0 { // report a setting that is not supported
		const text = "Eliza does not support tools"
		if call.Request.FailOnUnsupported {
			return llm.Errorf(llm.Unsupported, text)
		}
		if !yield(llm.Event{Type: llm.EventWarning, Detail: &llm.Warning{Code: llm.WarnUnsupported, Setting: "Tools", Message: text}}, nil) {
			return nil
		}
	}
	said := call.Request.Messages[len(call.Request.Messages)-1].Text()
	words := strings.SplitAfter(reply(said), " ")
	for _, word := range words {
		if err := llm.FromContext(ctx); err != nil { // the caller canceled
			return err
		}
		if !yield(llm.Event{Type: llm.EventText, Text: word}, nil) {
			return nil // the caller stopped reading
		}
	}
	// Only this event makes the answer complete.
	yield(llm.Event{Type: llm.EventDone, Detail: &llm.Done{
		FinishReason: llm.FinishStop,
		Usage:        llm.Usage{Input: llm.Known(len(strings.Fields(said))), Output: llm.Known(len(words))},
	}}, nil)
	return nil
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
