package llmutil_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/parley-llm/parley/llm"
)

// fake is a provider that calls a function.
type fake func(ctx context.Context, call *llm.Call) llm.Events

func (fake) Name() string { return "fake" }

func (f fake) Do(ctx context.Context, call *llm.Call) llm.Events { return f(ctx, call) }

// script returns a sequence of these events.
func script(events ...llm.Event) llm.Events { return failing(nil, events...) }

// failing returns a sequence of these events and then the error, unless it is nil.
func failing(err error, events ...llm.Event) llm.Events {
	return func(yield func(llm.Event, error) bool) {
		for _, ev := range events {
			if !yield(ev, nil) {
				return
			}
		}
		if err != nil {
			yield(llm.Event{}, err)
		}
	}
}

func text(s string) llm.Event      { return llm.Event{Type: llm.EventText, Text: s} }
func reasoning(s string) llm.Event { return llm.Event{Type: llm.EventReasoning, Text: s} }
func refusal(s string) llm.Event   { return llm.Event{Type: llm.EventRefusal, Text: s} }

func start(id string) llm.Event {
	return llm.Event{Type: llm.EventStart, Detail: &llm.Start{ID: id}}
}

func callStart(index int, id, name string) llm.Event {
	return llm.Event{Type: llm.EventToolCallStart, Index: index, Detail: &llm.ToolCall{ID: id, Name: name}}
}

func callDelta(index int, arguments string) llm.Event {
	return llm.Event{Type: llm.EventToolCallDelta, Index: index, Text: arguments}
}

func callEnd(index int, id, name, arguments string) llm.Event {
	return llm.Event{Type: llm.EventToolCallEnd, Index: index, Detail: &llm.ToolCall{ID: id, Name: name, Arguments: arguments}}
}

func warning(message string) llm.Event {
	return llm.Event{Type: llm.EventWarning, Detail: &llm.Warning{Code: llm.WarnOther, Message: message}}
}

func attempt(model string) llm.Event {
	return llm.Event{Type: llm.EventAttempt, Detail: &llm.Attempt{Provider: "fake", Model: model}}
}

func done() llm.Event {
	return llm.Event{Type: llm.EventDone, Detail: &llm.Done{
		FinishReason:    llm.FinishStop,
		RawFinishReason: "stop",
		Usage:           llm.Usage{Input: llm.Known(5), Output: llm.Known(2)},
	}}
}

// read ranges over all events; it returns them and the error that ended them.
func read(events llm.Events) (all []llm.Event, last error) {
	for ev, err := range events {
		if err != nil {
			return all, err
		}
		all = append(all, ev)
	}
	return all, nil
}

// diff compares values; errors are equal if they are the same or match by
// errors.Is, and empty slices and maps equal nil ones.
func diff(want, got any) string {
	return cmp.Diff(want, got, cmpopts.EquateEmpty(), cmp.Comparer(func(a, b error) bool {
		return errors.Is(a, b) || errors.Is(b, a)
	}))
}

// check reports the difference between the wanted and the actual value.
func check(t *testing.T, what string, want, got any) {
	t.Helper()
	if d := diff(want, got); d != "" {
		t.Errorf("%s differs (-want +got):\n%s", what, d)
	}
}

func provider(data string) *llm.ProviderData {
	return &llm.ProviderData{Provider: "fake", Data: []byte(data)}
}
