// Package readme holds the README to what it shows: every Go snippet compiles.
package readme

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	blocks   = regexp.MustCompile("(?s)```go\n(.*?)```")
	selector = regexp.MustCompile(`\b([a-z]+)\.[A-Z]`)
)

// packages are what a snippet may use without importing it.
var packages = map[string]string{
	"context": "context", "errors": "errors", "fmt": "fmt", "json": "encoding/json", "log": "log", "os": "os", "time": "time",
	"llm":       "github.com/parley-llm/parley/llm",
	"llmtest":   "github.com/parley-llm/parley/llm/llmtest",
	"ollama":    "github.com/parley-llm/parley/providers/ollama",
	"openai":    "github.com/parley-llm/parley/providers/openai",
	"providers": "github.com/parley-llm/parley/providers",
	"egress":    "github.com/parley-llm/parley/llm/egress",
	"tokens":    "github.com/parley-llm/parley/llm/tokens",
}

// given is what a snippet that is not a whole program may take for granted.
const given = `
var (
	ctx     = context.Background()
	model   *llm.Model
	req     *llm.Request
	history []llm.Message
	png     []byte
	text    string
	setup   *providers.Setup
	weather func(arguments string) string
)
`

func TestSnippetsCompile(t *testing.T) {
	root := filepath.Join("..", "..")
	pages, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	overlay := struct{ Replace map[string]string }{map[string]string{}}
	temp := t.TempDir()
	var targets []string
	for _, page := range append(pages, filepath.Join(root, "README.md")) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for i, block := range blocks.FindAllStringSubmatch(string(text), -1) {
			name := fmt.Sprintf("%s%d", strings.TrimSuffix(filepath.Base(page), ".md"), i)
			file := filepath.Join(temp, name+".go")
			if err := os.WriteFile(file, []byte(program(block[1])), 0o600); err != nil {
				t.Fatal(err)
			}
			overlay.Replace[filepath.Join(here, name, "main.go")] = file
			targets = append(targets, "./"+name)
		}
	}
	if len(targets) < 10 {
		t.Fatalf("README.md and docs have %d Go snippets, want at least 10: is their form still ```go?", len(targets))
	}
	data, err := json.Marshal(overlay)
	if err != nil {
		t.Fatal(err)
	}
	overlayFile := filepath.Join(temp, "overlay.json")
	if err := os.WriteFile(overlayFile, data, 0o600); err != nil {
		t.Fatal(err)
	}
	args := append([]string{"list", "-export", "-overlay", overlayFile}, targets...) // which compiles, and links nothing
	if out, err := exec.Command("go", args...).CombinedOutput(); err != nil {
		t.Errorf("a snippet does not compile: %v\n%s", err, out)
	}
}

// program makes a whole program of a snippet.
func program(snippet string) string {
	if strings.HasPrefix(snippet, "package ") {
		return snippet
	}
	used := []string{"context", "llm", "providers"}
	for _, match := range selector.FindAllStringSubmatch(snippet, -1) {
		if packages[match[1]] != "" && !slices.Contains(used, match[1]) {
			used = append(used, match[1])
		}
	}
	var b strings.Builder
	b.WriteString("package main\n")
	for _, name := range used {
		fmt.Fprintf(&b, "import %q\n", packages[name])
	}
	b.WriteString(given)
	b.WriteString("func main() { _ = snippet() }\nfunc snippet() error {\n")
	b.WriteString(snippet)
	// What a snippet declares, it need not use.
	for _, name := range []string{"resp", "answer", "model", "retryOnce"} {
		if regexp.MustCompile(`(?m)^` + name + `, err :=|^` + name + ` :=`).MatchString(snippet) {
			fmt.Fprintf(&b, "_ = %s\n", name)
		}
	}
	if strings.Contains(snippet, ", err :=") && !strings.Contains(snippet, "if err != nil") {
		b.WriteString("_ = err\n")
	}
	if !strings.HasSuffix(snippet, "}\n}\n") || !strings.Contains(snippet, "for {") {
		b.WriteString("return nil\n")
	}
	b.WriteString("}\n")
	return b.String()
}
