package anthropic_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/parley-llm/parley/internal/providertest"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/anthropic"
)

func mustJSON(t testing.TB, v any) json.RawMessage {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// requestFrom returns the request that a recorded body means. Settings that only this API
// has are members of Options.Extra.
func requestFrom(t testing.TB, body map[string]any) *llm.Request {
	t.Helper()
	req := &llm.Request{NonStreaming: true}
	extra := make(map[string]any)
	for name, value := range body {
		switch name {
		case "model", "messages":
		case "system":
			for _, b := range blocksOf(value) {
				if len(b) > 2 {
					extra[name] = value // with a cache breakpoint
					continue
				}
				req.Messages = append(req.Messages, llm.System(b["text"].(string)))
			}
		case "stream":
			req.NonStreaming = value != true
		case "max_tokens":
			req.MaxTokens = int(value.(float64))
		case "stop_sequences":
			for _, s := range value.([]any) {
				req.Stop = append(req.Stop, s.(string))
			}
		case "tools":
			if !slices.ContainsFunc(value.([]any), func(tool any) bool { return !isPlainTool(tool.(map[string]any)) }) {
				for _, tool := range value.([]any) {
					req.Tools = append(req.Tools, toolFrom(t, tool.(map[string]any)))
				}
				continue
			}
			extra[name] = value
		default:
			extra[name] = value
		}
	}
	for _, m := range body["messages"].([]any) {
		req.Messages = append(req.Messages, messagesFrom(t, m.(map[string]any))...)
	}
	if len(extra) > 0 {
		req.Options = []llm.Options{anthropic.Options{Extra: extra}}
	}
	return req
}

func isPlainTool(tool map[string]any) bool {
	for name := range tool {
		if !slices.Contains([]string{"name", "description", "input_schema", "strict"}, name) {
			return false
		}
	}
	return true
}

func toolFrom(t testing.TB, tool map[string]any) llm.Tool {
	out := llm.Tool{Name: tool["name"].(string), Parameters: mustJSON(t, tool["input_schema"])}
	out.Description, _ = tool["description"].(string)
	if strict, ok := tool["strict"].(bool); ok {
		out.Strict = &strict
	}
	return out
}

// blocksOf returns content as blocks. A string means one text.
func blocksOf(content any) (all []map[string]any) {
	if text, ok := content.(string); ok {
		return []map[string]any{{"type": "text", "text": text}}
	}
	list, _ := content.([]any)
	for _, b := range list {
		all = append(all, b.(map[string]any))
	}
	return all
}

// messagesFrom converts a recorded message. Plain results are a message of their own.
func messagesFrom(t testing.TB, m map[string]any) []llm.Message {
	message := llm.Message{Role: llm.Role(m["role"].(string))}
	var results []llm.ToolResult
	for _, b := range blocksOf(m["content"]) {
		content, isText := b["content"].(string)
		id, _ := b["tool_use_id"].(string)
		text, _ := b["text"].(string)
		switch {
		case b["type"] == "text" && len(b) == 2:
			message.Parts = append(message.Parts, llm.Text{Text: text})
		case b["type"] == "tool_use" && len(b) == 4:
			message.Parts = append(message.Parts, llm.ToolCall{ID: b["id"].(string), Name: b["name"].(string), Arguments: string(mustJSON(t, b["input"]))})
		case b["type"] == "tool_result" && isText && b["cache_control"] == nil && len(message.Parts) == 0:
			results = append(results, llm.ToolResult{CallID: id, Content: content, IsError: b["is_error"] == true})
		default:
			message.Parts = append(message.Parts, anthropic.Block(mustJSON(t, b)))
		}
	}
	var all []llm.Message
	if len(results) > 0 {
		all = append(all, llm.ToolResults(results...))
	}
	if len(message.Parts) > 0 {
		all = append(all, message)
	}
	return all
}

// meaning returns a body without differences that have no meaning.
func meaning(body map[string]any) map[string]any {
	var messages []any
	for _, m := range body["messages"].([]any) {
		m := m.(map[string]any)
		var content []any
		for _, b := range blocksOf(m["content"]) {
			if text, ok := b["text"].(string); ok && b["type"] == "text" && strings.TrimSpace(text) == "" {
				continue
			}
			if b["is_error"] == false {
				delete(b, "is_error")
			}
			content = append(content, b)
		}
		if n := len(messages); n > 0 && messages[n-1].(map[string]any)["role"] == m["role"] { // the server joins them
			last := messages[n-1].(map[string]any)
			last["content"] = append(last["content"].([]any), content...)
			continue
		}
		messages = append(messages, map[string]any{"role": m["role"], "content": content})
	}
	for _, tool := range at(body["tools"]) {
		if tool.(map[string]any)["description"] == "" {
			delete(tool.(map[string]any), "description")
		}
	}
	out := map[string]any{"messages": messages}
	for name, value := range body {
		switch {
		case name == "messages", value == nil, name == "stream" && value == false:
		case name == "tools" && len(value.([]any)) == 0, name == "system" && len(blocksOf(value)) == 0:
		case name == "system":
			var blocks []any
			for _, b := range blocksOf(value) {
				blocks = append(blocks, b)
			}
			out[name] = blocks
		default:
			out[name] = value
		}
	}
	return out
}

// at returns a list, or nil.
func at(list any) []any {
	l, _ := list.([]any)
	return l
}

// TestRecordedRequests converts each recorded request, and compares the body that is sent.
func TestRecordedRequests(t *testing.T) {
	n := 0
	for _, e := range providertest.Cassettes(t, "anthropic/*/*.yaml") {
		if e.Status != http.StatusOK || e.Request == "" || !strings.Contains(e.URL, "api.anthropic.com/v1/messages") || strings.Contains(e.URL, "batches") || strings.Contains(e.URL, "count_tokens") {
			continue
		}
		n++
		t.Run(e.Name, func(t *testing.T) {
			recorded := fromJSON(t, e.Request).(map[string]any)
			if recorded["max_tokens"] == nil {
				t.Skip("the recorded body was cut down")
			}
			switch text := string(mustJSON(t, recorded["messages"])); {
			case strings.Contains(text, `"cache_control"`) && strings.Contains(text, `"role":"system"`), strings.Contains(text, `"tool_addition"`):
				t.Skip("package llm has only text in system messages")
			}
			req := requestFrom(t, fromJSON(t, e.Request).(map[string]any))
			if err := req.Validate(); err != nil {
				t.Skipf("the recorded request is not valid: %v", err)
			}
			if req.MaxTokens > 21333 { // such answers are always streamed
				recorded["stream"] = true
			}
			body, _ := sent(t, recorded["model"].(string), req)
			equal(t, "the body", meaning(body), meaning(recorded))
		})
	}
	if n < 100 {
		t.Errorf("there are %d recorded requests: is the test looking in the right place?", n)
	}
}
