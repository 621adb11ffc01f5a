package openai_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/parley-llm/parley/internal/providertest"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/openai"
)

func mustJSON(t testing.TB, v any) json.RawMessage {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// requestFromResponses returns the request that a recorded body means. Settings without a
// field are members of Options.Extra.
func requestFromResponses(t testing.TB, body map[string]any) *llm.Request {
	t.Helper()
	req := &llm.Request{NonStreaming: true}
	extra := map[string]any{"store": nil, "include": nil}
	o := openai.Options{Extra: extra, Store: new(body["store"] != false)}
	for name, value := range body {
		switch name {
		case "model", "input":
		case "stream":
			req.NonStreaming = value != true
		case "max_output_tokens":
			req.MaxTokens = int(value.(float64))
		case "service_tier":
			o.ServiceTier = value.(string)
		case "user":
			o.User = value.(string)
		case "conversation":
			o.Conversation = value.(string)
		case "previous_response_id":
			o.PreviousResponseID, _ = value.(string)
		case "tools":
			for _, tool := range value.([]any) {
				tool := tool.(map[string]any)
				_, strict := tool["strict"].(bool)
				if tool["type"] != "function" || !strict || len(tool) > 5 || tool["parameters"] == nil {
					o.ServerTools = append(o.ServerTools, tool)
					continue
				}
				out := llm.Tool{Name: tool["name"].(string), Parameters: mustJSON(t, tool["parameters"]), Strict: new(tool["strict"].(bool))}
				out.Description, _ = tool["description"].(string)
				req.Tools = append(req.Tools, out)
			}
		case "reasoning":
			r := value.(map[string]any)
			effort, hasEffort := r["effort"].(string)
			summary, hasSummary := r["summary"].(string)
			if hasEffort && len(r) == 1 || hasSummary && hasEffort && len(r) == 2 {
				req.ReasoningEffort, o.ReasoningSummary = llm.ReasoningEffort(effort), summary
				continue
			}
			extra[name] = value
		default:
			extra[name] = value
		}
	}
	switch input := body["input"].(type) {
	case string:
		req.Messages = []llm.Message{llm.User(input)}
	case []any:
		for _, it := range input {
			m := messageFromItem(t, it.(map[string]any))
			_, isText := m.Parts[0].(llm.Text)
			if n := len(req.Messages); n > 0 && m.Role == llm.RoleAssistant && req.Messages[n-1].Role == m.Role && !isText { // items of one answer
				req.Messages[n-1].Parts = append(req.Messages[n-1].Parts, m.Parts...)
				continue
			}
			req.Messages = append(req.Messages, m)
		}
	}
	req.Options = []llm.Options{o}
	return req
}

// messageFromItem converts an item. Items that package llm has no type for are made with Item.
func messageFromItem(t testing.TB, it map[string]any) llm.Message {
	role, _ := it["role"].(string)
	id, _ := it["call_id"].(string)
	name, _ := it["name"].(string)
	switch {
	case it["type"] == "function_call":
		call := llm.ToolCall{ID: id, Name: name, Arguments: it["arguments"].(string)}
		if len(it) > 4 {
			call.ProviderData = &llm.ProviderData{Format: "openai.responses", Data: mustJSON(t, it)}
		}
		return llm.Message{Role: llm.RoleAssistant, Parts: []llm.Part{call}}
	case it["type"] == "reasoning", it["type"] != nil && it["id"] != nil && it["type"] != "item_reference":
		return llm.Message{Role: llm.RoleAssistant, Parts: []llm.Part{openai.Item(mustJSON(t, it))}}
	case it["type"] == "function_call_output" && len(it) == 3:
		if output, ok := it["output"].(string); ok {
			return llm.ToolResults(llm.ToolResult{CallID: id, Content: output})
		}
	case (it["type"] == nil || it["type"] == "message") && len(it) <= 3 && it["phase"] == nil && role != "developer" && role != "tool":
		if parts := partsFromContent(it["content"]); parts != nil {
			return llm.Message{Role: llm.Role(role), Parts: parts}
		}
	}
	return llm.User("", openai.Item(mustJSON(t, it)))
}

// partsFromContent converts texts and images, or returns nil.
func partsFromContent(content any) (parts []llm.Part) {
	if text, ok := content.(string); ok {
		return []llm.Part{llm.Text{Text: text}}
	}
	list, _ := content.([]any)
	for _, p := range list {
		p := p.(map[string]any)
		text, _ := p["text"].(string)
		url, _ := p["image_url"].(string)
		switch {
		case (p["type"] == "input_text" || p["type"] == "output_text") && len(p) == 2:
			parts = append(parts, llm.Text{Text: text})
		case p["type"] == "input_image" && url != "" && len(p) <= 3:
			image := llm.Image{URL: url}
			if detail, _ := p["detail"].(string); detail != "auto" {
				image.Quality = detail
			}
			parts = append(parts, image)
		default:
			return nil
		}
	}
	return parts
}

// responsesMeaning returns a body without differences that have no meaning.
func responsesMeaning(body map[string]any) map[string]any {
	out := map[string]any{}
	for name, value := range body {
		list, isList := value.([]any)
		if value == nil || name == "stream" && value == false || isList && len(list) == 0 || name == "store" || name == "include" {
			continue
		}
		out[name] = value
	}
	if text, ok := body["input"].(string); ok {
		out["input"] = []any{map[string]any{"role": "user", "content": text}}
	}
	var input []any
	for _, it := range out["input"].([]any) {
		item := map[string]any{}
		for name, value := range it.(map[string]any) {
			if name != "type" || value != "message" {
				item[name] = value
			}
		}
		if text, ok := item["content"].(string); ok {
			typ := "input_text"
			if item["role"] == "assistant" {
				typ = "output_text"
			}
			item["content"] = []any{map[string]any{"type": typ, "text": text}}
		}
		if content, ok := item["content"].([]any); ok {
			for _, p := range content {
				if p := p.(map[string]any); p["type"] == "input_image" && p["detail"] == nil {
					p["detail"] = "auto"
				}
			}
		}
		input = append(input, item)
	}
	out["input"] = input
	if tools, ok := out["tools"].([]any); ok {
		for _, tool := range tools {
			if tool := tool.(map[string]any); tool["description"] == nil || tool["description"] == "" {
				delete(tool, "description")
			}
		}
		out["tools"] = slices.SortedFunc(slices.Values(tools), func(a, b any) int {
			x, _ := json.Marshal(a)
			y, _ := json.Marshal(b)
			return strings.Compare(string(x), string(y))
		})
	}
	return out
}

// TestRecordedResponsesRequests converts each recorded request, and compares the body that is
// sent.
func TestRecordedResponsesRequests(t *testing.T) {
	all := responsesExchanges(t, func(e *providertest.Exchange) bool {
		return e.Status == http.StatusOK && strings.Contains(e.Request, `"input"`) && !strings.Contains(e.URL, "input_tokens") && !strings.HasSuffix(e.URL, "/compact")
	})
	if len(all) < 150 {
		t.Fatalf("there are %d recorded requests: is the test looking in the right place?", len(all))
	}
	skipped := 0
	for _, e := range all {
		t.Run(e.Name, func(t *testing.T) {
			recorded := providertest.FromJSON(t, e.Request).(map[string]any)
			req := requestFromResponses(t, providertest.FromJSON(t, e.Request).(map[string]any))
			if recorded["background"] == true {
				skipped++
				t.Skip("background mode has its own test")
			}
			if err := req.Validate(); err != nil {
				skipped++
				t.Skipf("the recorded request is not valid: %v", err)
			}
			body, _ := sentResponses(t, responsesConfig, recorded["model"].(string), req)
			equal(t, "the body", responsesMeaning(body), responsesMeaning(recorded))
		})
	}
	if skipped > 8 {
		t.Errorf("%d requests were skipped", skipped)
	}
}
