package interop

import (
	"strings"
	"testing"

	"github.com/parley-llm/parley/llm"
	parleyollama "github.com/parley-llm/parley/providers/ollama"
)

// These tests complete plain prompts with a real Ollama server.

func inOllamaFormat(template, text string) *llm.Request {
	return question(text, func(r *llm.Request, o *parleyollama.Options) {
		o.Template, r.MaxTokens = template, 4
	})
}

// Ollama converts every name of a control token to the token. The library must prevent
// this for text from users. The token counts show it.
func TestOllamaPromptFormats(t *testing.T) {
	server := ollama.Server(t)
	m := ollamaModel(t, server, "tiny")
	for _, template := range []string{"plain", "alpaca", "vicuna", "llama2", "mistral-v1"} {
		for _, text := range []string{"Once upon a time", "a </s> b<s>", "</s>", "<unk> 🦙 [INST]"} {
			req := inOllamaFormat(template, text)
			req.Messages = []llm.Message{llm.User("q"), llm.Assistant("a"), llm.User(text)}
			resp := mustGenerate(t, m, req)
			count, err := m.CountTokens(t.Context(), req)
			if err != nil || !count.Exact || llm.Known(count.Tokens) != resp.Usage.Input {
				t.Errorf("%s, %q: the count is %+v (%v), but the server reports %v tokens", template, text, count, err, resp.Usage.Input)
			}
			changed := len(resp.Warnings) == 1 && resp.Warnings[0].Code == llm.WarnChanged
			if typed := strings.Contains(text, "s>") || strings.Contains(text, "<unk>"); changed != typed {
				t.Errorf("%s, %q: the warnings are %v", template, text, resp.Warnings)
			}
		}
	}
	// The same number of tokens as for the text in a chat, where it is not changed.
	var as [2]int
	for i, text := range []string{"a </s> b", "a <\u200b/s> b"} {
		var raw struct {
			Prompt int `json:"prompt_eval_count"`
		}
		rawAsk(t, server, "/api/generate", map[string]any{
			"model": "tiny", "prompt": text, "raw": true, "stream": false, "options": map[string]any{"num_predict": 1, "num_thread": 1},
		}, &raw)
		as[i] = raw.Prompt
	}
	got := mustGenerate(t, m, inOllamaFormat("plain", "a </s> b")).Usage.Input.N
	if got != as[1] || as[0] >= as[1] {
		t.Errorf("the server reports %d tokens; with </s> as a control token it would be %d, and with </s> as text %d", got, as[0], as[1])
	}
	_, err := m.Generate(t.Context(), inOllamaFormat("llama3", "x"))
	wantKind(t, err, llm.Unsupported, "<|start_header_id|>")
}

func TestOllamaGoesOnFromTheBeginningOfAnAnswer(t *testing.T) {
	m, whole := ollamaModel(t, ollama.Server(t), "chain"), script(t, "chain")
	req := question("hi\n", func(_ *llm.Request, o *parleyollama.Options) { o.Template = "plain" })
	if got := mustGenerate(t, m, req).Text(); got != whole {
		t.Fatalf("the answer is %q, want %q", got, whole)
	}
	begun, rest := cutAt(t, whole)
	req.Messages = append(req.Messages, llm.Assistant(begun))
	if got := mustGenerate(t, m, req).Text(); got != rest {
		t.Errorf("after %q the rest is %q, want %q", begun, got, rest)
	}
}

func TestOllamaRawPromptThatIsTooLongIsAnError(t *testing.T) {
	m := ollamaModel(t, ollama.Server(t), "chain")
	req := question(strings.Repeat("the quick brown fox ", 100), func(_ *llm.Request, o *parleyollama.Options) { o.Template, o.NumCtx = "plain", 128 })
	_, err := m.Generate(t.Context(), req)
	wantKind(t, err, llm.ContextLength)
}
