package readme

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestSnippetsCompile(t *testing.T) {
	snippets, err := Snippets(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	ours := slices.DeleteFunc(snippets, func(s Snippet) bool { return s.Foreign != nil })
	if len(ours) < 10 {
		t.Fatalf("README.md and docs have %d Go snippets, want at least 10: check that they begin with ```go", len(ours))
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	if err := Compile(here, ours); err != nil {
		t.Error(err)
	}
}
