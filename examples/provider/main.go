// Command provider shows a provider of one's own: ELIZA, who needs no server. A provider is a name and
// one method, and once it is registered, all that Parley has works with it.
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

// eliza is the provider. It has no state, so any number of goroutines may use it at once, as all
// providers must allow.
type eliza struct{}

// Name returns "eliza".
func (eliza) Name() string { return "eliza" }

// Do answers a chat, word by word.
func (e eliza) Do(ctx context.Context, call *llm.Call) llm.Events {
	return func(yield func(llm.Event, error) bool) {
		if call.Op != llm.OpChat {
			yield(llm.Event{}, unsupported(call, "Eliza only talks"))
			return
		}
		if len(call.Request.Tools) > 0 { // what cannot be honoured is said, and not left out in silence
			const text = "Eliza uses no tools"
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
			if err := llm.FromContext(ctx); err != nil { // the caller has had enough
				yield(llm.Event{}, err)
				return
			}
			if !yield(llm.Event{Type: llm.EventText, Text: word}, nil) {
				return // the caller has left the loop: there must be nothing left of the call
			}
		}
		// Only this makes the answer complete.
		yield(llm.Event{Type: llm.EventDone, Detail: &llm.Done{
			FinishReason: llm.FinishStop,
			Usage:        llm.Usage{Input: llm.Known(len(strings.Fields(said))), Output: llm.Known(len(words))},
		}}, nil)
	}
}

// unsupported names the call that failed, for the middleware that sees the error on its way.
func unsupported(call *llm.Call, text string) error {
	return &llm.Error{Kind: llm.Unsupported, Provider: call.Provider, Model: call.Model, Op: call.Op, Message: text}
}

var rules = []struct {
	said  *regexp.Regexp
	reply string
}{
	{regexp.MustCompile(`(?i)^i need (.*)`), "Why do you need $1?"},
	{regexp.MustCompile(`(?i)^i am (.*)`), "How long have you been $1?"},
	{regexp.MustCompile(`(?i)\b(mother|father)\b`), "Tell me more of your family."},
}

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
