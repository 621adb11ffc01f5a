package openai_test

import (
	"errors"
	"testing"

	"github.com/parley-llm/parley/providers/config"
)

// A program that imports this provider alone is told of nothing that it cannot use.
func TestNothingSetUpNamesWhatTheProgramImports(t *testing.T) {
	t.Chdir(t.TempDir())
	_, err := config.Default(t.Context(), &config.Options{Getenv: func(string) string { return "" }})
	want := "No model is configured. For OpenAI, set OPENAI_API_KEY to your key.\n" +
		"For a model on your own machine, start its server and set PARLEY_MODEL=lmstudio/NAME or PARLEY_MODEL=vllm/NAME; this program does not import Ollama.\n" +
		"For any other, set PARLEY_MODEL, as in PARLEY_MODEL=groq/openai/gpt-oss-20b with GROQ_API_KEY, or PARLEY_CONFIG to a config file."
	if _, ok := errors.AsType[*config.NotConfiguredError](err); !ok || err.Error() != want {
		t.Errorf("the error is\n%v\nwant\n%s", err, want)
	}
}
