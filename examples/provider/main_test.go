package main

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers"
)

func TestEliza(t *testing.T) {
	model, err := providers.Open("eliza/1966")
	if err != nil {
		t.Fatal(err)
	}
	for said, want := range map[string]string{
		"I need a holiday.":     "Why do you need a holiday?",
		"I am tired":            "How long have you been tired?",
		"It is my mother's.":    "Tell me more of your family.",
		"The weather is lovely": "Please go on.",
	} {
		resp, err := model.Generate(t.Context(), llm.Prompt(said))
		if err != nil {
			t.Fatal(err)
		}
		if resp.Text() != want || resp.FinishReason != llm.FinishStop {
			t.Errorf("Eliza answers %q with %q (%s), want %q", said, resp.Text(), resp.FinishReason, want)
		}
	}
}

func TestElizaUnsupported(t *testing.T) {
	model := llm.New(eliza{}, "1966")
	req := llm.Prompt("hi")
	req.Tools = []llm.Tool{{Name: "f"}}
	resp, err := model.Generate(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]llm.Warning{{Code: llm.WarnUnsupported, Setting: "Tools", Message: "Eliza does not support tools"}}, resp.Warnings); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
	req.FailOnUnsupported = true
	if _, err := model.Generate(t.Context(), req); !errors.Is(err, llm.Unsupported) {
		t.Errorf("the error with FailOnUnsupported is %v", err)
	}
	if _, err := model.ListModels(t.Context()); !errors.Is(err, llm.Unsupported) {
		t.Errorf("the error of ListModels is %v", err)
	}
}

func TestElizaStopsEarly(t *testing.T) {
	for range llm.New(eliza{}, "1966").Stream(t.Context(), llm.Prompt("I need a long answer")).Text() {
		break
	}
}
