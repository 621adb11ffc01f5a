package main

import (
	"os"
	"testing"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
	"github.com/parley-llm/parley/providers/config"
)

func TestMask(t *testing.T) {
	p := llmtest.New(llmtest.Text("Dear <person1>, <per", "son2> and ", "<", "person1> will come: 1 <", " 2"))
	req := llm.Prompt("Write to bob@example.com and eve@example.com, not to bob@example.com alone.")
	resp, err := p.Model(llm.WithMiddleware(&Mask{Word: "person"})).Generate(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := p.Calls()[0].Request.Messages[0].Text(), "Write to <person1> and <person2>, not to <person1> alone."; got != want {
		t.Errorf("the model received %q, want %q", got, want)
	}
	if got, want := resp.Text(), "Dear bob@example.com, eve@example.com and bob@example.com will come: 1 < 2"; got != want {
		t.Errorf("the answer is %q, want %q", got, want)
	}
	if got := req.Messages[0].Text(); got != "Write to bob@example.com and eve@example.com, not to bob@example.com alone." {
		t.Errorf("the caller's request is now %q", got)
	}
}

func TestMaskInConfigFile(t *testing.T) {
	path := t.TempDir() + "/parley.yaml"
	if err := os.WriteFile(path, []byte("models: {m: {model: ollama/m, middleware: [mask: {word: person}]}}"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := cfg.Close(); err != nil {
		t.Error(err)
	}
}
