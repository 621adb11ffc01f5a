package gemini_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/parley-llm/parley/internal/providertest"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
	"github.com/parley-llm/parley/llm/llmtest/conformance"
	"github.com/parley-llm/parley/providers/gemini"
)

func TestAbandonedStreamsReleaseResources(t *testing.T) {
	endless := providertest.Endless("text/event-stream", sse(parts(text(" round"))))
	providertest.LeaveEarly(t, endless, func(baseURL string) providertest.Closing {
		return provider(t, gemini.Config{BaseURL: baseURL, APIKey: key})
	})
}

func TestConnectionIsUsedAgainAfterAWholeAnswer(t *testing.T) {
	srv := llmtest.NewLoopbackServer(t)
	srv.Handle(func(*llmtest.Request) llmtest.HTTPReply {
		return conformance.Gemini().Stream(llmtest.Text("a", "b").Usage(1, 2))
	})
	p := provider(t, gemini.Config{BaseURL: srv.URL, HTTPClient: srv.Client(), APIKey: key})
	for range 20 {
		mustAsk(t, p, llm.Prompt("hi"))
	}
	equal(t, "the number of connections for 20 calls", srv.Opened(), 1)
}

// quietProgram imports the package and prints the number of goroutines.
const quietProgram = `package main

import (
	"fmt"
	"runtime"

	_ "github.com/parley-llm/parley/providers/gemini"
)

func main() { fmt.Print(runtime.NumGoroutine()) }
`

// TestImportIsQuiet checks that importing the package starts no goroutine and prints nothing,
// even in an environment that triggers warnings of Google's clients.
func TestImportIsQuiet(t *testing.T) {
	if testing.Short() {
		t.Skip("this test builds a program")
	}
	root, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	if err := os.WriteFile(folder+"/main.go", []byte(quietProgram), 0o600); err != nil {
		t.Fatal(err)
	}
	build := exec.Command("go", "build", "-o", folder+"/quiet", folder+"/main.go")
	build.Dir = strings.TrimSpace(string(root))
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	run := exec.Command(folder + "/quiet")
	run.Env = append(os.Environ(), "GOOGLE_API_KEY=a", "GEMINI_API_KEY=b", "GOOGLE_GENAI_USE_VERTEXAI=1", "GOOGLE_GENAI_USE_ENTERPRISE=0")
	out, err := run.CombinedOutput()
	if err != nil || string(out) != "1" {
		t.Errorf("a program that imports the package prints %q (%v), want the number of its goroutines, 1, and nothing else", out, err)
	}
}

// TestGooglePackagesAreNotLinked checks that a program without this provider does not link Google's packages.
func TestGooglePackagesAreNotLinked(t *testing.T) {
	const module = "github.com/parley-llm/parley/"
	list := exec.Command("go", "list", "-deps", module+"llm", module+"llm/llmtest", module+"providers", module+"providers/openai", module+"providers/ollama")
	out, err := list.Output()
	if err != nil {
		t.Fatalf("%v: %v", list, err)
	}
	packages := strings.Fields(string(out))
	if len(packages) < 100 {
		t.Fatalf("%v lists %d packages, too few to prove anything", list, len(packages))
	}
	for _, name := range packages {
		for _, own := range []string{"google.golang.org/", "cloud.google.com/", "github.com/google/", "github.com/googleapis/", module + "providers/gemini"} {
			if strings.HasPrefix(name, own) {
				t.Errorf("a program that imports llm and providers/openai links %s", name)
			}
		}
	}
}
