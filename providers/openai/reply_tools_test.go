package openai_test

import (
	"strings"
	"testing"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/openai"
)

// calls is a chunk with these fragments of tool calls.
func calls(fragments ...string) string {
	return chunk(`"tool_calls":[` + strings.Join(fragments, ",") + `]`)
}

func TestToolCallsInEveryShapeThatServersSend(t *testing.T) {
	f := llm.ToolCall{ID: "a", Name: "f", Arguments: `{"x":1}`}
	g := llm.ToolCall{ID: "b", Name: "g", Arguments: `{"y":2}`}
	for _, tt := range []struct {
		name string
		data []string
		want []llm.ToolCall
	}{
		{"OpenAI's: id and name first, arguments in pieces", []string{
			calls(`{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":""}}`),
			calls(`{"index":0,"function":{"arguments":"{\"x"}}`), calls(`{"index":0,"function":{"arguments":"\":"}}`), calls(`{"index":0,"function":{"arguments":"1}"}}`),
			calls(`{"index":1,"id":"b","type":"function","function":{"name":"g","arguments":""}}`),
			calls(`{"index":1,"function":{"arguments":"{\"y\""}}`), calls(`{"index":1,"function":{"arguments":":2}"}}`),
		}, []llm.ToolCall{f, g}},
		{"whole, in one chunk", []string{
			calls(`{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\":1}"}}`, `{"index":1,"id":"b","function":{"name":"g","arguments":"{\"y\":2}"}}`),
		}, []llm.ToolCall{f, g}},
		{"interleaved by index", []string{
			calls(`{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x"}}`, `{"index":1,"id":"b","function":{"name":"g","arguments":"{\"y"}}`),
			calls(`{"index":1,"function":{"arguments":"\":2"}}`), calls(`{"index":0,"function":{"arguments":"\":1"}}`),
			calls(`{"index":0,"function":{"arguments":"}"}}`, `{"index":1,"function":{"arguments":"}"}}`),
		}, []llm.ToolCall{f, g}},
		{"the same index with a new id", []string{
			calls(`{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\":1}"}}`), calls(`{"index":0,"id":"b","function":{"name":"g","arguments":"{\"y\":2}"}}`),
		}, []llm.ToolCall{f, g}},
		{"the id in every fragment", []string{
			calls(`{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\""}}`), calls(`{"index":0,"id":"a","function":{"arguments":":1}"}}`),
		}, []llm.ToolCall{f}},
		{"id and name in every fragment", []string{
			calls(`{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\""}}`), calls(`{"index":0,"id":"a","function":{"name":"f","arguments":":1}"}}`),
		}, []llm.ToolCall{f}},
		{"an empty id in later fragments", []string{
			calls(`{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\""}}`), calls(`{"index":0,"id":"","function":{"name":"","arguments":":1}"}}`),
		}, []llm.ToolCall{f}},
		{"null for what a fragment does not have", []string{
			calls(`{"index":0,"id":"a","function":{"name":"f","arguments":null}}`), calls(`{"index":0,"id":null,"function":{"name":null,"arguments":"{\"x\":1}"}}`),
		}, []llm.ToolCall{f}},
		{"no index, one call", []string{
			calls(`{"id":"a","function":{"name":"f","arguments":"{\"x\""}}`), calls(`{"function":{"arguments":":1}"}}`),
		}, []llm.ToolCall{f}},
		{"no index, told apart by id", []string{
			calls(`{"id":"a","function":{"name":"f","arguments":"{\"x\":1}"}}`, `{"id":"b","function":{"name":"g","arguments":"{\"y\""}}`),
			calls(`{"id":"b","function":{"arguments":":2}"}}`),
		}, []llm.ToolCall{f, g}},
		{"the name in pieces", []string{
			calls(`{"index":0,"id":"a","function":{"name":"get_","arguments":""}}`), calls(`{"index":0,"function":{"name":"weather"}}`), calls(`{"index":0,"function":{"arguments":"{}"}}`),
		}, []llm.ToolCall{{ID: "a", Name: "get_weather", Arguments: "{}"}}},
		{"no id at all", []string{
			calls(`{"index":0,"function":{"name":"f","arguments":"{\"x\":1}"}}`),
		}, []llm.ToolCall{{Name: "f", Arguments: `{"x":1}`}}},
		{"no arguments, which are not invented", []string{
			calls(`{"index":0,"id":"a","function":{"name":"f","arguments":""}}`),
		}, []llm.ToolCall{{ID: "a", Name: "f"}}},
		{"arguments that are not JSON", []string{
			calls(`{"index":0,"id":"a","function":{"name":"f","arguments":"{x=1"}}`),
		}, []llm.ToolCall{{ID: "a", Name: "f", Arguments: "{x=1"}}},
		{"arguments that are an object", []string{
			calls(`{"index":0,"id":"a","function":{"name":"f","arguments":{"x":1}}}`),
		}, []llm.ToolCall{f}},
		{"a function call, as they were before there were several", []string{
			chunk(`"content":null,"function_call":{"name":"f","arguments":""}`), chunk(`"function_call":{"arguments":"{\"x\""}`), chunk(`"function_call":{"arguments":":1}"}`),
		}, []llm.ToolCall{{Name: "f", Arguments: `{"x":1}`}}},
		{"text before and between", []string{
			text("let me"), calls(`{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\""}}`), text("…"), calls(`{"index":0,"function":{"arguments":":1}"}}`),
		}, []llm.ToolCall{f}},
		{"many pieces, which are recognised by their shape", append([]string{
			calls(`{"index":3,"id":"a","function":{"name":"f","arguments":""}}`),
		}, pieces(3, strings.Repeat("0123456789", 20))...), []llm.ToolCall{{ID: "a", Name: "f", Arguments: strings.Repeat("0123456789", 20)}}},
		{"many pieces of two calls in turn", append(append([]string{
			calls(`{"index":0,"id":"a","function":{"name":"f","arguments":""}}`, `{"index":1,"id":"b","function":{"name":"g","arguments":""}}`),
		}, pieces(0, "abcdefghij")...), pieces(1, "klmnopqrst")...), []llm.ToolCall{{ID: "a", Name: "f", Arguments: "abcdefghij"}, {ID: "b", Name: "g", Arguments: "klmnopqrst"}}},
	} {
		for _, reason := range []string{"tool_calls", "stop"} { // not every server tells the two apart
			t.Run(tt.name+", "+reason, func(t *testing.T) {
				resp := answer(t, model(t, openai.Config{}, streams(events(append(tt.data, finish(reason), usage, done)...))), llm.Prompt("hi"))
				equal(t, "tool calls", resp.ToolCalls(), tt.want)
				equal(t, "incomplete calls", resp.IncompleteCalls, []llm.ToolCall(nil))
				equal(t, "finish reason", resp.FinishReason, llm.FinishToolCalls)
				equal(t, "raw finish reason", resp.RawFinishReason, reason)
			})
		}
	}
}

