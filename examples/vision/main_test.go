package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
)

func TestDescribe(t *testing.T) {
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a.png"), filepath.Join(dir, "b.png")
	for _, path := range []string{a, b} {
		if err := os.WriteFile(path, []byte(filepath.Base(path)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		args []string
		want llm.Message
	}{
		{[]string{a, b, "What", "differs?"}, llm.User("What differs?", llm.Image{Data: []byte("a.png")}, llm.Image{Data: []byte("b.png")})},
		{[]string{a}, llm.User("Describe the images.", llm.Image{Data: []byte("a.png")})},
	} {
		p := llmtest.New(llmtest.Text("A ", "cat."))
		var out strings.Builder
		if err := describe(t.Context(), &out, p.Model(), test.args); err != nil {
			t.Fatal(err)
		}
		if out.String() != "A cat.\n" {
			t.Errorf("the output is %q", out.String())
		}
		if diff := cmp.Diff([]llm.Message{test.want}, p.Calls()[0].Request.Messages); diff != "" {
			t.Errorf("messages (-want +got):\n%s", diff)
		}
	}
	if err := describe(t.Context(), new(strings.Builder), llmtest.New().Model(), []string{"What", "is", "this?"}); err == nil || err.Error() != "missing image: pass image files before the question" {
		t.Errorf("the error without an image is %v", err)
	}
}
