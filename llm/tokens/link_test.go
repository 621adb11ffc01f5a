package tokens_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// A vocabulary is as large as a small program, so each must be part only of
// programs that can reach its function.
func TestProgramsContainOnlyTheVocabulariesTheyReach(t *testing.T) {
	if testing.Short() {
		t.Skip("builds five programs")
	}
	const cl100k, o200k = "cl100k_base", "o200k_base"
	dir := t.TempDir()
	for _, test := range []struct {
		name, use string
		want      []string
	}{
		{"none", "var e tokens.Encoding; println(e.Name())", nil},
		{"CL100kBase", "println(tokens.CL100kBase().Name())", []string{cl100k}},
		{"O200kBase", "println(tokens.O200kBase().Name())", []string{o200k}},
		{"O200kHarmony", "println(tokens.O200kHarmony().Name())", []string{o200k}},
		{"For", `e, _ := tokens.For("gpt-4o"); println(e.Name())`, []string{cl100k, o200k}},
	} {
		source := filepath.Join(dir, test.name+".go")
		program := fmt.Sprintf("package main\n\nimport %q\n\nfunc main() { %s }\n", "github.com/parley-llm/parley/llm/tokens", test.use)
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