// pieces are chunks with the arguments, letter by letter.
func pieces(index int, arguments string) []string {
	var data []string
	for _, c := range arguments {
		data = append(data, calls(`{"index":`+string(rune('0'+index))+`,"function":{"arguments":`+quote(string(c))+`}}`))
	}
	return data
}

func TestToolCallEvents(t *testing.T) {
	m := model(t, openai.Config{}, streams(events(
		calls(`{"index":0,"id":"a","function":{"name":"f","arguments":""}}`), calls(`{"index":0,"function":{"arguments":"{\"x\""}}`),
		calls(`{"index":0,"function":{"arguments":":1}"}}`), finish("tool_calls"), usage, done)))
	var got []llm.Event
	for ev, err := range m.Stream(t.Context(), llm.Prompt("hi")).Events() {
		if err != nil {
			t.Fatal(err)
		}
		if ev.Type != llm.EventStart && ev.Type != llm.EventDone {
			got = append(got, ev)
		}
	}
	equal(t, "events", got, []llm.Event{
		{Type: llm.EventToolCallStart, Detail: &llm.ToolCall{ID: "a", Name: "f"}},
		{Type: llm.EventToolCallDelta, Text: `{"x"`},
		{Type: llm.EventToolCallDelta, Text: `:1}`},
		{Type: llm.EventToolCallEnd, Detail: &llm.ToolCall{ID: "a", Name: "f", Arguments: `{"x":1}`}},
	})
}

func TestCallCutByALimitIsNotHandedOutAsComplete(t *testing.T) {
	for _, reason := range []string{"length", "content_filter"} {
		t.Run(reason, func(t *testing.T) {
			m := model(t, openai.Config{}, streams(events(
				calls(`{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\":1}"}}`),
				calls(`{"index":1,"id":"b","function":{"name":"g","arguments":"{\"y\":"}}`), finish(reason), usage, done)))
			resp := answer(t, m, llm.Prompt("hi"))
			equal(t, "complete calls", resp.ToolCalls(), []llm.ToolCall{{ID: "a", Name: "f", Arguments: `{"x":1}`}})
			equal(t, "incomplete calls", resp.IncompleteCalls, []llm.ToolCall{{ID: "b", Name: "g", Arguments: `{"y":`}})
			equal(t, "raw finish reason", resp.RawFinishReason, reason)
		})
	}
}
