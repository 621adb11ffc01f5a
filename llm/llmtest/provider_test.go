package llmtest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
)

// read ranges over the answer to a chat. It returns the events and the error that ended them.
func read(ctx context.Context, p llm.Provider) (all []llm.Event, last error) {
	call := &llm.Call{Op: llm.OpChat, Model: "m", Request: llm.Prompt("Hi there, you")}
	for ev, err := range p.Do(ctx, call) {
		if err != nil {
			return all, err
		}
		all = append(all, ev)
	}
	return all, nil
}

func text(s string) llm.Event { return llm.Event{Type: llm.EventText, Text: s} }

func start(n int) llm.Event {
	return llm.Event{Type: llm.EventStart, Detail: &llm.Start{ID: fmt.Sprintf("reply_%d", n), Model: "m"}}
}

func done(reason llm.FinishReason) llm.Event {
	return llm.Event{Type: llm.EventDone, Detail: &llm.Done{FinishReason: reason}}
}

func TestScriptedReplies(t *testing.T) {
	boom := &llm.Error{Kind: llm.Overloaded, Message: "boom"}
	warning := llm.Warning{Code: llm.WarnOther, Message: "careful"}
	usage := llm.Usage{Input: llm.Known(3), Output: llm.Known(4)}
	for _, tt := range []struct {
		name  string
		reply llmtest.Reply
		want  []llm.Event
		err   error
	}{
		{"text", llmtest.Text("Hello ", "", "world"), []llm.Event{start(1), text("Hello "), text("world"), done(llm.FinishStop)}, nil},
		{"nothing", llmtest.Text(), []llm.Event{start(1), done(llm.FinishStop)}, nil},
		{"reasoning, then text", llmtest.Reasoning("Hm.").Text("Yes."), []llm.Event{
			start(1), {Type: llm.EventReasoning, Text: "Hm."}, text("Yes."), done(llm.FinishStop),
		}, nil},
		{"refusal", llmtest.Refusal("No."), []llm.Event{start(1), {Type: llm.EventRefusal, Text: "No."}, done(llm.FinishStop)}, nil},
		{"tool calls", llmtest.ToolCall("now").ToolCall("add", `{"a":`, `1}`), []llm.Event{
			start(1),
			{Type: llm.EventToolCallStart, Index: 0, Detail: &llm.ToolCall{ID: "call_1_1", Name: "now"}},
			{Type: llm.EventToolCallEnd, Index: 0, Detail: &llm.ToolCall{ID: "call_1_1", Name: "now"}},
			{Type: llm.EventToolCallStart, Index: 1, Detail: &llm.ToolCall{ID: "call_1_2", Name: "add"}},
			{Type: llm.EventToolCallDelta, Index: 1, Text: `{"a":`},
			{Type: llm.EventToolCallDelta, Index: 1, Text: `1}`},
			{Type: llm.EventToolCallEnd, Index: 1, Detail: &llm.ToolCall{ID: "call_1_2", Name: "add", Arguments: `{"a":1}`}},
			done(llm.FinishToolCalls),
		}, nil},
		{"usage, finish reason and warning", llmtest.Text("a").Usage(3, 4).Finish(llm.FinishLength).RawFinish("max").Warn(warning), []llm.Event{
			start(1), {Type: llm.EventWarning, Detail: &warning}, text("a"),
			{Type: llm.EventDone, Detail: &llm.Done{FinishReason: llm.FinishLength, RawFinishReason: "max", Usage: usage}},
		}, nil},
		{"error", llmtest.Error(boom), nil, boom},
		{"error that is not of package llm", llmtest.Error(io.ErrUnexpectedEOF), nil, io.ErrUnexpectedEOF},
		{"failure after text", llmtest.Text("Hello ", "world").Fail(boom), []llm.Event{start(1), text("Hello "), text("world")}, boom},
		{"cut after a piece", llmtest.Text("Hello ", "world").CutAfter(1, nil), []llm.Event{start(1), text("Hello ")}, llm.Incomplete},
		{"cut at once", llmtest.Text("Hello").CutAfter(-1, boom), []llm.Event{start(1)}, boom},
		{"given events", llmtest.Events(text("raw")), []llm.Event{text("raw")}, nil},
		{"given events, and then a failure", llmtest.Events(start(7), text("raw"), text("er"), done(llm.FinishStop)).Fail(boom), []llm.Event{start(7), text("raw"), text("er")}, boom},
		{"given events, cut after a piece", llmtest.Events(start(7), text("raw"), text("er")).CutAfter(1, nil), []llm.Event{start(7), text("raw")}, llm.Incomplete},
		{"echo", llmtest.Echo(), []llm.Event{start(1), text("Hi "), text("there, "), text("you"), done(llm.FinishStop)}, nil},
		{"function", llmtest.Func(func(_ context.Context, call *llm.Call) llm.Events {
			return func(yield func(llm.Event, error) bool) { yield(text(call.Model), nil) }
		}), []llm.Event{text("m")}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := read(t.Context(), llmtest.New(tt.reply))
			if diff := cmp.Diff(tt.want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("the events differ (-want +got):\n%s", diff)
			}
			if !errors.Is(err, tt.err) {
				t.Errorf("the error is %v, want %v", err, tt.err)
			}
		})
	}
}

