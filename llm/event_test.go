package llm_test

import (
	"testing"
	"unsafe"

	"github.com/parley-llm/parley/llm"
)

// Each chunk of an answer passes through each middleware as an Event by value.
func TestEventIsAtMostSevenWords(t *testing.T) {
	const word = unsafe.Sizeof(uintptr(0))
	if size := unsafe.Sizeof(llm.Event{}); size > 7*word {
		t.Errorf("an Event is %d bytes, want at most seven words, which are %d", size, 7*word)
	}
}

func TestEventTypeNamesAndContent(t *testing.T) {
	for _, test := range []struct {
		event   llm.EventType
		name    string
		content bool // the event commits the call
	}{
		{0, "invalid", false},
		{llm.EventStart, "start", false},
		{llm.EventText, "text", true},
		{llm.EventReasoning, "reasoning", true},
		{llm.EventRefusal, "refusal", true},
		{llm.EventToolCallStart, "tool_call_start", true},
		{llm.EventToolCallDelta, "tool_call_delta", true},
		{llm.EventToolCallEnd, "tool_call_end", true},
		{llm.EventMedia, "media", true},
		{llm.EventSource, "source", true},
		{llm.EventLogprob, "logprob", true},
		{llm.EventResult, "result", true},
		{llm.EventStepStart, "step_start", true},
		{llm.EventStepEnd, "step_end", true},
		{llm.EventWarning, "warning", false},
		{llm.EventAttempt, "attempt", false},
		{llm.EventReset, "reset", true},
		{llm.EventDone, "done", true},
		{llm.EventDone + 1, "invalid", false},
		{255, "invalid", false},
	} {
		if got := test.event.String(); got != test.name {
			t.Errorf("EventType(%d).String() = %q, want %q", test.event, got, test.name)
		}
		if got := test.event.Content(); got != test.content {
			t.Errorf("EventType %q: Content() = %t, want %t", test.name, got, test.content)
		}
	}
}
