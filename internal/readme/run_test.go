package readme

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
	"github.com/parley-llm/parley/llm/llmtest/conformance"
)

// script is the answers of the models to a snippet, and the expected output.
type script struct {
	replies []llmtest.Reply // one after another; beyond them, "Hello."
	want    string          // somewhere in the output
}

// scripts are the replies and outputs of the snippets of two pages, in order. Snippets of
// other pages must end without an error.
var scripts = map[string][]script{
	"README": {
		{[]llmtest.Reply{llmtest.Text("It ", "scatters.").Usage(12, 7)}, "It scatters.\n 12 in, 7 out"},
		{[]llmtest.Reply{llmtest.Text("Oi!").Usage(9, 2)}, "Oi! stop 9 in, 2 out"},
		{}, // loads the file and gets the model
		{[]llmtest.Reply{llmtest.ToolCall("weather", `{"city":"Oslo"}`), llmtest.Text("Yes.")}, "Yes. 3"},
		{[]llmtest.Reply{llmtest.Text(`{"name":"Rayleigh",`, `"field":"physics"}`)}, "Rayleigh physics"},
	},
	"structured": {
		{[]llmtest.Reply{llmtest.Text(`{"name":"Rayleigh","born":1842,"field":"physics"}`).Usage(9, 8)}, "Rayleigh 1842 9 in, 8 out"},
		{[]llmtest.Reply{llmtest.Text(`{"colors":["blue",`, `"red"]}`)}, "1\n2\n2\n"},
	},
	"tools": {
		{[]llmtest.Reply{llmtest.ToolCall("weather", `{"city":"Oslo"}`).Usage(5, 1), llmtest.Text("No.").Usage(9, 2)}, "No. 14 in, 3 out"},
		{[]llmtest.Reply{llmtest.ToolCall("clock", `{}`), llmtest.Text("Noon.")}, "Noon."},
		{[]llmtest.Reply{llmtest.ToolCall("pay", `{"Invoice":"7"}`), llmtest.Text("Paid.")}, ""},
	},
	"guide": {
		{}, // opens a model
		{want: "gemini/gemini-3.8-flash by parley.yaml"},
		{}, // makes a provider
		{[]llmtest.Reply{llmtest.Text("Nothing.")}, "Nothing."},
		{[]llmtest.Reply{llmtest.Reasoning("Rayleigh?").Text("It ", "scatters.")}, "Rayleigh?It scatters.stop"},
		{[]llmtest.Reply{llmtest.ToolCall("weather", `{"city":"Paris"}`), llmtest.Text("Sunny.")}, "Sunny."},
		{[]llmtest.Reply{llmtest.Text(`{"name":"Rayleigh",`, `"born":1842}`)}, "Rayleigh 1842"},
		{[]llmtest.Reply{llmtest.Text("The colour.")}, "The colour."},
		{want: "1 unknown in, unknown out\ngpt-6-luna 0\n"},
		{[]llmtest.Reply{llmtest.Text("It is ", "blue.").CutAfter(1, nil)}, "cut after: It is "},
		{}, // adds middleware, and makes no call
		{[]llmtest.Reply{llmtest.Text("It scatters."), llmtest.Text("Rayleigh.")}, "It scatters.\nRayleigh.\n"},
		{}, // writes a conversation and reads it
		{want: "5 The sky is blue."},
		{want: "false estimate: o200k_base"},
		{want: "\rpulling 7 of 9 bytes\rsuccess 0 of 0 bytes"},
		{}, // makes a request, and does not send it
		{[]llmtest.Reply{llmtest.Text("It scatters.").Usage(2000, 1000)}, "2000 in, 1000 out: $0.0007 today"},
		{want: "What is the weather in Paris? 1"},
	},
}

