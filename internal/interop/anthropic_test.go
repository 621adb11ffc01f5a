package interop

import (
	"net/http"
	"testing"

	"github.com/parley-llm/parley/internal/interop/llamacpptest"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/anthropic"
)

// TestLlamaCppSpeaksAnthropicsDialect asks a real llama.cpp server by /v1/messages. Its
// server converts the requests to chat completions.
func TestLlamaCppSpeaksAnthropicsDialect(t *testing.T) {
	server := llamacpptest.Start(t, "chain")
	// The server closes its connection after a stream, which a request on it would see too late.
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	p, err := anthropic.New(anthropic.Config{BaseURL: server.URL, HTTPClient: client})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	m := llm.New(p, "any")
	for _, nonStreaming := range []bool{false, true} {
		req := llm.Prompt("hi")
		req.Temperature, req.NonStreaming = new(0.0), nonStreaming
		resp := mustGenerate(t, m, req)
		if resp.Text() != script(t, "chain") || resp.FinishReason != llm.FinishStop || !resp.Usage.Output.IsKnown() {
			t.Errorf("the text is %q, finished by %q, with the usage %v", resp.Text(), resp.FinishReason, resp.Usage)
		}
		count, err := m.CountTokens(t.Context(), req)
		if err != nil || llm.Known(count.Tokens) != resp.Usage.Input {
			t.Errorf("the count is %+v (%v), but the server reports %v tokens", count, err, resp.Usage.Input)
		}
	}
	short := llm.Prompt("hi")
	short.MaxTokens = 2
	if resp := mustGenerate(t, m, short); resp.FinishReason != llm.FinishLength {
		t.Errorf("an answer of 2 tokens is finished by %q", resp.FinishReason)
	}
}