func TestRepliesAreValues(t *testing.T) {
	base := llmtest.Text("a")
	one, two := base.Text("b").Usage(1, 2), base.Text("c")
	for reply, want := range map[*llmtest.Reply]string{&base: "a", &one: "ab", &two: "ac"} {
		resp, err := llmtest.New(*reply).Model().Generate(t.Context(), llm.Prompt("?"))
		if err != nil || resp.Text() != want {
			t.Errorf("the reply says %q, %v; want %q", resp.Text(), err, want)
		}
	}
}

func TestScriptIsConsumedInOrderAndItsEndIsAnError(t *testing.T) {
	p := llmtest.New(llmtest.Text("one"), llmtest.ToolCall("two")).Named("fake")
	model := p.Model(llm.WithName("tiny"))
	first, err := model.Generate(t.Context(), llm.Prompt("?"))
	if err != nil || first.Text() != "one" || first.Model != "tiny" {
		t.Errorf("the first answer is %q of %q, %v; want one of tiny", first.Text(), first.Model, err)
	}
	if n := p.Remaining(); n != 1 {
		t.Errorf("%d replies are left after one call of two, want 1", n)
	}
	second, err := model.Generate(t.Context(), llm.Prompt("?"))
	want := []llm.ToolCall{{ID: "call_2_1", Name: "two"}}
	if diff := cmp.Diff(want, second.ToolCalls()); err != nil || diff != "" {
		t.Errorf("the second answer (error %v) differs (-want +got):\n%s", err, diff)
	}
	_, err = model.Generate(t.Context(), llm.Prompt("?"))
	const says = "parley: fake/tiny: invalid request: llmtest: call 3 (chat) has no reply: the script has 2; add a reply to llmtest.New"
	if err == nil || err.Error() != says {
		t.Errorf("a call beyond the script gives %v, want %s", err, says)
	}
}

func TestReplyToAnotherOperationIsAnError(t *testing.T) {
	_, err := llmtest.New(llmtest.Text("Hi")).Model().Embed(t.Context(), &llm.EmbedRequest{Inputs: []string{"a"}})
	const says = `parley: llmtest/scripted: invalid request: llmtest: call 1 is "embed", but its reply is for "chat": change the order of the replies`
	if err == nil || err.Error() != says {
		t.Errorf("an embedding call answered with text gives %v, want %s", err, says)
	}
}

func TestCallsThatAreNotChats(t *testing.T) {
	p := llmtest.New(
		llmtest.Embedding([]float32{1, 2}, []float32{3}).Usage(5, 0), llmtest.Count(7), llmtest.Models(llm.ModelInfo{Name: "tiny"}))
	model := p.Model()
	embedded, err := model.Embed(t.Context(), &llm.EmbedRequest{Inputs: []string{"a", "b"}})
	if diff := cmp.Diff([][]float32{{1, 2}, {3}}, embedded.Vectors); err != nil || diff != "" || embedded.Model != "scripted" {
		t.Errorf("the vectors of %q (error %v) differ (-want +got):\n%s", embedded.Model, err, diff)
	}
	if want := (llm.Usage{Input: llm.Known(5), Output: llm.Known(0)}); embedded.Usage != want {
		t.Errorf("the usage of the embedding is %v, want %v", embedded.Usage, want)
	}
	count, err := model.CountTokens(t.Context(), llm.Prompt("?"))
	if err != nil || count.Tokens != 7 || !count.Exact {
		t.Errorf("the token count is %+v, %v; want exactly 7", count, err)
	}
	models, err := model.ListModels(t.Context())
	if err != nil || len(models) != 1 || models[0].Name != "tiny" {
		t.Errorf("the models are %+v, %v; want tiny", models, err)
	}
}

func TestTokenCountsTakeOnlyRepliesForThem(t *testing.T) {
	p := llmtest.New(llmtest.Text("one"), llmtest.Count(7), llmtest.Text("two"))
	model := p.Model()
	count := func(want llm.TokenCount) {
		t.Helper()
		got, err := model.CountTokens(t.Context(), llm.Prompt("Hello, world."))
		if err != nil || *got != want {
			t.Errorf("the token count is %+v, %v; want %+v", got, err, want)
		}
	}
	estimated := llm.TokenCount{Tokens: 4, Source: "llmtest: estimate from the length of the text"}
	count(estimated)
	resp, err := model.Generate(t.Context(), llm.Prompt("?"))
	if err != nil || resp.Text() != "one" || resp.ID != "reply_1" {
		t.Fatalf("the chat after a token count is answered with %q (%s), %v; want one (reply_1)", resp.Text(), resp.ID, err)
	}
	count(llm.TokenCount{Tokens: 7, Exact: true, Source: "llmtest"})
	count(estimated)
	if n := p.Remaining(); n != 1 {
		t.Errorf("%d replies are left, want 1", n)
	}
	if resp, err = model.Generate(t.Context(), llm.Prompt("?")); err != nil || resp.Text() != "two" {
		t.Errorf("the second chat is answered with %q, %v; want two", resp.Text(), err)
	}
	count(estimated) // after the end of the script
	if n := len(p.Calls()); n != 6 {
		t.Errorf("%d calls are recorded, want 6", n)
	}
}

