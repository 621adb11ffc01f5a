package interop

import (
	"net/http"
	"testing"

	"github.com/parley-llm/parley/internal/interop/llamacpptest"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/openai"
)

// These tests use the Responses API of local servers. Both servers convert its requests to
// chats.

func responsesModel(t *testing.T, server openai.Server, url, name string) *llm.Model {
	t.Helper()
	// llama.cpp closes its connection after a stream, which a request on it would see too late.
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	p, err := openai.New(openai.Config{Server: server, API: openai.APIResponses, BaseURL: url + "/v1", APIKey: "none", HTTPClient: client})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return llm.New(p, name)
}

func TestLlamaCppSpeaksResponses(t *testing.T) {
	server := llamacpptest.Start(t, "chain")
	m := responsesModel(t, openai.LlamaCpp, server.URL, "any")
	for _, nonStreaming := range []bool{false, true} {
		req := llm.Prompt("hi")
		req.Temperature, req.NonStreaming = new(0.0), nonStreaming
		resp := mustGenerate(t, m, req)
		if resp.Text() != script(t, "chain") || resp.FinishReason != llm.FinishStop || !resp.Usage.Output.IsKnown() {
			t.Errorf("the text is %q, finished by %q, with the usage %v", resp.Text(), resp.FinishReason, resp.Usage)
		}
		req.Messages = append(append([]llm.Message{llm.System("Be brief.")}, req.Messages...), append(resp.Messages, llm.User("again"))...)
		if resp := mustGenerate(t, m, req); resp.Text() == "" {
			t.Error("the second turn has no text")
		}
	}
}

func TestOllamaSpeaksResponses(t *testing.T) {
	server := ollama.Server(t)
	for _, nonStreaming := range []bool{false, true} {
		req := llm.Prompt("hi")
		req.Temperature, req.NonStreaming = new(0.0), nonStreaming
		resp := mustGenerate(t, responsesModel(t, openai.OpenAI, server.URL, "chain"), req)
		if resp.Text() != script(t, "chain") || resp.FinishReason != llm.FinishStop || !resp.Usage.Output.IsKnown() {
			t.Errorf("the text is %q, finished by %q, with the usage %v", resp.Text(), resp.FinishReason, resp.Usage)
		}
	}
}

// Ollama sends reasoning in clear, under the name of encrypted reasoning. It comes back.
func TestOllamaReasonsInResponses(t *testing.T) {
	m := responsesModel(t, openai.OpenAI, ollama.Server(t).URL, "think")
	req := llm.Prompt("hi")
	req.Temperature, req.ReasoningEffort = new(0.0), llm.EffortHigh
	resp := mustGenerate(t, m, req)
	if resp.Reasoning() != "Let me ponder this." || resp.Text() != "The answer is 42." {
		t.Errorf("the reasoning is %q, and the text %q", resp.Reasoning(), resp.Text())
	}
	req.Messages = append(append(req.Messages, resp.Messages...), llm.User("again"))
	if resp := mustGenerate(t, m, req); len(resp.Warnings) > 0 {
		t.Errorf("the warnings of the second turn are %v", resp.Warnings)
	}
}

func TestOllamaCallsToolsInResponses(t *testing.T) {
	m := responsesModel(t, openai.OpenAI, ollama.Server(t).URL, "tool")
	req := llm.Prompt("hi")
	req.Tools = []llm.Tool{{Name: "get_weather", Description: "Weather in a city", Parameters: []byte(`{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}`)}}
	resp := mustGenerate(t, m, req)
	calls := resp.ToolCalls()
	if len(calls) != 1 || calls[0].Name != "get_weather" || calls[0].Arguments != `{"city":"Paris"}` || resp.FinishReason != llm.FinishToolCalls {
		t.Fatalf("the calls are %+v, finished by %q", calls, resp.FinishReason)
	}
	req.Messages = append(append(req.Messages, resp.Messages...), llm.ToolResults(llm.ToolResult{CallID: calls[0].ID, Content: "sunny"}))
	mustGenerate(t, m, req)
}
