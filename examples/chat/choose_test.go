package main

import (
	"context"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers"
)

func local(name string, created int64) llm.ModelInfo {
	return llm.ModelInfo{Name: name, Family: "llama", Created: time.Unix(created, 0)}
}

func models(list ...llm.ModelInfo) llm.Events {
	return play(detail(llm.EventResult, &llm.ModelList{Models: list}), done(llm.FinishUnknown, 0, 0))(context.Background(), nil)
}

func failing(err llm.Error) llm.Events { return play(err)(context.Background(), nil) }

// result is a model and the reason for choosing it.
type result struct{ model, reason string }

// localWait is the time limit for the model list of a local server.
const localWait = time.Second

func TestChoice(t *testing.T) {
	set := func(pairs ...string) map[string]string {
		m := map[string]string{}
		for i := 0; i < len(pairs); i += 2 {
			m[pairs[i]] = pairs[i+1]
		}
		return m
	}
	many := models(local("old:1b", 1), local("new:8b", 3), local("mid:3b", 2))
	for _, test := range []struct {
		name      string
		flag      string
		variables map[string]string
		ollama    llm.Events
		want      result
	}{
		{"-model comes first", "groq/x", set("PARLEY_MODEL", "a/b", "OPENAI_API_KEY", "k"), many,
			result{"groq/x", "named by -model"}},
		{"then PARLEY_MODEL", "", set("PARLEY_MODEL", "a/b/c", "OPENAI_API_KEY", "k"), many,
			result{"a/b/c", "named by PARLEY_MODEL"}},
		{"then OpenAI's key", "", set("OPENAI_API_KEY", "k"), many,
			result{"openai/gpt-6-luna", "because OPENAI_API_KEY is set"}},
		{"then the newest local model", "", nil, many,
			result{"ollama/new:8b", "the newest on the Ollama server at 127.0.0.1:11434"}},
		{"at the address that is set", "", set("OLLAMA_HOST", "10.0.0.7:1"), many,
			result{"ollama/new:8b", "the newest on the Ollama server at 10.0.0.7:1"}},
		{"the first of those without a date", "", nil, models(llm.ModelInfo{Name: "a"}, llm.ModelInfo{Name: "b"}),
			result{"ollama/a", "the newest on the Ollama server at 127.0.0.1:11434"}},
		{"never one in Ollama's cloud", "", nil, models(local("gpt-oss:120b-cloud", 9), local("kimi:cloud", 8), local("own:1b", 1)),
			result{"ollama/own:1b", "the newest on the Ollama server at 127.0.0.1:11434"}},
		{"never one that only embeds", "", nil, models(llm.ModelInfo{Name: "nomic", Family: "nomic-bert", Created: time.Unix(9, 0)}, local("own:1b", 1)),
			result{"ollama/own:1b", "the newest on the Ollama server at 127.0.0.1:11434"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(nil)
			w.provider.name, _, _ = strings.Cut(test.want.model, "/")
			w.provider.list = test.ollama
			maps.Copy(w.variables, test.variables)
			got, err := choose(t.Context(), w.env, test.flag)
			if err != nil {
				t.Fatal(err)
			}
			if got.Model.String() != test.want.model || got.Reason != test.want.reason {
				t.Errorf("choose returned %s;\nwant %q, %s", got, test.want.model, test.want.reason)
			}
		})
	}
}

