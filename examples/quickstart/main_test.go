package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// asProgram is an environment variable. If it is set, the test binary runs the program.
const asProgram = "QUICKSTART_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// answer is a reply in OpenAI's format:
// https://platform.openai.com/docs/api-reference/chat-streaming
const answer = `data: {"id":"1","model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":"Air scatters "}}]}

data: {"id":"1","model":"m","choices":[{"index":0,"delta":{"content":"blue light most."},"finish_reason":"stop"}]}

data: {"id":"1","model":"m","choices":[],"usage":{"prompt_tokens":13,"completion_tokens":6,"total_tokens":19}}

data: [DONE]

`

func TestQuickstart(t *testing.T) {
	for _, test := range []struct {
		name       string
		args       []string
		status     int
		wantStdout string
		wantStderr string // a part of it
	}{
		{"prints the answer and its usage", []string{"openai/gpt-6-luna"}, 0, "Air scatters blue light most.\n13 in, 6 out\n", ""},
		{"asks what is set up unless one is named", nil, 0, "Air scatters blue light most.\n13 in, 6 out\n", "asking openai/gpt-6-luna (because OPENAI_API_KEY is set)"},
		{"says what is wrong with a name", []string{"gpt-6-luna"}, 1, "", `"gpt-6-luna"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/v1/chat/completions" {
					w.WriteHeader(http.StatusNotFound)
					return
				}
				w.Header().Set("Content-Type", "text/event-stream")
				fmt.Fprint(w, answer)
			}))
			defer server.Close()
			cmd := exec.CommandContext(t.Context(), os.Args[0], test.args...)
			cmd.Env = []string{
				asProgram + "=1", "OPENAI_API_KEY=k", "OPENAI_BASE_URL=" + server.URL + "/v1",
				"OLLAMA_HOST=" + server.URL, "GOCOVERDIR=" + t.TempDir(),
			}
			var stdout, stderr strings.Builder
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			err := cmd.Run()
			if status := cmd.ProcessState.ExitCode(); status != test.status {
				t.Errorf("the exit status is %d (%v), want %d", status, err, test.status)
			}
			if got := stdout.String(); got != test.wantStdout {
				t.Errorf("standard output is %q, want %q", got, test.wantStdout)
			}
			if got := stderr.String(); !strings.Contains(got, test.wantStderr) || test.wantStderr == "" && got != "" {
				t.Errorf("standard error is %q, want %q in it", got, test.wantStderr)
			}
		})
	}
}
