package openai_test

import (
	"testing"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/openai"
)

func TestFailedAnswerKeepsItsTextUsageAndBody(t *testing.T) {
	body := events(text("Hel"), text("lo"), usage, `{"error":"the runner died"}`)
	_, err := model(t, openai.Config{}, streams(body)).Generate(t.Context(), &llm.Request{Messages: hi, KeepRaw: true})
	e := wantError(t, err, llm.Server, "the runner died")
	equal(t, "partial text and usage", []any{e.Partial.Text(), e.Partial.Usage}, []any{"Hello", usage7and5})
	equal(t, "raw body", string(e.Partial.Raw), body)
}

func TestToolCallsGoBackWithTheirReasoningEvenIfThereIsNone(t *testing.T) {
	call := llm.ToolCall{ID: "c", Name: "f", Arguments: "{}"}
	const sentCall = `"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]`
	runRequestTests(t, []requestTest{
		{
			name: "reasoning_content", config: openai.Config{Server: openai.DeepSeek}, req: llm.Request{Messages: assistant(call)},
			want: between(`{"role":"assistant","reasoning_content":"",` + sentCall + `}`),
		},
		{
			name: "reasoning", config: openai.Config{Server: openai.VLLM}, req: llm.Request{Messages: assistant(call)},
			want: between(`{"role":"assistant",` + sentCall + `}`),
		},
	})
}

func TestSpokenAnswersGoBackByTheirIDToWhoSpokeThem(t *testing.T) {
	spoken := llm.Audio{Data: []byte{1}, Transcript: "Hello", ProviderData: &llm.ProviderData{Provider: "openai", Data: []byte("a1")}}
	runRequestTests(t, []requestTest{
		{name: "the same provider", req: llm.Request{Messages: assistant(spoken)}, want: between(`{"role":"assistant","audio":{"id":"a1"}}`)},
		{
			name: "another", config: openai.Config{Server: openai.Groq}, req: llm.Request{Messages: assistant(spoken)},
			want: between(`{"role":"assistant","content":"Hello"}`),
		},
	})
}
