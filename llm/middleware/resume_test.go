package middleware_test

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
	"github.com/parley-llm/parley/llm/middleware"
)

// goingOn resumes answers of the scripted provider by continuing the text.
var goingOn = &middleware.Resume{Continue: []string{"llmtest"}}

func TestResumeGoesOnWithABrokenAnswer(t *testing.T) {
	cut := llmtest.Text("Hel", "lo").CutAfter(1, nil)
	thinking := llmtest.Reasoning("Well").Text("Hel", "lo").CutAfter(2, nil)
	calling := llmtest.Text("Hel").ToolCall("tool", "{", "}").CutAfter(3, nil)
	for _, tt := range []struct {
		name    string
		resume  *middleware.Resume
		replies []llmtest.Reply
		events  string
		kind    llm.Kind
		text    string
	}{
		{"from its text", goingOn, []llmtest.Reply{cut, llmtest.Text("lo")}, "start text attempt text done", "", "Hello"},
		{"from anew", &middleware.Resume{}, []llmtest.Reply{cut, llmtest.Text("Good", "bye")},
			"start text attempt reset start text text done", "", "Goodbye"},
		{"from anew, after reasoning", goingOn, []llmtest.Reply{thinking, llmtest.Text("Hello")},
			"start reasoning text attempt reset start text done", "", "Hello"},
		{"from anew, after a tool call", goingOn, []llmtest.Reply{calling, llmtest.Text("Hello")},
			"start text tool_call_start tool_call_delta attempt reset start text done", "", "Hello"},
		{"not from anew, if that is not wanted", &middleware.Resume{Continue: []string{"llmtest"}, NoReset: true}, []llmtest.Reply{thinking},
			"start reasoning text", llm.Incomplete, "Hel"},
		{"once", goingOn, []llmtest.Reply{cut, cut}, "start text attempt text", llm.Incomplete, "HelHel"},
		{"twice", &middleware.Resume{Continue: []string{"llmtest"}, MaxResumes: 2}, []llmtest.Reply{cut, llmtest.Text("l", "o").CutAfter(1, nil), llmtest.Text("o")},
			"start text attempt text attempt text done", "", "Hello"},
		{"not before content", goingOn, []llmtest.Reply{cut.CutAfter(0, nil)}, "start", llm.Incomplete, ""},
		{"not after an error that would come again", goingOn, []llmtest.Reply{llmtest.Text("Hel").Fail(&llm.Error{Kind: llm.ContentFilter})},
			"start text", llm.ContentFilter, "Hel"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := llmtest.New(tt.replies...)
				h := ask(t, p.Model(use(t, tt.resume)))
				h.want(t, tt.events, tt.kind)
				equal(t, "the text", h.resp.Text(), tt.text)
				equal(t, "the number of calls", len(p.Calls()), len(tt.replies))
			})
		})
	}
}

func TestResumeSendsTheDeliveredTextAsTheBeginning(t *testing.T) {
	p := llmtest.New(llmtest.Text("12345678", "9").CutAfter(1, nil), llmtest.Text("9"))
	req := llm.Prompt("Count.")
	req.MaxTokens = 10
	h := stream(t.Context(), p.Model(use(t, goingOn)), req)
	equal(t, "the text", h.resp.Text(), "123456789")
	again := p.Calls()[1].Request
	equal(t, "the messages of the second call", again.Messages, []llm.Message{llm.User("Count."), llm.Assistant("12345678")})
	equal(t, "the limit of the second call", again.MaxTokens, 8)
	equal(t, "the caller's own messages", len(req.Messages), 1)
	equal(t, "the attempts", len(h.resp.Attempts), 2)
}

func TestResumeLeavesWholeAnswersToRetry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := llmtest.New(llmtest.Text("Hel", "lo").CutAfter(1, nil), llmtest.Text("Hello"))
		resp, err := p.Model(use(t, &middleware.Resume{}, &middleware.Retry{})).Generate(t.Context(), llm.Prompt("Hi"))
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "the text", resp.Text(), "Hello")
	})
}

func TestResumeEndsWithItsCaller(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	p := llmtest.Always(llmtest.Func(func(_ context.Context, call *llm.Call) llm.Events {
		return func(yield func(llm.Event, error) bool) {
			if yield(llm.Event{Type: llm.EventText, Text: "Hel"}, nil) {
				cancel()
				yield(llm.Event{}, &llm.Error{Kind: llm.Network})
			}
		}
	}))
	stream(ctx, p.Model(use(t, goingOn)), llm.Prompt("Hi")).want(t, "text", llm.Network)
	equal(t, "the number of calls", len(p.Calls()), 1)
}

func TestResumeLetsProvidersReadOn(t *testing.T) {
	for _, buffered := range []bool{false, true} {
		given := &llm.Call{Op: llm.OpChat, Request: llm.Prompt("Hi"), Buffered: buffered}
		got := -1
		handler := (&middleware.Resume{MaxResumes: 3}).Wrap(func(_ context.Context, call *llm.Call) llm.Events {
			got = call.MaxReattach
			return func(yield func(llm.Event, error) bool) {
				yield(llm.Event{Type: llm.EventDone, Detail: &llm.Done{}}, nil)
			}
		})
		for _, err := range handler(t.Context(), given) {
			if err != nil {
				t.Fatal(err)
			}
		}
		if got != 3 || given.MaxReattach != 0 {
			t.Errorf("buffered %v: the provider may read on %d times, want 3; the caller's call has %d", buffered, got, given.MaxReattach)
		}
	}
}
