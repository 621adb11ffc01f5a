package tokens_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// A vocabulary is as large as a small program, so a program must contain one only if it
// can reach its function.
func TestProgramsContainOnlyTheVocabulariesTheyReach(t *testing.T) {
	if testing.Short() {
		t.Skip("builds programs")
	}
	const cl100k, o200k = "cl100k_base", "o200k_base"
	dir := t.TempDir()
	for _, test := range []struct {
		name, imports, use string
		want               []string
	}{
		{"none", "llm/tokens", "var e tokens.Encoding; println(e.Name())", nil},
		{"CL100kBase", "llm/tokens", "println(tokens.CL100kBase().Name())", []string{cl100k}},
		{"O200kBase", "llm/tokens", "println(tokens.O200kBase().Name())", []string{o200k}},
		{"O200kHarmony", "llm/tokens", "println(tokens.O200kHarmony().Name())", []string{o200k}},
		{"For", "llm/tokens", `e, _ := tokens.For("gpt-4o"); println(e.Name())`, []string{cl100k, o200k}},
		// Ollama's tokens are counted with the vocabulary that the server returns. Those
		// of OpenAI's models are counted in the process by default.
		{"ollama", "providers/ollama", "p, err := ollama.New(ollama.Config{}); println(p.Do(nil, nil), err)", nil},
		{"openai", "providers/openai", "p, err := openai.New(openai.Config{}); println(p.Do(nil, nil), err)", []string{cl100k, o200k}},
	} {
		source := filepath.Join(dir, test.name+".go")
		program := fmt.Sprintf("package main\n\nimport \"github.com/parley-llm/parley/%s\"\n\nfunc main() { %s }\n", test.imports, test.use)
		if err := os.WriteFile(source, []byte(program), 0o666); err != nil {
			t.Fatal(err)
		}
		binary := filepath.Join(dir, test.name)
		if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, source).CombinedOutput(); err != nil {
			t.Fatalf("building the program with %s: %v\n%s", test.name, err, out)
		}
		built, err := os.ReadFile(binary)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("the program with %s has %d bytes", test.name, len(built))
		for _, vocabulary := range []string{cl100k, o200k} {
			data, err := os.ReadFile(filepath.Join("data", vocabulary+".bpe"))
			if err != nil {
				t.Fatal(err)
			}
			want := false
			for _, name := range test.want {
				want = want || name == vocabulary
			}
			if got := bytes.Contains(built, data); got != want {
				t.Errorf("the program with %s contains %s: %t, want %t", test.name, vocabulary, got, want)
			}
		}
	}
}
