package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// replies contains the same answer in three formats, by the end of the request's path.
var replies = map[string]string{
	"/chat/completions": "data: {\"id\":\"1\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"Air scatters blue.\"},\"finish_reason\":\"stop\"}]}\n\n" +
		"data: {\"id\":\"1\",\"model\":\"m\",\"choices\":[],\"usage\":{\"prompt_tokens\":20,\"completion_tokens\":4,\"total_tokens\":24}}\n\ndata: [DONE]\n\n",
	"/api/chat": `{"model":"llama3.2","message":{"role":"assistant","content":"Air scatters blue."},"done":true,"done_reason":"stop","prompt_eval_count":20,"eval_count":4}` + "\n",
	":streamGenerateContent": "data: {\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[{\"text\":\"Air scatters blue.\"}]},\"finishReason\":\"STOP\"}]," +
		"\"usageMetadata\":{\"promptTokenCount\":20,\"candidatesTokenCount\":4,\"totalTokenCount\":24}}\n\n",
}

// TestConfigFiles runs the program with each config file. Only the server's address is
// replaced.
func TestConfigFiles(t *testing.T) {
	for _, provider := range []string{"openai", "gemini", "ollama"} {
		t.Run(provider, func(t *testing.T) {
			var asked string
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				asked = string(body)
				for path, reply := range replies {
					if strings.HasSuffix(r.URL.Path, path) {
						if strings.HasPrefix(reply, "data:") {
							w.Header().Set("Content-Type", "text/event-stream")
						} else {
							w.Header().Set("Content-Type", "application/x-ndjson")
						}
						fmt.Fprint(w, reply)
						return
					}
				}
				t.Errorf("unexpected request for %s", r.URL.Path)
			}))
			defer server.Close()
			t.Setenv("OPENAI_API_KEY", "k-123456789")
			t.Setenv("GEMINI_API_KEY", "k-123456789")
			file, err := os.ReadFile(provider + ".yaml")
			if err != nil {
				t.Fatal(err)
			}
			path := t.TempDir() + "/parley.yaml"
			if err := os.WriteFile(path, fmt.Appendf(file, "    base_url: %s\n", server.URL), 0o600); err != nil {
				t.Fatal(err)
			}
			var stdout, stderr strings.Builder
			if err := run(t.Context(), &stdout, &stderr, []string{"-config", path, "Why", "is", "the", "sky", "blue?"}); err != nil {
				t.Fatal(err)
			}
			if stdout.String() != "Air scatters blue." {
				t.Errorf("the answer is %q", stdout.String())
			}
			if want := ": 20 in, 4 out"; !strings.Contains(stderr.String(), want) {
				t.Errorf("standard error is %q, want %q in it", stderr.String(), want)
			}
			for _, want := range []string{"You answer in one sentence.", "Why is the sky blue?", "4000"} {
				if !strings.Contains(asked, want) {
					t.Errorf("the request is %s, want %q in it", asked, want)
				}
			}
		})
	}
}

func TestConfigErrors(t *testing.T) {
	path := t.TempDir() + "/parley.yaml"
	if err := os.WriteFile(path, []byte("models:\n  assistant: {modle: ollama/llama3.2}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	err := run(t.Context(), io.Discard, io.Discard, []string{"-config", path, "hi"})
	if want := path + `:2:15: unknown field "modle"; did you mean "model"?`; err == nil || err.Error() != want {
		t.Errorf("the error is %v, want %s", err, want)
	}
}

func TestMissingPrompt(t *testing.T) {
	err := run(t.Context(), io.Discard, io.Discard, []string{"-config", "ollama.yaml"})
	if want := "missing prompt: usage: config [-config file] [-model name] prompt"; err == nil || err.Error() != want {
		t.Errorf("the error is %v, want %s", err, want)
	}
}

func TestUnknownFlag(t *testing.T) {
	const asProgram = "CONFIG_TEST_AS_PROGRAM"
	if os.Getenv(asProgram) != "" {
		os.Args = []string{"config", "-nope"}
		main()
		return
	}
	program := exec.Command(os.Args[0], "-test.run", "^"+t.Name()+"$")
	program.Env = append(os.Environ(), asProgram+"=1")
	output, _ := program.CombinedOutput() // the exit code is checked below
	if code := program.ProcessState.ExitCode(); code != 2 {
		t.Errorf("the exit code is %d, want 2", code)
	}
	if n := strings.Count(string(output), "-nope"); n != 1 {
		t.Errorf("the error is printed %d times, want once:\n%s", n, output)
	}
}
