package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTypesEnumsAndLongFunctionsAreCounted(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "llm"), 0o700); err != nil {
		t.Fatal(err)
	}
	source := "// Package llm is a sample.\npackage llm\n\ntype Kind string\ntype Events = []int\ntype Model struct{}\ntype hidden struct{}\n\nfunc long() {\n" +
		strings.Repeat("\t_ = 1\n", 60) + "}\n"
	if err := os.WriteFile(filepath.Join(dir, "llm", "a.go"), []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	tree := &tree{root: dir, lines: map[string]int{}}
	if err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error { return tree.visit(path, entry, err) }); err != nil {
		t.Fatal(err)
	}
	if tree.types != 2 || tree.enums != 1 {
		t.Errorf("%d types and %d enums, want 2 and 1", tree.types, tree.enums)
	}
	if got, want := strings.Join(tree.longFunctions, " "), "llm/a.go: long: 62"; got != want {
		t.Errorf("long functions: %q, want %q", got, want)
	}
}
