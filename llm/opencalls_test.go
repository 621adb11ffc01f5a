package llm_test

import (
	"encoding/json"
	"testing"

	"github.com/parley-llm/parley/llm"
)

func TestOpenAndClosedCalls(t *testing.T) {
	a, b := llm.ToolCall{ID: "1", Name: "f", Arguments: "{}"}, llm.ToolCall{Name: "g"}
	done := func(results ...llm.ToolResult) llm.Message { return llm.ToolResults(results...) }
	ok := llm.ToolResult{CallID: "1", Content: "ok"}
	closed := func(id, name string) llm.ToolResult {
		return llm.ToolResult{CallID: id, Name: name, Content: "cancelled", IsError: true}
	}
	for _, test := range []struct {
		name    string
		history []llm.Message
		open    []llm.ToolCall
		closed  []llm.Message // nil if nothing changes
	}{
		{name: "nothing"},
		{name: "no calls", history: []llm.Message{llm.User("u"), llm.Assistant("a")}},
		{name: "all answered", history: []llm.Message{llm.User("u"), llm.Assistant("", a), done(ok)}},
		{
			name: "at the end", history: []llm.Message{llm.User("u"), llm.Assistant("", a, b)}, open: []llm.ToolCall{a, b},
			closed: []llm.Message{llm.User("u"), llm.Assistant("", a, b), done(closed("1", "f"), closed("", "g"))},
		},
		{
			name: "one of two", history: []llm.Message{llm.User("u"), llm.Assistant("", a, b), done(ok)}, open: []llm.ToolCall{b},
			closed: []llm.Message{llm.User("u"), llm.Assistant("", a, b), done(ok, closed("", "g"))},
		},
		{
			name: "one id twice", history: []llm.Message{llm.Assistant("", a, a), done(ok)}, open: []llm.ToolCall{a},
			closed: []llm.Message{llm.Assistant("", a, a), done(ok, closed("1", "f"))},
		},
		{
			name: "before a later turn", history: []llm.Message{llm.Assistant("", a), llm.User("stop"), llm.Assistant("", a), done(ok)},
			closed: []llm.Message{llm.Assistant("", a), done(closed("1", "f")), llm.User("stop"), llm.Assistant("", a), done(ok)},
		},
		{
			name:    "with decisions",
			history: []llm.Message{llm.Assistant("", a, b), {Role: llm.RoleTool, Parts: []llm.Part{a.Approve()}}, {Role: llm.RoleTool, Parts: []llm.Part{b.Deny("no"), ok}}},
			open:    []llm.ToolCall{b},
			closed:  []llm.Message{llm.Assistant("", a, b), done(ok, closed("", "g"))},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			before, _ := json.Marshal(test.history)
			check(t, "open calls", test.open, llm.OpenCalls(test.history))
			check(t, "open calls of a response", test.open, (&llm.Response{Messages: test.history}).OpenCalls())
			want := test.closed
			if want == nil {
				want = test.history
			}
			got := llm.CloseCalls(test.history, "cancelled")
			check(t, "closed history", want, got)
			check(t, "closed twice", want, llm.CloseCalls(got, "cancelled"))
			check(t, "open calls after it", []llm.ToolCall(nil), llm.OpenCalls(got))
			if len(got) > 0 {
				if err := (&llm.Request{Messages: got}).Validate(); err != nil {
					t.Errorf("the closed history is not valid: %v", err)
				}
			}
			after, _ := json.Marshal(test.history)
			check(t, "given history, which must not change", string(before), string(after))
		})
	}
}

func TestDecisionMatchesOneCall(t *testing.T) {
	call := llm.ToolCall{ID: "1", Name: "pay", Arguments: `{"eur":1}`}
	for _, d := range []llm.Decision{call.Approve(), call.Deny("no")} {
		for _, test := range []struct {
			call llm.ToolCall
			want bool
		}{
			{call, true},
			{llm.ToolCall{ID: "2", Name: "pay", Arguments: `{"eur":1}`}, false},
			{llm.ToolCall{ID: "1", Name: "paid", Arguments: `{"eur":1}`}, false},
			{llm.ToolCall{ID: "1", Name: "pay", Arguments: `{"eur":1000}`}, false},
			{llm.ToolCall{ID: "1", Name: "pay", Arguments: `{"eur": 1}`}, false},
		} {
			check(t, "match", test.want, d.Matches(test.call))
		}
	}
	check(t, "approved", true, call.Approve().Approved)
	check(t, "denied", llm.Decision{CallID: "1", Name: "pay", ArgumentsHash: call.Approve().ArgumentsHash, Reason: "no"}, call.Deny("no"))
}
