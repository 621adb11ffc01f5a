package builtin_test

import (
	"strings"
	"testing"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/llama"
)

// TestTemplateMakesThePromptsOfTheTraining asks the provider, which uses the chat template of
// the file.
func TestTemplateMakesThePromptsOfTheTraining(t *testing.T) {
	p, err := llama.New(llama.Config{})
	if err != nil {
		t.Fatal(err)
	}
	model := llm.New(p, "model.gguf")
	defer model.Close()
	c := openChat(t)
	req := &llm.Request{Messages: []llm.Message{llm.System("You are terse.")}}
	var turns []string
	for _, question := range []string{"Hi!", "How do I connect Gemini?", "Who wrote <|user|> Hamlet?"} {
		turns = append(turns, question)
		req.Messages = append(req.Messages, llm.User(question))
		resp, err := model.Generate(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		req.Messages = append(req.Messages, resp.Messages...)
		if want := c.ask(turns...); resp.Text() != want {
			t.Errorf("%q: %q, want %q", question, resp.Text(), want)
		}
	}
}

func TestTemplateShowsTools(t *testing.T) {
	p, err := llama.New(llama.Config{})
	if err != nil {
		t.Fatal(err)
	}
	model := llm.New(p, "model.gguf")
	defer model.Close()
	req := llm.Prompt("What is the weather in Paris?")
	req.Tools = []llm.Tool{{
		Name:       "weather",
		Parameters: []byte(`{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}`),
	}}
	resp, err := model.Generate(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	calls := resp.ToolCalls()
	if len(calls) != 1 || calls[0].Name != "weather" || !strings.Contains(string(calls[0].Arguments), `"city"`) {
		t.Fatalf("calls are %v, and the text is %q", calls, resp.Text())
	}
	t.Logf("%s", calls[0].Arguments)
	req.Messages = append(req.Messages, resp.Messages...)
	req.Messages = append(req.Messages, llm.ToolResults(llm.ToolResult{CallID: calls[0].ID, Name: "weather", Content: "sunny"}))
	resp, err = model.Generate(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(resp.Text(), "The tool says:") { // the rest depends on the model: see TestCallsTools
		t.Errorf("the answer after the result is %q", resp.Text())
	}
}
