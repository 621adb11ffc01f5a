package conformance

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
	"github.com/parley-llm/parley/llm/llmtest/internal/jsontext"
)

// wanted returns the expected response for a reply.
func wanted(reply llmtest.Reply) *llm.Response {
	events, _ := reply.Events() // the events before the failure, if any
	resp, _ := llm.Collect(func(yield func(llm.Event, error) bool) {
		for _, ev := range events {
			if !yield(ev, nil) {
				return
			}
		}
	})
	return resp
}

// compare checks that a response has the content of the reply.
func (e *env) compare(got *llm.Response, reply llmtest.Reply) {
	e.Helper()
	want := wanted(reply)
	if problem := e.difference(got, want); problem != "" {
		e.Fatalf("the answer differs from the one that the server sent: %s\n got: %s\nwant: %s", problem, describe(got), describe(want))
	}
	if reason := e.finish(want); got.FinishReason != reason {
		e.Errorf("the finish reason is %q, want %q", got.FinishReason, reason)
	}
}

// finish returns the expected finish reason.
func (e *env) finish(want *llm.Response) llm.FinishReason {
	if e.suite.NoFinish != "" {
		return llm.FinishUnknown
	}
	return want.FinishReason
}

// difference returns the difference between the content of two responses, or "".
func (e *env) difference(got, want *llm.Response) string {
	switch {
	case got.Text() != want.Text():
		return "the text differs" + whereDiffers(got.Text(), want.Text())
	case got.Reasoning() != want.Reasoning():
		return "the reasoning differs" + whereDiffers(got.Reasoning(), want.Reasoning())
	case got.Refusal() != want.Refusal():
		return "the refusal differs" + whereDiffers(got.Refusal(), want.Refusal())
	}
	return e.callsDiffer(got.ToolCalls(), want.ToolCalls())
}

func (e *env) callsDiffer(got, want []llm.ToolCall) string {
	if len(got) != len(want) {
		return fmt.Sprintf("there are %d tool calls, want %d", len(got), len(want))
	}
	ids := make(map[string]bool)
	for i, w := range want {
		g := got[i]
		if g.ID != "" && ids[g.ID] {
			return fmt.Sprintf("two tool calls have the id %q", g.ID)
		}
		ids[g.ID] = true
		switch {
		case g.Name != w.Name:
			return fmt.Sprintf("tool call %d is of %q, want %q", i, g.Name, w.Name)
		case g.ID != w.ID && bytes.Contains(e.suite.Dialect.Stream(llmtest.ToolCall(w.Name)).Body, []byte("call_1_1")):
			return fmt.Sprintf("the id of tool call %d is %q, want %q", i, g.ID, w.ID)
		case w.Arguments == "" && g.Arguments != e.suite.Dialect.NoArguments:
			return fmt.Sprintf("tool call %d came without arguments, and has %q; want %q", i, g.Arguments, e.suite.Dialect.NoArguments)
		case w.Arguments != "" && !jsontext.Equal([]byte(g.Arguments), []byte(w.Arguments)):
			return fmt.Sprintf("the arguments of tool call %d are %q, want %q", i, g.Arguments, w.Arguments)
		}
	}
	return ""
}

// describe returns the content of a response in one line.
func describe(r *llm.Response) string {
	if r == nil {
		return "nothing"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "text %s", short(r.Text()))
	if s := r.Reasoning(); s != "" {
		fmt.Fprintf(&b, ", reasoning %s", short(s))
	}
	if s := r.Refusal(); s != "" {
		fmt.Fprintf(&b, ", refusal %s", short(s))
	}
	for _, c := range r.ToolCalls() {
		fmt.Fprintf(&b, ", tool call %q %s(%s)", c.ID, c.Name, short(c.Arguments))
	}
	for _, c := range r.IncompleteCalls {
		fmt.Fprintf(&b, ", incomplete tool call %q %s(%s)", c.ID, c.Name, short(c.Arguments))
	}
	fmt.Fprintf(&b, ", finish reason %q, usage %s", r.FinishReason, r.Usage)
	return b.String()
}

// short returns a quoted text, truncated if it is long.
func short(text string) string {
	const most = 160
	if len(text) > most {
		return fmt.Sprintf("%q… (%d bytes)", text[:most], len(text))
	}
	return fmt.Sprintf("%q", text)
}

// whereDiffers returns the position of the first difference between two texts.
func whereDiffers(got, want string) string {
	n := 0
	for n < len(got) && n < len(want) && got[n] == want[n] {
		n++
	}
	return fmt.Sprintf(" from byte %d on (%d bytes, want %d)", n, len(got), len(want))
}

func oneOf(kinds []llm.Kind) string {
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = fmt.Sprintf("%q", k.Error())
	}
	return strings.Join(names, " or ")
}
