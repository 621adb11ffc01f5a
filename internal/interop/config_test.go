package interop

import (
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parley-llm/parley/internal/interop/ollamatest"
	"github.com/parley-llm/parley/providers/config"
)

// TestConfigExampleAnswersFromARealServer runs examples/config with two of its files.
// Only the model and the server's address are changed. Ollama supports its own API and
// OpenAI's.
func TestConfigExampleAnswersFromARealServer(t *testing.T) {
	server := ollama.Server(t)
	program := example(t, "config")
	for _, test := range []struct{ file, model, own, more string }{
		{"ollama.yaml", "ollama/llama3.2", "ollama/chain", "    base_url: " + server.URL + "\n    options: {num_thread: 1}\n"},
		{"openai.yaml", "openai/gpt-6-luna", "openai/chain", "    base_url: " + server.URL + "/v1\n"},
	} {
		t.Run(test.file, func(t *testing.T) {
			file, err := os.ReadFile(filepath.Join("..", "..", "examples", "config", test.file))
			if err != nil {
				t.Fatal(err)
			}
			content := strings.Replace(string(file), test.model, test.own, 1) + test.more
			path := filepath.Join(t.TempDir(), "parley.yaml")
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), program, "-config", path, "Hello")
			cmd.Env = append(os.Environ(), "OPENAI_API_KEY=any")
			var stdout, stderr strings.Builder
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			if err := cmd.Run(); err != nil {
				t.Fatalf("the example fails: %v\n%s", err, stderr.String())
			}
			if want := script(t, "chain"); stdout.String() != want {
				t.Errorf("the answer is %q, want %q", stdout.String(), want)
			}
			if !strings.Contains(stderr.String(), test.own+": ") {
				t.Errorf("standard error is %q, want the model's name and usage in it", stderr.String())
			}
		})
	}
}

// TestDefaultTakesNoModelThatARealOllamaHandsOn makes the newest model on a server a
// cloud model with an inconspicuous name.
func TestDefaultTakesNoModelThatARealOllamaHandsOn(t *testing.T) {
	server := ollamatest.Start(t)
	create := `{"model": "mine", "from": "gpt-oss:120b", "remote_host": "https://ollama.com", "stream": false}`
	resp, err := http.Post(server.URL+"/api/create", "application/json", strings.NewReader(create))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, err := io.ReadAll(resp.Body); err != nil || !strings.Contains(string(body), "success") {
		t.Fatalf("the model was not created: %s (%v)", body, err)
	}
	set := map[string]string{"OLLAMA_HOST": server.URL}
	t.Chdir(t.TempDir())
	result, err := config.Default(t.Context(), &config.Options{Getenv: func(name string) string { return set[name] }})
	if err != nil {
		t.Fatal(err)
	}
	defer result.Model.Close()
	if result.Model.Name() == "mine:latest" {
		t.Errorf("Default chose %s, which Ollama forwards to a cloud service", result)
	}
}
