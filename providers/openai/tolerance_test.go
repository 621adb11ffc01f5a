package openai_test

import (
	"strings"
	"testing"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/openai"
)

// oddMembers are members that answers do not need, with values of other types than OpenAI's.
// They stand in place of the words in capitals.
var oddMembers = map[string][]string{
	"TOP": {
		`"id":7`, `"model":[]`, `"object":{}`, `"created":"now"`, `"error":""`, `"error":false`, `"error":{}`, `"error":0`, `"error":[]`, `"x_groq":""`, `"x_groq":[]`,
		`"usage":""`, `"usage":[]`, `"usage":7`, `"usage":{"prompt_tokens":{}}`, `"usage":{"prompt_tokens_details":[],"completion_tokens_details":0}`,
		`"usage":{"prompt_tokens":99999999999999999999}`, `"usage":{"prompt_tokens":1.5}`,
	},
	"CHOICE": {`"index":"0"`, `"index":0.0`, `"logprobs":0`, `"logprobs":false`, `"logprobs":[]`, `"logprobs":{"content":{}}`, `"error":false`},
	"CONTENT": {
		`"role":7`, `"refusal":false`, `"refusal":{}`, `"refusal":0`, `"annotations":{}`, `"annotations":["x"]`, `"annotations":""`, `"images":{}`, `"audio":""`,
		`"reasoning":{}`, `"reasoning":[]`, `"reasoning":false`, `"reasoning_content":[]`, `"reasoning_content":0`, `"function_call":""`, `"function_call":{"name":"","arguments":""}`,
		`"tool_calls":{}`, `"tool_calls":""`, `"tool_calls":[]`, `"tool_calls":[7]`, `"tool_calls":[{"id":"","type":"function","function":{"name":"","arguments":""}}]`,
		`"reasoning_details":{}`, `"extra_content":null`,
	},
}

func TestOddMembersDoNotCostTheAnswer(t *testing.T) {
	const inPieces = `{"id":"c1","TOP":null,"choices":[{"CHOICE":null,"delta":{"content":"Hi","CONTENT":null},"finish_reason":null}]}`
	const inOne = `{"id":"c1","TOP":null,"choices":[{"CHOICE":null,"message":{"content":"Hi","CONTENT":null},"finish_reason":"stop"}]}`
	for place, members := range oddMembers {
		for _, member := range members {
			t.Run(member, func(t *testing.T) {
				put := func(body string) string { return strings.Replace(body, `"`+place+`":null`, member, 1) }
				for how, m := range map[string]*llm.Model{
					"streamed":   model(t, openai.Config{}, streams(events(put(inPieces), finish("stop"), done))),
					"unstreamed": model(t, openai.Config{}, says(200, "application/json", put(inOne))),
				} {
					resp := answer(t, m, llm.Prompt("hi"))
					equal(t, how+": text, reasoning, reason, calls",
						[]any{resp.Text(), resp.Reasoning(), resp.FinishReason, len(resp.ToolCalls()) + len(resp.IncompleteCalls), resp.Usage},
						[]any{"Hi", "", llm.FinishStop, 0, llm.Usage{}})
				}
			})
		}
	}
}

