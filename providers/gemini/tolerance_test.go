package gemini_test

import (
	"strings"
	"testing"

	"github.com/parley-llm/parley/llm"
)

func TestNeededMembersThatCannotBeReadAreErrors(t *testing.T) {
	for members, want := range map[string]string{
		`"content":"Hi"`:                                                 "content: expected an object, found a string",
		`"content":["Hi"]`:                                               "content: expected an object, found an array",
		`"content":{"parts":"Hi"}`:                                       "parts: expected an array, found a string",
		`"content":{"parts":{"text":"Hi"}}`:                              "parts: expected an array, found an object",
		`"content":{"parts":["Hi"]}`:                                     "an element of parts: expected an object, found a string",
		`"content":{"parts":[5]}`:                                        "an element of parts: expected an object, found a number",
		`"content":{"parts":[{"text":["Hi"]}]}`:                          "text: expected a string, found an array",
		`"content":{"parts":[{"functionCall":"f"}]}`:                     "functionCall: expected an object, found a string",
		`"content":{"parts":[{"functionCall":{"name":["f"]}}]}`:          "name: expected a string, found an array",
		`"content":{"parts":[{"functionCall":{"name":"f","args":5}}]}`:   "args: expected a string, found a number",
		`"content":{"parts":[{"functionCall":{"name":"f","args":[5]}}]}`: "args: expected a string, found an array",
		`"content":{"parts":[{"text":"Hi"}]},"finishReason":["STOP"]`:    "finishReason: expected a string, found an array",
	} {
		if !strings.Contains(members, "finishReason") {
			members += `,"finishReason":"STOP"`
		}
		_, err := ask(t, serve(t, streams(`{"candidates":[{`+members+`}]}`)), llm.Prompt("hi"))
		if llm.KindOf(err) != llm.Protocol || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", members, err, want)
		}
	}
}

func TestOddMembersDoNotCostTheAnswer(t *testing.T) {
	for _, members := range []string{
		`"content":{"parts":[{"text":"Hi"},{},null,""]}`, `"content":{"parts":[{"text":"Hi","functionCall":{}}],"role":7}`,
		`"content":{"parts":[{"text":"Hi","functionCall":""}]}`, `"content":{"parts":[{"text":"Hi","thought":{}}]}`,
		`"content":{"parts":[{"text":"Hi"}]},"groundingMetadata":[],"citationMetadata":"","logprobsResult":0`,
	} {
		got := mustAsk(t, serve(t, streams(`{"candidates":[{`+members+`,"finishReason":"STOP"}]}`)), llm.Prompt("hi"))
		if got.Text() != "Hi" || got.FinishReason != llm.FinishStop {
			t.Errorf("%s: %+v", members, got)
		}
	}
}
