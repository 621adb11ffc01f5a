package openai_test

import (
	"encoding/json"
	"maps"
	"testing"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/openai"
)

// requestFrom makes the request that a recorded body means.
func requestFrom(t testing.TB, body map[string]any) *llm.Request {
	t.Helper()
	req := &llm.Request{NonStreaming: true}
	extra := make(map[string]any)
	for name, value := range body {
		switch name {
		case "model", "stream_options":
		case "stream":
			req.NonStreaming = value != true
		case "messages":
			for _, m := range value.([]any) {
				req.Messages = append(req.Messages, messageFrom(t, m.(map[string]any)))
			}
		case "max_tokens", "max_completion_tokens":
			req.MaxTokens = int(number(t, value))
		case "temperature":
			req.Temperature = new(number(t, value))
		case "seed":
			req.Seed = new(int64(number(t, value)))
		case "reasoning_effort":
			req.ReasoningEffort = llm.ReasoningEffort(value.(string))
		case "tools":
			for _, tool := range value.([]any) {
				req.Tools = append(req.Tools, toolFrom(t, tool))
			}
		case "tool_choice":
			req.ToolChoice.Mode = llm.ToolMode(value.(string))
		case "parallel_tool_calls":
			req.ParallelToolCalls = new(value.(bool))
		case "response_format":
			schema := at[map[string]any](value, "json_schema")
			req.Format = &llm.Format{
				Name: at[string](schema, "name"), Description: at[string](schema, "description"),
				Schema: rawJSON(t, schema["schema"]), Strict: new(at[bool](schema, "strict")),
			}
		case "user":
			t.Fatalf("the recorded request has a setting that this test does not convert: %s", name)
		default:
			extra[name] = value // a setting of one server's
		}
	}
	if len(extra) > 0 {
		req.Options = []llm.Options{openai.Options{Extra: extra}}
	}
	return req
}

func messageFrom(t testing.TB, m map[string]any) llm.Message {
	t.Helper()
	role := llm.Role(m["role"].(string))
	content := at[string](m, "content")
	if list, isList := m["content"].([]any); isList {
		for _, part := range list {
			content += at[string](part, "text")
		}
	}
	if role == llm.RoleTool {
		return llm.ToolResults(llm.ToolResult{CallID: at[string](m, "tool_call_id"), Content: content})
	}
	message := llm.Message{Role: role}
	if reasoning := at[string](m, "reasoning_content"); reasoning != "" {
		message.Parts = append(message.Parts, llm.Reasoning{Text: reasoning})
	}
	if m["content"] != nil {
		message.Parts = append(message.Parts, llm.Text{Text: content})
	}
	for _, call := range at[[]any](m, "tool_calls") {
		message.Parts = append(message.Parts, llm.ToolCall{
			ID: at[string](call, "id"), Name: at[string](call, "function", "name"), Arguments: at[string](call, "function", "arguments"),
		})
	}
	return message
}

func toolFrom(t testing.TB, tool any) llm.Tool {
	t.Helper()
	function := at[map[string]any](tool, "function")
	out := llm.Tool{
		Name: at[string](function, "name"), Description: at[string](function, "description"), Parameters: rawJSON(t, function["parameters"]),
	}
	if strict, isSet := function["strict"].(bool); isSet {
		out.Strict = &strict
	}
	return out
}

func number(t testing.TB, v any) float64 {
	t.Helper()
	n, err := v.(json.Number).Float64()
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func rawJSON(t testing.TB, v any) json.RawMessage {
	t.Helper()
	if v == nil {
		return nil
	}
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// meaning is a body without the differences that mean nothing:
//
//   - max_tokens and max_completion_tokens are two names of one setting;
//   - "strict": false is what its absence means, in tools and in schemas;
//   - "stream": false likewise;
//   - content as a list of one text is that text, and null is none;
//   - a server of one model need not be told its name;
//   - stream_options are ours to send: where the recorded request streams
//     without them, its usage is what nobody asked for.
func meaning(t testing.TB, body, recorded map[string]any) map[string]any {
	t.Helper()
	out := maps.Clone(body)
	if limit, old := out["max_tokens"]; old {
		delete(out, "max_tokens")
		out["max_completion_tokens"] = limit
	}
	if out["stream"] == false {
		delete(out, "stream")
	}
	if recorded["stream_options"] == nil {
		delete(out, "stream_options")
	}
	if recorded["model"] == nil {
		delete(out, "model")
	}
	var messages []any
	for _, m := range at[[]any](out, "messages") {
		message := maps.Clone(m.(map[string]any))
		if list, isList := message["content"].([]any); isList && len(list) == 1 && at[string](list[0], "type") == "text" {
			message["content"] = at[string](list[0], "text")
		}
		if message["content"] == nil {
			delete(message, "content")
		}
		messages = append(messages, message)
	}
	out["messages"] = messages
	dropStrict(out["tools"])
	dropStrict(out["response_format"])
	return out
}

// dropStrict takes "strict": false out of whatever it is in.
func dropStrict(v any) {
	switch v := v.(type) {
	case []any:
		for _, element := range v {
			dropStrict(element)
		}
	case map[string]any:
		if v["strict"] == false {
			delete(v, "strict")
		}
		for _, member := range v {
			dropStrict(member)
		}
	}
}