func TestSnippetsRun(t *testing.T) {
	root := filepath.Join("..", "..")
	snippets, err := Snippets(root)
	if err != nil {
		t.Fatal(err)
	}
	ours := slices.DeleteFunc(snippets, func(s Snippet) bool { return s.Foreign != nil })
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	program, work := filepath.Join(t.TempDir(), "snippets"), t.TempDir()
	if err := Build(here, program, ours); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(work, "parley.yaml"), configFile(t, root), 0o600); err != nil {
		t.Fatal(err)
	}
	run := map[string]int{}
	for _, s := range ours {
		page := strings.TrimRight(s.Name, "0123456789")
		var with script
		if all := scripts[page]; all != nil {
			n := run[page]
			if n == len(all) {
				t.Fatalf("%s.md has more snippets than scripts: add a script with the output of %s", page, s.Name)
			}
			with = all[n]
			run[page]++
		}
		t.Run(s.Name, func(t *testing.T) {
			cmd := exec.Command(program, s.Name)
			cmd.Dir, cmd.Env = work, environment(models(t, with.replies).URL)
			out, err := cmd.CombinedOutput()
			if err != nil || !strings.Contains(string(out), with.want) {
				t.Errorf("the snippet ends with %v and prints:\n%s\nwant, somewhere in it:\n%s", err, out, with.want)
			}
		})
	}
	for page, all := range scripts {
		if run[page] != len(all) {
			t.Errorf("%s.md has %d snippets, and there are scripts for %d", page, run[page], len(all))
		}
	}
}

// configFile returns the config file in README.md.
func configFile(t *testing.T, root string) []byte {
	t.Helper()
	page, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, block, ok := strings.Cut(string(page), "```yaml\n")
	block, _, closed := strings.Cut(block, "```")
	if !ok || !closed {
		t.Fatal("README.md shows no ```yaml")
	}
	return []byte(block)
}

// environment returns the environment of a user with a key for every provider. The base
// URL of every provider is url.
func environment(url string) []string {
	return append(os.Environ(),
		"AZURE_OPENAI_API_KEY=any", "GROQ_API_KEY=any", "OPENAI_API_KEY=any", "OPENAI_BASE_URL="+url+"/v1", "GEMINI_API_KEY=any", "GOOGLE_GEMINI_BASE_URL="+url,
		"OLLAMA_HOST="+url, "LLAMACPP_BASE_URL="+url)
}

// models starts a server that supports every dialect at the usual paths.
func models(t *testing.T, replies []llmtest.Reply) *llmtest.Server {
	t.Helper()
	srv := llmtest.NewLoopbackServer(t)
	srv.Handle(func(r *llmtest.Request) llmtest.HTTPReply {
		reply := llmtest.Text("Hello.").Usage(2, 1)
		if len(replies) > 0 {
			reply, replies = replies[0], replies[1:] // one snippet asks one thing at a time
		}
		switch {
		case r.Path == "/v1/chat/completions":
			return conformance.OpenAI().Stream(reply)
		case r.Path == "/v1/responses":
			return conformance.Responses().Stream(reply)
		case r.Path == "/v1/models":
			return conformance.OpenAI().Whole(llmtest.Models(llm.ModelInfo{Name: "gpt-6-luna"}))
		case r.Path == "/v1/embeddings":
			return conformance.OpenAI().Whole(llmtest.Embedding([]float32{1, 0}))
		case r.Path == "/api/chat":
			return conformance.Ollama().Stream(reply)
		case r.Path == "/api/embed":
			return conformance.Ollama().Whole(llmtest.Embedding([]float32{1, 0}, []float32{0, 1}))
		case r.Path == "/api/pull":
			return llmtest.HTTP(http.StatusOK, "application/x-ndjson", `{"status":"pulling","digest":"sha256:1","completed":7,"total":9}`+"\n"+`{"status":"success"}`+"\n")
		case strings.Contains(r.Path, ":countTokens"):
			return llmtest.JSON(http.StatusOK, `{"totalTokens":7}`)
		case strings.Contains(r.Path, ":streamGenerateContent"):
			return conformance.Gemini().Stream(reply)
		}
		t.Errorf("unexpected request: %s %s", r.Method, r.Path)
		return llmtest.Empty(http.StatusNotFound)
	})
	return srv
}
