package ollama_test

import (
	"encoding/json"
	"testing"

	"github.com/parley-llm/parley/internal/measured"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/tokens"
)

// TestEstimatesOfRecordedRequests compares the estimate that package tokens has
// for each recorded request with the usage in its reply, and the table of that
// with the one in docs/tokens.md. It shows what CountTokens asks the server for.
func TestEstimatesOfRecordedRequests(t *testing.T) {
	var all []measured.Count
	for _, e := range recordings(t, "/api/chat") {
		reply := readReply(e.reply)
		if e.request == "" || !reply.Done {
			continue
		}
		req := requestFrom(t, e.request)
		count, err := tokens.CountRequest(req, "m", nil)
		if err != nil {
			t.Fatalf("%s: %v", e.name, err)
		}
		all = append(all, measured.Count{Family: "a tiny local model", Of: req, Count: count, Usage: reply.Usage.Input.N})
	}
	measured.Check(t, "Ollama", all)
}

// requestFrom returns what of a recorded body makes the prompt.
func requestFrom(t *testing.T, body string) *llm.Request {
	t.Helper()
	var recorded struct {
		Messages []struct{ Role, Content string }
		Tools    []struct {
			Function struct {
				Name, Description string
				Parameters        json.RawMessage
			}
		}
		Format json.RawMessage
	}
	if err := json.Unmarshal([]byte(body), &recorded); err != nil {
		t.Fatal(err)
	}
	req := &llm.Request{}
	for _, m := range recorded.Messages {
		req.Messages = append(req.Messages, llm.Message{Role: llm.Role(m.Role), Parts: []llm.Part{llm.Text{Text: m.Content}}})
	}
	for _, tool := range recorded.Tools {
		req.Tools = append(req.Tools, llm.Tool{Name: tool.Function.Name, Description: tool.Function.Description, Parameters: tool.Function.Parameters})
	}
	if f := recorded.Format; len(f) > 0 {
		req.Format = &llm.Format{}
		if f[0] == '{' {
			req.Format.Schema = f
		}
	}
	return req
}