func TestEchoAnswersOnlyChats(t *testing.T) {
	model := llmtest.New().Model()
	if n, err := model.CountTokens(t.Context(), llm.Prompt("four")); err != nil || n.Tokens != 1 || n.Exact {
		t.Errorf("the token count is %+v, %v; want an estimate of 1", n, err)
	}
	_, err := model.Embed(t.Context(), &llm.EmbedRequest{Inputs: []string{"a"}})
	const says = `parley: llmtest/scripted: invalid request: llmtest: call 1 is "embed", but its reply is for "chat": change the order of the replies`
	if err == nil || err.Error() != says {
		t.Errorf("an embedding gives %v, want %s", err, says)
	}
}

func TestCallsAreCopies(t *testing.T) {
	p := llmtest.New()
	history := []llm.Message{llm.User("one")}
	if _, err := p.Model().Generate(t.Context(), &llm.Request{Messages: history}); err != nil {
		t.Fatal(err)
	}
	history[0].Parts[0] = llm.Text{Text: "changed by the program"}
	history[0] = llm.User("changed by the program")
	p.Calls()[0].Request.Messages[0] = llm.User("changed by the test")
	if got := p.Calls()[0].Request.Messages[0].Text(); got != "one" {
		t.Errorf("the recorded call asks %q, want %q: what it was when it was made", got, "one")
	}
}

func TestNothingHappensBeforeTheRange(t *testing.T) {
	p := llmtest.New(llmtest.Text("a"))
	p.Do(t.Context(), &llm.Call{Op: llm.OpChat, Request: llm.Prompt("?")})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := read(ctx, p); !errors.Is(err, context.Canceled) || !errors.Is(err, llm.Canceled) {
		t.Errorf("a canceled call gives %v, want an error that is both %v and %v", err, llm.Canceled, context.Canceled)
	}
	if n := len(p.Calls()); n != 0 || p.Remaining() != 1 {
		t.Errorf("%d calls are recorded and %d replies left, though none was made: want 0 and 1", n, p.Remaining())
	}
}

func TestProviderTakesManyCallsAtOnce(t *testing.T) {
	p := llmtest.Always(llmtest.Text("a", "b"))
	var group sync.WaitGroup
	for range 32 {
		group.Go(func() {
			resp, err := p.Model().Generate(t.Context(), llm.Prompt("?"))
			if err != nil || resp.Text() != "ab" {
				t.Errorf("one of many calls gets %q, %v; want ab", resp.Text(), err)
			}
		})
	}
	group.Wait()
	if n := len(p.Calls()); n != 32 {
		t.Errorf("%d calls are recorded, want 32", n)
	}
}

func TestDelaysRunOnTheClockOfSynctest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := llmtest.New(llmtest.Text("a", "b").Wait(time.Minute).Pace(time.Second))
		begun := time.Now()
		var at []time.Duration
		for _, err := range p.Do(t.Context(), &llm.Call{Op: llm.OpChat, Request: llm.Prompt("?")}) {
			if err != nil {
				t.Fatal(err)
			}
			at = append(at, time.Since(begun))
		}
		want := []time.Duration{time.Minute, 61 * time.Second, 62 * time.Second, 63 * time.Second}
		if diff := cmp.Diff(want, at); diff != "" {
			t.Errorf("start, a, b and done come at other times (-want +got):\n%s", diff)
		}
	})
}

func TestDelaysEndWithTheContext(t *testing.T) {
	for name, reply := range map[string]llmtest.Reply{
		"before the first event":     llmtest.Text("a").Wait(time.Hour),
		"between events":             llmtest.Text("a").Pace(time.Hour),
		"before an error":            llmtest.Error(io.EOF).Wait(time.Hour),
		"before an error at the end": llmtest.Text().Fail(io.EOF).Pace(time.Hour),
		"of a function":              llmtest.Echo().Wait(time.Hour),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				begun := time.Now()
				_, err := read(ctx, llmtest.New(reply))
				if !errors.Is(err, llm.Timeout) || !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("the error is %v, want one that is %v and %v", err, llm.Timeout, context.DeadlineExceeded)
				}
				if waited := time.Since(begun); waited != time.Minute {
					t.Errorf("the call ends after %v, want one minute", waited)
				}
			})
		})
	}
}
