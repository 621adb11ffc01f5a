package main

import (
	"testing"

	"github.com/parley-llm/parley/providers/llama"
)

func TestBarShowsProgress(t *testing.T) {
	for _, test := range []struct {
		progress *llama.Progress
		want     string
	}{
		{nil, ""},
		{&llama.Progress{Stage: llama.StagePrompt, Done: 10, Total: 10}, ""},
		{&llama.Progress{Stage: llama.StageLoad, Done: 1 << 29, Total: 1 << 30}, " loading the model ██████████░░░░░░░░░░ 50%"},
		{&llama.Progress{Stage: llama.StagePrompt, Done: 128, Total: 1280}, " reading the prompt ██░░░░░░░░░░░░░░░░░░ 10%"},
	} {
		if got := bar(test.progress); got != test.want {
			t.Errorf("%+v is %q, want %q", test.progress, got, test.want)
		}
	}
}
