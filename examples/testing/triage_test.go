package main

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
)

// A scripted model tests how the program handles answers.
func TestTriage(t *testing.T) {
	for _, test := range []struct {
		name  string
		reply llmtest.Reply
		box   string
		err   string
	}{
		{"a plain answer", llmtest.Text("billing"), "billing", ""},
		{"an answer in pieces", llmtest.Text("B", "ug", ".\n"), "bug", ""},
		{"an answer that is none", llmtest.Text("It depends."), "", `unexpected answer "It depends.": want one of [billing bug other]`},
		{"a request that is filtered", llmtest.Error(&llm.Error{Kind: llm.ContentFilter}), "other", ""},
		{"a busy server", llmtest.Error(&llm.Error{Kind: llm.Overloaded, Message: "try later"}), "", "parley: llmtest/scripted: overloaded: try later"},
	} {
		t.Run(test.name, func(t *testing.T) {
			box, err := triage(t.Context(), llmtest.New(test.reply).Model(), "My invoice is wrong")
			message := ""
			if err != nil {
				message = err.Error()
			}
			if box != test.box || message != test.err {
				t.Errorf("triage returned %q and the error %q,\nwant %q and %q", box, message, test.box, test.err)
			}
		})
	}
}

// The scripted model records the requests that it receives.
func TestTriageRequest(t *testing.T) {
	provider := llmtest.New(llmtest.Text("bug"))
	if _, err := triage(t.Context(), provider.Model(), "It crashes"); err != nil {
		t.Fatal(err)
	}
	want := &llm.Request{
		Messages:  []llm.Message{llm.System("Answer with one word: billing, bug, other."), llm.User("It crashes")},
		MaxTokens: 2000,
	}
	if diff := cmp.Diff(want, provider.Calls()[0].Request); diff != "" {
		t.Errorf("request (-want +got):\n%s", diff)
	}
}

// A truncated answer is an error, even if its text is the name of a box.
func TestTriageIncompleteAnswer(t *testing.T) {
	cut := llmtest.Events(llm.Event{Type: llm.EventText, Text: "bug"}) // without an end
	box, err := triage(t.Context(), llmtest.New(cut).Model(), "It crashes")
	if !errors.Is(err, llm.Incomplete) || box != "" {
		t.Errorf("triage returned %q and the error %v, want an incomplete answer", box, err)
	}
}
