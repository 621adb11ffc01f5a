package interop

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestConfigExampleAnswersFromARealOllama runs examples/config with the file that it has for Ollama, of which
// only the model and the server's address are changed.
func TestConfigExampleAnswersFromARealOllama(t *testing.T) {
	server := ollama.Server(t)
	file, err := os.ReadFile(filepath.Join("..", "..", "examples", "config", "ollama.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	content := strings.Replace(string(file), "ollama/llama3.2", "ollama/chain", 1) +
		"    base_url: " + server.URL + "\n    options: {num_thread: 1}\n"
	path := filepath.Join(t.TempDir(), "parley.yaml")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), example(t, "config"), "-config", path, "Hello")
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("the example fails: %v\n%s", err, stderr.String())
	}
	if want := script(t, "chain"); stdout.String() != want {
		t.Errorf("the answer is %q, want %q", stdout.String(), want)
	}
	if !strings.Contains(stderr.String(), "ollama/chain: ") {
		t.Errorf("standard error is %q, want the model's name and usage in it", stderr.String())
	}
}
