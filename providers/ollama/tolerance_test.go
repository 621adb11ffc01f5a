package ollama_test

import (
	"strings"
	"testing"

	"github.com/parley-llm/parley/llm"
)

func TestNeededMembersThatCannotBeReadAreErrors(t *testing.T) {
	for members, want := range map[string]string{
		`"message":"Hi"`:                                                     "message: expected an object, found a string",
		`"message":{"content":["Hi"]}`:                                       "content: expected a string, found an array",
		`"message":{"content":{"text":"Hi"}}`:                                "content: expected a string, found an object",
		`"message":{"tool_calls":{"a":1}}`:                                   "tool_calls: expected an array, found an object",
		`"message":{"tool_calls":["f"]}`:                                     "an element of tool_calls: expected an object, found a string",
		`"message":{"tool_calls":[{"function":"f"}]}`:                        "function: expected an object, found a string",
		`"message":{"tool_calls":[{"function":{"name":"f","arguments":5}}]}`: "arguments: expected a string, found a number",
		`"message":{"content":"Hi"},"done_reason":["stop"]`:                  "done_reason: expected a string, found an array",
	} {
		for _, done := range []string{"true", "false"} {
			_, err := ask(t, serve(t, streams(`{`+members+`,"done":`+done+`}`, `{"message":{"content":""},"done":true}`)), llm.Prompt("hi"))
			if llm.KindOf(err) != llm.Protocol || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error %v, want %q", members, err, want)
			}
		}
	}
}

func TestOddMembersDoNotCostTheAnswer(t *testing.T) {
	for _, member := range []string{
		`"tool_calls":{}`, `"tool_calls":""`, `"tool_calls":[7]`, `"tool_calls":[]`, `"thinking":{}`, `"thinking":0`, `"images":"x"`,
	} {
		got := mustAsk(t, serve(t, streams(`{"message":{"content":"Hi",`+member+`},"done":true,"done_reason":"stop"}`)), llm.Prompt("hi"))
		if got.Text() != "Hi" || len(got.ToolCalls()) > 0 || got.FinishReason != llm.FinishStop {
			t.Errorf("%s: %+v", member, got)
		}
	}
}
