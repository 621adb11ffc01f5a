package llama_test

import (
	"os"
	"strings"
	"testing"

	"github.com/parley-llm/parley/providers/config"
	"github.com/parley-llm/parley/providers/llama"
)

func TestDefaultIsTheModelInsideTheProgram(t *testing.T) {
	t.Chdir(t.TempDir())
	data, err := os.ReadFile(file(t, "chain", map[string]any{"tokenizer.chat_template": lines}))
	if err != nil {
		t.Fatal(err)
	}
	llama.RegisterEmbedded("a-default", "", data)
	result, err := config.Default(t.Context(), &config.Options{Getenv: func(string) string { return "" }})
	if err != nil {
		t.Fatal(err)
	}
	defer result.Model.Close()
	if got := result.String(); !strings.HasPrefix(got, "llama/a-default (a small model inside this program, because nothing else is configured; for a larger one, ") || strings.Contains(got, "\n") {
		t.Errorf("the model is %s", got)
	}
	if got := generate(t, result.Model, greedy("Hello")).Text(); got != says("chain") {
		t.Errorf("the answer is %q", got)
	}
}
