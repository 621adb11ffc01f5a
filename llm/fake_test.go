package llm_test

import (
	"context"
	"testing"

	"github.com/parley-llm/parley/internal/eventtest"
	"github.com/parley-llm/parley/llm"
)

// Helpers of package eventtest, under short names.
type fake = eventtest.Provider

var (
	script, failing = eventtest.Script, eventtest.Failing

	text, reasoning, refusal      = eventtest.Text, eventtest.Reasoning, eventtest.Refusal
	callStart, callDelta, callEnd = eventtest.CallStart, eventtest.CallDelta, eventtest.CallEnd
	start, warning, attempt, done = eventtest.Start, eventtest.Warning, eventtest.Attempt, eventtest.Done

	read, diff, check = eventtest.Read, eventtest.Diff, eventtest.Check
)

// answering returns the model "fake/tiny", which answers every call with events.
func answering(events llm.Events, options ...llm.ModelOption) *llm.Model {
	return llm.New(fake(func(context.Context, *llm.Call) llm.Events { return events }), "tiny", options...)
}

func reset() llm.Event { return llm.Event{Type: llm.EventReset} }

// answer returns the messages of an answer with these parts.
func answer(parts ...llm.Part) []llm.Message {
	return []llm.Message{{Role: llm.RoleAssistant, Parts: parts}}
}

// asError returns err as an *llm.Error. Every error of a call must be one.
func asError(t *testing.T, err error) *llm.Error {
	t.Helper()
	e, ok := err.(*llm.Error)
	if !ok {
		t.Fatalf("the error is a %T, want an *llm.Error: %v", err, err)
	}
	return e
}
