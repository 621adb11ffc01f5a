// Package eventtest makes events and providers for the tests of package llm and of the
// packages that handle events.
package eventtest

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/parley-llm/parley/llm"
)

// Provider is a provider with the name "fake" that calls a function.
type Provider func(ctx context.Context, call *llm.Call) llm.Events

// Name returns "fake".
func (Provider) Name() string { return "fake" }

// Do calls the function.
func (p Provider) Do(ctx context.Context, call *llm.Call) llm.Events { return p(ctx, call) }

// Script returns a sequence of these events.
func Script(events ...llm.Event) llm.Events { return Failing(nil, events...) }

// Failing returns a sequence of these events and then the error, unless it is nil.
func Failing(err error, events ...llm.Event) llm.Events {
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

// Text returns a piece of text.
func Text(s string) llm.Event { return llm.Event{Type: llm.EventText, Text: s} }

// Reasoning returns a piece of reasoning.
func Reasoning(s string) llm.Event { return llm.Event{Type: llm.EventReasoning, Text: s} }

// Refusal returns a piece of a refusal.
func Refusal(s string) llm.Event { return llm.Event{Type: llm.EventRefusal, Text: s} }

// Start returns the start of an answer with the given id.
func Start(id string) llm.Event {
	return llm.Event{Type: llm.EventStart, Detail: &llm.Start{ID: id}}
}

// CallStart returns the start of a tool call.
func CallStart(index int, id, name string) llm.Event {
	return llm.Event{Type: llm.EventToolCallStart, Index: index, Detail: &llm.ToolCall{ID: id, Name: name}}
}

// CallDelta returns a piece of the arguments of a tool call.
func CallDelta(index int, arguments string) llm.Event {
	return llm.Event{Type: llm.EventToolCallDelta, Index: index, Text: arguments}
}

// CallEnd returns the end of a tool call.
func CallEnd(index int, id, name, arguments string) llm.Event {
	return llm.Event{Type: llm.EventToolCallEnd, Index: index, Detail: &llm.ToolCall{ID: id, Name: name, Arguments: arguments}}
}

// Warning returns a warning with the code WarnOther.
func Warning(message string) llm.Event {
	return llm.Event{Type: llm.EventWarning, Detail: &llm.Warning{Code: llm.WarnOther, Message: message}}
}

// Attempt returns a failed attempt with a model of the provider "fake".
func Attempt(model string) llm.Event {
	return llm.Event{Type: llm.EventAttempt, Detail: &llm.Attempt{Provider: "fake", Model: model}}
}

// Done returns the end of an answer of 5 input and 2 output tokens.
func Done() llm.Event {
	return llm.Event{Type: llm.EventDone, Detail: &llm.Done{
		FinishReason:    llm.FinishStop,
		RawFinishReason: "stop",
		Usage:           llm.Usage{Input: llm.Known(5), Output: llm.Known(2)},
	}}
}

// Read ranges over all events. It returns them and the error that ended them.
func Read(events llm.Events) (all []llm.Event, last error) {
	for ev, err := range events {
		if err != nil {
			return all, err
		}
		all = append(all, ev)
	}
	return all, nil
}

// Diff compares values. Errors are equal if they are the same or match by errors.Is, and
// empty slices and maps equal nil ones.
func Diff(want, got any) string {
	return cmp.Diff(want, got, cmpopts.EquateEmpty(), cmp.Comparer(func(a, b error) bool {
		return errors.Is(a, b) || errors.Is(b, a)
	}))
}

// Check reports the difference between the wanted and the actual value.
func Check(t *testing.T, name string, want, got any) {
	t.Helper()
	if d := Diff(want, got); d != "" {
		t.Errorf("%s differs (-want +got):\n%s", name, d)
	}
}

// Chunks is the number of text events of ThousandChunks.
const Chunks = 1000

// ThousandChunks returns an answer of 1,000 text events. It is made in advance, so that a
// benchmark measures only the package under test.
func ThousandChunks() llm.Events {
	events := []llm.Event{Start("id")}
	for range Chunks {
		events = append(events, Text(" word"))
	}
	return Script(append(events, Done())...)
}

// PerChunk reports the time and the allocations of b's loop for each chunk. The round is one
// iteration of the loop.
func PerChunk(b *testing.B, round func()) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/Chunks, "ns/chunk")
	b.ReportMetric(testing.AllocsPerRun(3, round)/Chunks, "allocs/chunk")
}
