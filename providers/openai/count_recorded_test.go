package openai_test

import (
	"cmp"
	"encoding/json"
	"strings"
	"testing"

	"github.com/parley-llm/parley/internal/measured"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/openai"
)

// TestCountsOfRecordedRequests compares the offline count of each recorded
// request with the usage in its reply, and the table of that with the one in
// docs/tokens.md.
func TestCountsOfRecordedRequests(t *testing.T) {
	var all []measured.Count
	for _, e := range openai.Exchanges(t) {
		if strings.HasSuffix(e.Path, "/chat/completions") && e.Status == 200 && json.Valid([]byte(e.Request)) {
			body := fromJSON(t, e.Request).(map[string]any)
			if messages, _ := body["messages"].([]any); len(messages) > 0 {
				all = appendMeasured(t, all, e, "", at[string](body, "model"), requestFrom(t, body))
			}
		}
	}
	for _, e := range openai.ResponsesExchanges(t) {
		body := fromJSON(t, e.Request).(map[string]any)
		all = appendMeasured(t, all, e, " (Responses API)", at[string](body, "model"), responsesRequestFrom(t, body))
	}
	measured.Check(t, "OpenAI's dialect", all)
}

// appendMeasured counts a recorded request, if its reply has a usage.
func appendMeasured(t *testing.T, all []measured.Count, e openai.Exchange, note, model string, req *llm.Request) []measured.Count {
	t.Helper()
	usage, known := readInputTokens(t, e.Body)
	if !known {
		return all
	}
	m := llm.New(provider(t, openai.Config{}), cmp.Or(model, "m")) // a server of one model need not be told its name
	count, err := m.CountTokens(t.Context(), req)
	if err != nil {
		t.Fatalf("%s: %v", e.Name, err)
	}
	family := model
	if strings.HasPrefix(e.Name, "llamacpp/") || strings.HasPrefix(e.Name, "ollama/") {
		family = "a tiny local model"
	}
	if testing.Verbose() {
		t.Logf("%-60s %5d counted, %5d used: %s", e.Name, count.Tokens, usage, count.Source)
	}
	return append(all, measured.Count{Family: family + note, Of: req, Count: *count, Usage: usage})
}

// readInputTokens returns the input tokens that a reply reports last.
func readInputTokens(t testing.TB, body string) (n int, known bool) {
	t.Helper()
	for line := range strings.Lines(body) {
		line = strings.TrimSpace(strings.TrimPrefix(line, "data:"))
		if !json.Valid([]byte(line)) {
			continue
		}
		object := fromJSON(t, line)
		for _, path := range [][]string{{"usage", "prompt_tokens"}, {"usage", "input_tokens"}, {"response", "usage", "input_tokens"}} {
			if tokens, err := at[json.Number](object, path...).Int64(); err == nil {
				n, known = int(tokens), true
			}
		}
	}
	if !known && json.Valid([]byte(body)) { // one value over several lines
		object := fromJSON(t, body)
		if tokens, err := at[json.Number](object, "usage", "input_tokens").Int64(); err == nil {
			return int(tokens), true
		}
		if tokens, err := at[json.Number](object, "usage", "prompt_tokens").Int64(); err == nil {
			return int(tokens), true
		}
	}
	return n, known
}

// responsesRequestFrom makes the request that a recorded body of the Responses
// API means.
func responsesRequestFrom(t testing.TB, body map[string]any) *llm.Request {
	t.Helper()
	req := &llm.Request{ReasoningEffort: llm.ReasoningEffort(at[string](body, "reasoning", "effort"))}
	for _, item := range body["input"].([]any) {
		switch at[string](item, "type") {
		case "function_call":
			call := llm.ToolCall{ID: at[string](item, "call_id"), Name: at[string](item, "name"), Arguments: at[string](item, "arguments")}
			last := &req.Messages[len(req.Messages)-1]
			if last.Role != llm.RoleAssistant {
				req.Messages = append(req.Messages, llm.Message{Role: llm.RoleAssistant})
				last = &req.Messages[len(req.Messages)-1]
			}
			last.Parts = append(last.Parts, call)
		case "function_call_output":
			req.Messages = append(req.Messages, llm.ToolResults(llm.ToolResult{CallID: at[string](item, "call_id"), Content: at[string](item, "output")}))
		case "":
			role := llm.Role(at[string](item, "role"))
			if role == "developer" {
				role = llm.RoleSystem
			}
			text := at[string](item, "content")
			for _, part := range at[[]any](item, "content") {
				text += at[string](part, "text")
			}
			req.Messages = append(req.Messages, llm.Message{Role: role, Parts: []llm.Part{llm.Text{Text: text}}})
		default:
			t.Fatalf("the recorded request has an item that this test does not convert: %v", item)
		}
	}
	for _, tool := range at[[]any](body, "tools") {
		req.Tools = append(req.Tools, toolFrom(t, map[string]any{"function": tool}))
	}
	return req
}
