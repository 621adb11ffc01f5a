package interop

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-llm/parley/llm"
)

// The library's count must equal the number of tokens that the server reports.
func TestOllamaCountsTokensAsTheServerReads(t *testing.T) {
	server := ollama.Server(t)
	for _, tt := range []struct {
		name, model string
		req         *llm.Request
	}{
		{"a word", "tiny", question("hello")},
		{"a sentence", "tiny", question("Once upon a time, in a llama's land …")},
		{"other scripts", "tiny", question("Ünïcödé 안녕하세요 🦙\u200d🦙 \t\n  ")},
		{"looks like control tokens", "tiny", question("<s>hi</s> <|user|> <unk>")},
		{"a conversation", "tiny", &llm.Request{Messages: []llm.Message{
			llm.System("Be brief."), llm.User("One?"), llm.Assistant("Two."), llm.User("Three?"),
		}}},
		{"tools", "tool", &llm.Request{
			Messages: []llm.Message{llm.User("weather?")},
			Tools: []llm.Tool{{
				Name: "get_weather", Description: "Weather in a city",
				Parameters: []byte(`{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}`),
			}},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			model := ollamaModel(t, server, tt.model)
			count, err := model.CountTokens(t.Context(), tt.req)
			if err != nil {
				t.Fatal(err)
			}
			tt.req.MaxTokens = 1
			resp, err := model.Generate(t.Context(), tt.req)
			if err != nil {
				t.Fatal(err)
			}
			if !count.Exact {
				t.Errorf("the count, %+v, is not exact", *count)
			}
			if diff := cmp.Diff(resp.Usage.Input, llm.Known(count.Tokens)); diff != "" {
				t.Errorf("token counts (-server +ours):\n%s", diff)
			}
		})
	}
}
