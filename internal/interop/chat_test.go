package interop

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parley-llm/parley/internal/interop/ollamatest"
)

// example builds a program in the directory examples and returns its path.
func example(t *testing.T, name string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), name)
	build := exec.Command("go", "build", "-o", program, "./examples/"+name)
	build.Dir = filepath.Join("..", "..")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build ./examples/%s: %v\n%s", name, err, out)
	}
	return program
}

// runChat runs the program with the server as its Ollama server.
func runChat(t *testing.T, server *ollamatest.Server, input string, args ...string) (stdout, stderr string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), example(t, "chat"), args...)
	// No other variables, because the program would prefer the keys and config files of
	// the user who runs the test.
	cmd.Env = []string{"OLLAMA_HOST=" + strings.TrimPrefix(server.URL, "http://"), "HOME=" + t.TempDir()}
	cmd.Stdin = strings.NewReader(input)
	var out, notes bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &notes
	if err := cmd.Run(); err != nil {
		t.Fatalf("chat %q: %v\n%s", args, err, notes.String())
	}
	return out.String(), notes.String()
}

// The usage printed by the program must be the usage that the server reports for the same
// question in plain HTTP.
func TestChatExampleOnARealOllama(t *testing.T) {
	server := ollama.Server(t)
	const sentence = "Hello there from the tiny llama. It always gives exactly this reply, with a llama 🦙 at its end."

	stdout, stderr := runChat(t, server, "hi", "-model", "ollama/chain")

	if got := strings.TrimSpace(stdout); got != sentence {
		t.Errorf("the program printed %q, want %q", got, sentence)
	}
	in, out := serverUsage(t, server, "chain", "hi")
	if usage := fmt.Sprintf("%d in, %d out", in, out); !strings.Contains(stderr, usage) {
		t.Errorf("the program does not print the server's usage %q but:\n%s", usage, stderr)
	}
}

func TestChatExampleKeepsReasoningOutOfItsOutput(t *testing.T) {
	server := ollama.Server(t)
	stdout, stderr := runChat(t, server, "what is it?", "-model", "ollama/think")
	if want := "The answer is 42."; strings.TrimSpace(stdout) != want {
		t.Errorf("the program printed %q, want only %q; standard error is:\n%s", stdout, want, stderr)
	}
}

// serverUsage asks the server without the library and without streaming, and returns its
// token counts.
func serverUsage(t *testing.T, server *ollamatest.Server, model, prompt string) (in, out int) {
	t.Helper()
	body, err := json.Marshal(map[string]any{
		"model": model, "stream": false, "messages": []map[string]string{{"role": "user", "content": prompt}},
	})
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Post(server.URL+"/api/chat", "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var counts struct {
		In  int `json:"prompt_eval_count"`
		Out int `json:"eval_count"`
	}
	if err := json.Unmarshal(data, &counts); err != nil || counts.In == 0 || counts.Out == 0 {
		t.Fatalf("the server's answer has no usage: %s (%v)", data, err)
	}
	return counts.In, counts.Out
}
