package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func output(t *testing.T, args ...string) string {
	t.Helper()
	var b strings.Builder
	if err := run(&b, args); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestFilters(t *testing.T) {
	config := filepath.Join(t.TempDir(), "parley.yaml")
	if err := os.WriteFile(config, []byte("models: {own: {model: ollama/llama3.2, info: {context_window: 4711, capabilities: [tools]}}, luna: {model: openai/gpt-6-luna, key: k, info: {max_output: 64001}}}"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args     []string
		has, not []string
	}{
		{nil, []string{"MODEL", "openai/gpt-6-luna", "gemini/gemini-3.8-flash", "0.1"}, []string{"retired", "LLaMA 2"}},
		{[]string{"-all"}, []string{"openai/gpt-3.5-turbo", "retired 2026-10-23, then gpt-5.6-terra", "LaMDA"}, nil},
		{[]string{"-provider", "gemini", "-takes", "audio"}, []string{"gemini/gemini-3.7-flash"}, []string{"openai/", "gemini/gemma"}},
		{[]string{"-can", "reasoning"}, []string{"groq/openai/gpt-oss-120b"}, []string{"openai/gpt-4o "}},
		{[]string{"-config", config, "-provider", "ollama"}, []string{"ollama/llama3.2", "4711"}, []string{"openai/"}},
		{[]string{"-config", config, "openai/gpt-6-luna"}, []string{"64001", "1050000"}, []string{"128000"}},
		{[]string{"llama", "2"}, []string{"7B, 13B, 70B", "Llama 2 Community License", "arxiv.org/abs/2307.09288", "As of      20"}, []string{"MODEL"}},
		{[]string{"gpt-4o-mini-2024-07-18"}, []string{"openai/gpt-4o-mini", "deprecated 2027-01-14, then gpt-6-luna"}, nil},
	} {
		t.Run(strings.Join(test.args, " "), func(t *testing.T) {
			got := output(t, test.args...)
			for _, text := range test.has {
				if !strings.Contains(got, text) {
					t.Errorf("the output does not contain %q:\n%s", text, got)
				}
			}
			for _, text := range test.not {
				if strings.Contains(got, text) {
					t.Errorf("the output contains %q:\n%s", text, got)
				}
			}
		})
	}
}

func TestUnknownModel(t *testing.T) {
	if err := run(new(strings.Builder), []string{"nobody/nothing"}); err == nil || !strings.Contains(err.Error(), `model "nobody/nothing" is not in the catalog of 20`) {
		t.Errorf("the error is %v", err)
	}
}