func TestNeededMembersAreReadInEveryForm(t *testing.T) {
	for content, want := range map[string][2]string{ // the text and the reasoning
		`"Hi"`:    {"Hi", ""},
		`20`:      {"20", ""},
		`true`:    {"true", ""},
		`{"a":1}`: {`{"a":1}`, ""},
		`[{"type":"text","text":"H"},{"type":"text","text":"i"}]`:                                                             {"Hi", ""},
		`[{"type":"thinking","thinking":[{"type":"text","text":"hm"}]},{"type":"text","text":"Hi"}]`:                          {"Hi", "hm"},
		`[{"type":"reasoning","summary":[{"type":"summary_text","text":"hm"}]},{"type":"reference","ids":[1]},{"text":"Hi"}]`: {"Hi", "hm"},
		`["Hi"]`:                                  {"Hi", ""},
		`["H",{"type":"text","text":"i"},null]`:   {"Hi", ""},
		`["4 x 5 = ",20]`:                         {"4 x 5 = 20", ""},
		`[["Hi"]]`:                                {`[["Hi"]]`, ""},
		`[1,2]`:                                   {"[1,2]", ""},
		`[{"a":1},{"a": [2]}]`:                    {`[{"a":1},{"a": [2]}]`, ""},
		`[{"type":"output_text","text":"Hi"}]`:    {"Hi", ""},
		`[{"type":"markdown","text":"Hi"}]`:       {"Hi", ""},
		`[{"type":"text","text":5}]`:              {"5", ""},
		`[{"type":"text","text":["Hi"]}]`:         {`["Hi"]`, ""},
		`[{"type":"text","text":{"value":"Hi"}}]`: {"Hi", ""},
		`[{"type":"thinking","thinking":["hm"]},{"type":"text","text":"Hi"}]`: {"Hi", "hm"},
	} {
		for how, m := range map[string]*llm.Model{
			"streamed":   model(t, openai.Config{}, streams(events(chunk(`"content":`+content), finish("stop"), done))),
			"unstreamed": model(t, openai.Config{}, says(200, "application/json", whole(`{"content":`+content+`}`, `"stop"`, ""))),
		} {
			resp := answer(t, m, llm.Prompt("hi"))
			equal(t, how+": "+content, [2]string{resp.Text(), resp.Reasoning()}, want)
		}
	}
	for counts, want := range map[string]llm.Usage{
		`{"prompt_tokens":7.0,"completion_tokens":"5"}`: {Input: llm.Known(7), Output: llm.Known(5)},
		`{"prompt_tokens":1e3,"completion_tokens":"x"}`: {Input: llm.Known(1000)},
	} {
		m := model(t, openai.Config{}, streams(events(text("Hi"), finish("stop"), `{"choices":[],"usage":`+counts+`}`, `{"choices":[],"usage":{}}`, done)))
		equal(t, counts, answer(t, m, llm.Prompt("hi")).Usage, want)
	}
	call := `{"choices":[{"message":{"tool_calls":[{"index":"0","id":7,"function":{"name":"f","arguments":{"x": 1}}}]},"finish_reason":"tool_calls"}]}`
	resp := answer(t, model(t, openai.Config{}, says(200, "application/json", call)), llm.Prompt("hi"))
	equal(t, "call", resp.ToolCalls(), []llm.ToolCall{{ID: "7", Name: "f", Arguments: `{"x": 1}`}})
}

// unreadable are members that an answer needs, in forms that no server sends, with their
// names. The members are of a choice.
var unreadable = map[string]string{
	`"CONTENT":"Hi"`:                                                       "CONTENT: expected an object, found a string",
	`"CONTENT":["Hi"]`:                                                     "CONTENT: expected an object, found an array",
	`"CONTENT":{"tool_calls":{"a":1}}`:                                     "tool_calls: expected an array, found an object",
	`"CONTENT":{"tool_calls":"f"}`:                                         "tool_calls: expected an array, found a string",
	`"CONTENT":{"tool_calls":["f"]}`:                                       "an element of tool_calls: expected an object, found a string",
	`"CONTENT":{"tool_calls":[[{"function":{"name":"f"}}]]}`:               "an element of tool_calls: expected an object, found an array",
	`"CONTENT":{"tool_calls":[{"function":"f"}]}`:                          "function: expected an object, found a string",
	`"CONTENT":{"tool_calls":[{"function":{"name":["f"]}}]}`:               "name: expected a string, found an array",
	`"CONTENT":{"tool_calls":[{"function":{"name":"f","arguments":5}}]}`:   "arguments: expected a string, found a number",
	`"CONTENT":{"tool_calls":[{"function":{"name":"f","arguments":[5]}}]}`: "arguments: expected a string, found an array",
	`"CONTENT":{"function_call":{"name":"f","arguments":true}}`:            "arguments: expected a string, found a boolean",
	`"CONTENT":{"content":"Hi"},"finish_reason":["stop"]`:                  "finish_reason: expected a string, found an array",
	`"CONTENT":{"content":[{"type":"hologram","data":"Hi"}]}`:              `the content has only a part of the unknown type "hologram"`,
	`"CONTENT":{"tool_calls":[7]},"finish_reason":"tool_calls"`:            `the finish reason is "tool_calls", but tool_calls has no call`,
	`"CONTENT":{"content":null},"finish_reason":"tool_calls"`:              `the finish reason is "tool_calls", but tool_calls has no call`,
}

func TestNeededMembersThatCannotBeReadAreErrors(t *testing.T) {
	for members, want := range unreadable {
		for name, m := range map[string]func(choice string) *llm.Model{
			"delta": func(choice string) *llm.Model {
				return model(t, openai.Config{}, streams(events(`{"choices":[{`+choice+`}]}`, finish(""), done)))
			},
			"message": func(choice string) *llm.Model {
				return model(t, openai.Config{}, says(200, "application/json", `{"choices":[{`+choice+`}]}`))
			},
		} {
			t.Run(name+" "+members, func(t *testing.T) {
				choice := strings.ReplaceAll(members, "CONTENT", name)
				if !strings.Contains(choice, "finish_reason") {
					choice += `,"finish_reason":"stop"`
				}
				_, err := ask(t, m(choice))
				if llm.KindOf(err) != llm.Protocol || !strings.Contains(err.Error(), strings.ReplaceAll(want, "CONTENT", name)) {
					t.Errorf("error %v, want %q", err, want)
				}
			})
		}
	}
}