// Without a configuration, the model inside the program answers, and one line says how to connect
// a larger one.
func TestNoConfiguration(t *testing.T) {
	const first = "model: llama/builtin (a small model inside this program, because nothing else is configured; for a larger one, set OPENAI_API_KEY to your OpenAI key, or "
	for _, test := range []struct {
		name   string
		host   string
		ollama llm.Events
		middle string
		within time.Duration
	}{
		{name: "no server", ollama: failing(llm.Error{Kind: llm.Network, Message: "connection refused"}),
			middle: "start Ollama and run \"ollama pull llama3.2\"; no server answers at 127.0.0.1:11434"},
		{name: "a password in the address is not shown", host: "http://me:secret@box", ollama: failing(llm.Error{Kind: llm.Network}),
			middle: "start Ollama and run \"ollama pull llama3.2\"; no server answers at OLLAMA_HOST"},
		{name: "a server without models", ollama: models(),
			middle: "run \"ollama pull llama3.2\"; the Ollama server at 127.0.0.1:11434 has no local models"},
		{name: "a server with models in the cloud only", ollama: models(local("x:cloud", 1)),
			middle: "run \"ollama pull llama3.2\"; the Ollama server at 127.0.0.1:11434 has no local models"},
		{name: "another server at its address", ollama: failing(llm.Error{Kind: llm.Protocol, Message: "this is\nHTML"}),
			middle: "repair Ollama at 127.0.0.1:11434, which says: ollama/any: protocol error: this is HTML"},
		{name: "a server that does not answer", within: localWait,
			middle: "start Ollama and run \"ollama pull llama3.2\"; no server answers at 127.0.0.1:11434"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(strings.NewReader("hi"))
				w.provider.name, w.provider.list = "ollama", test.ollama
				w.open = func(name string) (*llm.Model, error) {
					switch {
					case name == "llama/builtin":
						inside := newScripted()
						inside.name = "llama"
						inside.models["builtin"] = inside.models["brief"]
						return llm.New(inside, "builtin"), nil
					case test.ollama == nil:
						return llm.New(silent{}, "any"), nil
					}
					return w.openScripted(name)
				}
				w.variables["OLLAMA_HOST"] = test.host
				start := time.Now()
				if status := run(t.Context(), w.env); status != 0 {
					t.Errorf("the exit status is %d, want 0", status)
				}
				if took := time.Since(start); took != test.within {
					t.Errorf("it took %v, want %v", took, test.within)
				}
				note, _, _ := strings.Cut(w.stderr.String(), "\n")
				same(t, "the first line of standard error", first+test.middle+")", note)
				same(t, "standard output", "Hi.\n", w.stdout.String())
			})
		})
	}
}

// silent is a server that never replies.
type silent struct{}

func (silent) Name() string { return "ollama" }

func (silent) Do(ctx context.Context, _ *llm.Call) llm.Events {
	return func(yield func(llm.Event, error) bool) {
		<-ctx.Done()
		yield(llm.Event{}, llm.FromContext(ctx))
	}
}

// program returns a command that runs the program as a separate process. The environment
// contains only the given variables.
func program(t *testing.T, variables []string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = append([]string{asProgram + "=1", "GORACE=halt_on_error=1 atexit_sleep_ms=0", "GOCOVERDIR=" + t.TempDir()}, variables...)
	return cmd
}

func TestProgramWithoutConfiguration(t *testing.T) {
	// A free port without a server. At the default address, the test could find the Ollama
	// server of a developer.
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	host := free.Addr().String()
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	cmd := program(t, []string{"OLLAMA_HOST=" + host}, "Hello")
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	start := time.Now()
	if err := cmd.Run(); err != nil {
		t.Errorf("the program fails: %v", err)
	}
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("it took %v, want less than 2 s", took)
	}
	if strings.TrimSpace(stdout.String()) == "" {
		t.Error("the answer is empty")
	}
	if lines := strings.Count(stderr.String(), "\n"); lines != 2 { // the model, and the speed
		t.Errorf("standard error has %d lines, want 2:\n%s", lines, stderr.String())
	}
	if want := "no server answers at " + host; !strings.Contains(stderr.String(), want) {
		t.Errorf("standard error does not contain %q:\n%s", want, stderr.String())
	}
}

func TestChoiceListsOllamaModels(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/tags" {
			t.Errorf("the server was asked for %s; want only the model list", r.URL.Path)
		}
		fmt.Fprint(w, `{"models":[
			{"name":"old:1b","model":"old:1b","modified_at":"2026-01-01T00:00:00Z","size":9,"details":{"family":"llama"}},
			{"name":"bge:latest","model":"bge:latest","modified_at":"2026-03-01T00:00:00Z","size":9,"details":{"family":"bert"}},
			{"name":"new:1b","model":"new:1b","modified_at":"2026-02-01T00:00:00.5+01:00","size":9,"details":{"family":"llama"}}]}`)
	}))
	defer server.Close()
	w := newWorld(nil)
	w.variables["OLLAMA_HOST"] = server.URL
	w.open = func(name string) (*llm.Model, error) {
		return providers.Config{Getenv: w.getenv}.Open(name)
	}
	got, err := choose(t.Context(), w.env, "")
	if err != nil {
		t.Fatal(err)
	}
	if want := "ollama/new:1b (the newest on the Ollama server at " + server.URL + ")"; got.String() != want {
		t.Errorf("choose returned %v, want %v", got, want)
	}
	if err := got.Model.Close(); err != nil {
		t.Error(err)
	}
}
