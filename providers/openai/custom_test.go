package openai_test

import (
	"testing"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/openai"
)

// TestCustomTools sends custom tools, reads a call of one and sends it back with its result.
// https://platform.openai.com/docs/guides/function-calling#custom-tools
func TestCustomTools(t *testing.T) {
	tools := []llm.Tool{
		{Name: "sh", Description: "Runs a command.", Custom: &llm.CustomInput{}},
		{Name: "sum", Custom: &llm.CustomInput{Syntax: "lark", Grammar: "start: INT"}},
		{Name: "f", Parameters: []byte(`{"type":"object"}`)},
	}
	req := &llm.Request{Messages: []llm.Message{llm.User("hi")}, Tools: tools, ToolChoice: llm.ToolChoice{Mode: llm.ToolNamed, Name: "sh"}}
	body := fromJSON(t, capture(t, openai.Config{}, "m", req).Body).(map[string]any)
	equal(t, "the tools", body["tools"], fromJSON(t, `[{"type":"custom","custom":{"name":"sh","description":"Runs a command."}},
		{"type":"custom","custom":{"name":"sum","format":{"type":"grammar","grammar":{"syntax":"lark","definition":"start: INT"}}}},
		{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}]`))
	equal(t, "the tool choice", body["tool_choice"], fromJSON(t, `{"type":"custom","custom":{"name":"sh"}}`))

	want := []llm.ToolCall{{ID: "c1", Name: "sh", Arguments: `{"a"} ls`, Custom: true}, {ID: "c2", Name: "f", Arguments: "{}"}}
	const whole = `"tool_calls":[{"id":"c1","type":"custom","custom":{"name":"sh","input":"{\"a\"} ls"}},{"id":"c2","type":"function","function":{"name":"f","arguments":"{}"}}]`
	pieces := []string{
		chunk(`"tool_calls":[{"index":0,"id":"c1","type":"custom","custom":{"name":"sh","input":""}}]`),
		chunk(`"tool_calls":[{"index":0,"custom":{"input":"{\"a\"}"}}]`), chunk(`"tool_calls":[{"index":0,"custom":{"input":" ls"}}]`),
		chunk(`"tool_calls":[{"index":1,"id":"c2","type":"function","function":{"name":"f","arguments":"{}"}}]`),
	}
	var last *llm.Response
	for name, reply := range map[string]func() *llm.Response{
		"streamed": func() *llm.Response {
			return answer(t, model(t, openai.Config{}, streams(events(append(pieces, finish("tool_calls"), usage, done)...))), req)
		},
		"whole": func() *llm.Response {
			return answer(t, model(t, openai.Config{}, says(200, "application/json", `{"choices":[{"index":0,"message":{`+whole+`},"finish_reason":"tool_calls"}]`+wholeUsage+`}`)), req)
		},
	} {
		last = reply()
		equal(t, "the calls, "+name, last.ToolCalls(), want)
	}
	cut := answer(t, model(t, openai.Config{}, streams(events(append(pieces[:3:3], finish("length"), usage, done)...))), req)
	equal(t, "the calls of a truncated answer", cut.ToolCalls(), []llm.ToolCall(nil))
	equal(t, "the incomplete calls", cut.IncompleteCalls, want[:1])

	next := &llm.Request{Tools: tools, Messages: append([]llm.Message{llm.User("hi")}, last.Messages[0],
		llm.ToolResults(llm.ToolResult{CallID: "c1", Content: "a.txt"}, llm.ToolResult{CallID: "c2", Content: "1"}))}
	sent := fromJSON(t, capture(t, openai.Config{}, "m", next).Body).(map[string]any)["messages"].([]any)
	equal(t, "the calls that are sent back", sent[1:], fromJSON(t, `[{"role":"assistant",`+whole+`},
		{"role":"tool","tool_call_id":"c1","content":"a.txt"},{"role":"tool","tool_call_id":"c2","content":"1"}]`))
}
