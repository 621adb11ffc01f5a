package llm_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-llm/parley/llm"
)

func TestStreamSendsNothingBeforeItIsRead(t *testing.T) {
	calls := 0
	model := llm.New(fake(func(context.Context, *llm.Call) llm.Events {
		calls++
		return script(text("Hi"), done())
	}), "tiny")
	s := model.Stream(t.Context(), llm.Prompt("Hello"))
	events := s.Events()
	texts := s.Text()
	if calls != 0 {
		t.Fatalf("the provider was called %d times before the stream was read, want 0", calls)
	}
	check(t, "response of an unread stream", &llm.Response{}, s.Response())

	got, err := read(events)
	if err != nil {
		t.Fatal(err)
	}
	check(t, "events", []llm.Event{text("Hi"), done()}, got)
	for _, err := range texts {
		if !errors.Is(err, llm.InvalidRequest) {
			t.Errorf("Text after Events gave %v, want an error of kind %q", err, llm.InvalidRequest)
		}
	}
	if calls != 1 {
		t.Errorf("the provider was called %d times in all, want 1", calls)
	}
}

func TestStreamCanBeReadOnce(t *testing.T) {
	const want = "parley: fake/tiny: invalid request: the stream was read before: call Model.Stream again"
	first := map[string]func(*llm.Stream){
		"to its end":    func(s *llm.Stream) { read(s.Events()) },
		"and left":      func(s *llm.Stream) { s.Events()(func(llm.Event, error) bool { return false }) },
		"by Text":       func(s *llm.Stream) { s.Text()(func(string, error) bool { return true }) },
		"in a failure":  func(s *llm.Stream) { read(s.Events()) },
		"while reading": nil,
	}
	for name, readFirst := range first {
		t.Run(name, func(t *testing.T) {
			calls := 0
			model := llm.New(fake(func(context.Context, *llm.Call) llm.Events {
				calls++
				if name == "in a failure" {
					return failing(&llm.Error{Kind: llm.Server}, text("Hi"))
				}
				return script(text("Hi"), done())
			}), "tiny")
			s := model.Stream(t.Context(), llm.Prompt("Hello"))
			var events []llm.Event
			var err error
			if readFirst != nil {
				readFirst(s)
				events, err = read(s.Events())
			} else {
				for range s.Events() {
					events, err = read(s.Events())
					break
				}
			}
			e := asError(t, err)
			check(t, "events of the second range", []llm.Event(nil), events)
			check(t, "error text", want, e.Error())
			check(t, "partial of the second range's error", (*llm.Response)(nil), e.Partial)
			check(t, "first answer, after the second range", "Hi", s.Response().Text())
			if calls != 1 {
				t.Errorf("the provider was called %d times, want 1", calls)
			}
		})
	}
}

func TestLeavingStreamKeepsWhatArrivedAndReleasesProvider(t *testing.T) {
	released := false
	s := answering(func(yield func(llm.Event, error) bool) {
		defer func() { released = true }()
		for _, ev := range []llm.Event{start("id-1"), text("One"), text(" two"), text(" three"), done()} {
			if !yield(ev, nil) {
				return
			}
		}
	}).Stream(t.Context(), llm.Prompt("Count"))
	for text, err := range s.Text() {
		if err != nil {
			t.Fatal(err)
		}
		if text == " two" {
			break
		}
	}
	if !released {
		t.Error("the provider's sequence still runs after the loop was left")
	}
	check(t, "response", &llm.Response{
		Provider: "fake",
		ID:       "id-1",
		Messages: answer(llm.Text{Text: "One two"}),
		Attempts: []llm.Attempt{{Provider: "fake", Model: "tiny"}},
	}, s.Response())
}

func TestStreamTextLeavesOutAllElse(t *testing.T) {
	s := answering(script(start("id"), warning("mind"), reasoning("hm"), text("A"), text(""), refusal("no"),
		callStart(0, "c", "f"), callDelta(0, "{}"), callEnd(0, "c", "f", "{}"), text("B"), done())).Stream(t.Context(), llm.Prompt("?"))
	var got []string
	for text, err := range s.Text() {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, text)
	}
	check(t, "pieces", []string{"A", "B"}, got)
	check(t, "parts of the answer", answer(
		llm.Reasoning{Text: "hm"}, llm.Text{Text: "A"}, llm.Refusal{Text: "no"},
		llm.ToolCall{ID: "c", Name: "f", Arguments: "{}"}, llm.Text{Text: "B"},
	), s.Response().Messages)
}

func TestStreamErrors(t *testing.T) {
	boom := errors.New("boom")
	whole := &llm.Error{Kind: llm.RateLimited, Provider: "other", Model: "big", Op: llm.OpChat, Status: 429}
	limited := &llm.Error{
		Kind: llm.RateLimited, Provider: "other", Model: "big", Op: llm.OpChat, Status: 429,
		Message: "slow down", RetryAfter: 20 * time.Second, RequestID: "r1",
	}
	partial := &llm.Response{
		Provider: "fake", ID: "id",
		Messages: answer(llm.Text{Text: "Half"}),
		Attempts: []llm.Attempt{{Provider: "fake", Model: "tiny"}},
	}
	for _, test := range []struct {
		name    string
		events  llm.Events
		want    llm.Error // its Op is OpChat
		matches []error
		text    string
		partial *llm.Response // the Err of its one attempt is the error
	}{
		{
			name:    "provider's error is named and kept",
			events:  failing(&llm.Error{Kind: llm.Auth, Status: 401, Message: "bad key"}),
			want:    llm.Error{Kind: llm.Auth, Provider: "fake", Model: "tiny", Status: 401, Message: "bad key"},
			matches: []error{llm.Auth},
			text:    "parley: fake/tiny: authentication failed (401): bad key",
		},
		{
			name:    "names already there are kept",
			events:  failing(whole),
			want:    *whole,
			matches: []error{llm.RateLimited, whole},
			text:    "parley: other/big: rate limited (429)",
		},
		{
			name:    "after content, the error has it",
			events:  failing(&llm.Error{Kind: llm.Network}, start("id"), text("Half")),
			want:    llm.Error{Kind: llm.Network, Provider: "fake", Model: "tiny"},
			matches: []error{llm.Network},
			text:    "parley: fake/tiny: network error",
			partial: partial,
		},
		{
			name:    "no end",
			events:  script(start("id"), text("Half")),
			want:    llm.Error{Kind: llm.Incomplete, Provider: "fake", Model: "tiny", Message: "stream ended before the done event"},
			matches: []error{llm.Incomplete},
			text:    "parley: fake/tiny: incomplete reply: stream ended before the done event",
			partial: partial,
		},
		{
			name:    "nothing at all",
			events:  script(),
			want:    llm.Error{Kind: llm.Incomplete, Provider: "fake", Model: "tiny", Message: "stream ended before the done event"},
			matches: []error{llm.Incomplete},
			text:    "parley: fake/tiny: incomplete reply: stream ended before the done event",
		},
		{
			name:    "foreign error",
			events:  failing(fmt.Errorf("middleware: %w", boom), start("id"), text("Half")),
			want:    llm.Error{Provider: "fake", Model: "tiny", Message: "middleware: boom", Err: boom},
			matches: []error{boom},
			text:    "parley: fake/tiny: failed: middleware: boom",
			partial: partial,
		},
		{
			name:    "bare context error",
			events:  failing(context.Canceled),
			want:    llm.Error{Kind: llm.Canceled, Provider: "fake", Model: "tiny", Message: "context canceled", Err: context.Canceled},
			matches: []error{llm.Canceled, context.Canceled},
			text:    "parley: fake/tiny: canceled: context canceled",
		},
		{
			name:    "bare deadline error",
			events:  failing(fmt.Errorf("dial: %w", context.DeadlineExceeded)),
			want:    llm.Error{Kind: llm.Timeout, Provider: "fake", Model: "tiny", Message: "dial: context deadline exceeded", Err: context.DeadlineExceeded},
			matches: []error{llm.Timeout, context.DeadlineExceeded},
			text:    "parley: fake/tiny: timed out: dial: context deadline exceeded",
		},
		{
			name:   "foreign error around one of ours keeps its fields",
			events: failing(fmt.Errorf("gave up after 3 tries: %w", limited)),
			want: llm.Error{
				Kind: llm.RateLimited, Provider: "other", Model: "big", Status: 429,
				Message: "gave up after 3 tries: slow down", RetryAfter: 20 * time.Second, RequestID: "r1", Err: limited,
			},
			matches: []error{llm.RateLimited, limited},
			text:    "parley: other/big: rate limited (429): gave up after 3 tries: slow down; retry in 20s [request r1]",
		},
		{
			name:    "foreign error around one of ours without a message",
			events:  failing(fmt.Errorf("gave up: %w", whole)),
			want:    llm.Error{Kind: llm.RateLimited, Provider: "other", Model: "big", Status: 429, Message: "gave up: parley: other/big: rate limited (429)", Err: whole},
			matches: []error{llm.RateLimited, whole},
			text:    "parley: other/big: rate limited (429): gave up: parley: other/big: rate limited (429)",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := answering(test.events).Stream(t.Context(), llm.Prompt("?"))
			_, err := read(s.Events())
			e := asError(t, err)
			for _, target := range test.matches {
				if !errors.Is(err, target) {
					t.Errorf("errors.Is(%v, %v) is false", err, target)
				}
			}
			check(t, "text", test.text, err.Error())

			got := *e
			got.Partial = nil
			test.want.Op = llm.OpChat
			check(t, "error", test.want, got)

			resp := s.Response()
			failure := resp.Attempts[len(resp.Attempts)-1].Err
			if asError(t, failure).Error() != test.text {
				t.Errorf("the last attempt failed with %q, want %q", failure, test.text)
			}
			if test.partial == nil {
				check(t, "partial", (*llm.Response)(nil), e.Partial)
				return
			}
			want := *test.partial
			want.Attempts = slices.Clone(want.Attempts)
			want.Attempts[0].Err = failure
			check(t, "partial", &want, e.Partial)
			check(t, "response", &want, resp)
		})
	}
}

func TestDoneWithoutDetailEndsTheAnswer(t *testing.T) {
	model := answering(script(text("Hi"), llm.Event{Type: llm.EventDone}))
	resp, err := model.Generate(t.Context(), llm.Prompt("?"))
	if err != nil {
		t.Fatal(err)
	}
	check(t, "text", "Hi", resp.Text())
	check(t, "finish reason", llm.FinishUnknown, resp.FinishReason)
	check(t, "usage", llm.Usage{}, resp.Usage)
}

func TestStreamErrorKeepsPartialOfInnerLayer(t *testing.T) {
	inner := &llm.Response{Messages: []llm.Message{llm.Assistant("inner")}}
	s := answering(failing(&llm.Error{Kind: llm.Server, Partial: inner}, text("outer"))).Stream(t.Context(), llm.Prompt("?"))
	_, err := read(s.Events())
	if got := asError(t, err).Partial; got != inner {
		t.Errorf("Partial is %+v, want the one that the provider set", got)
	}
}

// A provider sets the fields that no event carries: the usage and the body of a failed answer.
func TestStreamErrorTakesUsageAndBodyFromTheProvider(t *testing.T) {
	known := &llm.Response{Usage: llm.Usage{Input: llm.Known(3)}, Raw: []byte("cut")}
	s := answering(failing(&llm.Error{Kind: llm.Incomplete, Partial: known}, text("Ha"))).Stream(t.Context(), llm.Prompt("?"))
	_, err := read(s.Events())
	got := asError(t, err).Partial
	check(t, "text", "Ha", got.Text())
	check(t, "usage", known.Usage, got.Usage)
	check(t, "usage of the attempt", known.Usage, got.Attempts[0].Usage)
	check(t, "body", "cut", string(got.Raw))
	check(t, "what the provider's error holds", &llm.Response{Usage: llm.Usage{Input: llm.Known(3)}, Raw: []byte("cut")}, known)
}

func TestStreamDoesNotModifySharedErrors(t *testing.T) {
	shared := &llm.Error{Kind: llm.Overloaded, Provider: "fake", Model: "tiny", Op: llm.OpChat, Message: "busy"}
	before := *shared
	model := answering(failing(shared, text("Half")))
	for range 2 {
		_, err := read(model.Stream(t.Context(), llm.Prompt("?")).Events())
		if asError(t, err).Partial == nil {
			t.Error("the returned error has no Partial")
		}
	}
	check(t, "the provider's error value", before, *shared)
}

func TestStreamOfEndedContextSendsNothing(t *testing.T) {
	mine := errors.New("the user closed the window")
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	withCause, cancelCause := context.WithCancelCause(t.Context())
	cancelCause(mine)
	expired, cancel := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer cancel()
	expiredCause, cancel := context.WithDeadlineCause(t.Context(), time.Unix(0, 0), mine)
	defer cancel()

	for _, test := range []struct {
		name    string
		ctx     context.Context
		matches []error
		text    string
	}{
		{"canceled", canceled, []error{llm.Canceled, context.Canceled}, "parley: fake/tiny: canceled: the caller canceled the call"},
		{"canceled with a cause", withCause, []error{llm.Canceled, context.Canceled, mine},
			"parley: fake/tiny: canceled: the caller canceled the call: the user closed the window"},
		{"deadline", expired, []error{llm.Timeout, context.DeadlineExceeded}, "parley: fake/tiny: timed out: the caller's deadline passed"},
		{"deadline with a cause", expiredCause, []error{llm.Timeout, context.DeadlineExceeded, mine},
			"parley: fake/tiny: timed out: the caller's deadline passed: the user closed the window"},
		{"nil", nil, []error{llm.InvalidRequest}, "parley: fake/tiny: invalid request: the context is nil: use context.Background"},
	} {
		t.Run(test.name, func(t *testing.T) {
			model := llm.New(fake(func(context.Context, *llm.Call) llm.Events {
				t.Error("the provider was called")
				return script(done())
			}), "tiny")
			_, err := read(model.Stream(test.ctx, llm.Prompt("?")).Events())
			e := asError(t, err)
			check(t, "text", test.text, e.Error())
			check(t, "partial", (*llm.Response)(nil), e.Partial)
			for _, target := range test.matches {
				if !errors.Is(err, target) {
					t.Errorf("errors.Is(%v, %v) is false", err, target)
				}
			}
		})
	}
}

func TestContextEndsInMidStream(t *testing.T) {
	for name, want := range map[string]struct {
		kind  llm.Kind
		match error
	}{
		"canceled": {llm.Canceled, context.Canceled},
		"deadline": {llm.Timeout, context.DeadlineExceeded},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				model := llm.New(fake(func(ctx context.Context, _ *llm.Call) llm.Events {
					return func(yield func(llm.Event, error) bool) {
						if yield(text("Half"), nil) {
							<-ctx.Done()
							yield(llm.Event{}, llm.FromContext(ctx))
						}
					}
				}), "tiny")
				var last error
				for _, err := range model.Stream(ctx, llm.Prompt("?")).Text() {
					if last = err; err == nil && name == "canceled" {
						cancel()
					}
				}
				if !errors.Is(last, want.kind) || !errors.Is(last, want.match) {
					t.Fatalf("got %v, want an error that matches %q and %v", last, want.kind, want.match)
				}
				check(t, "partial text", "Half", asError(t, last).Partial.Text())
			})
		})
	}
}

func TestResponsesOfAStreamShareNoParts(t *testing.T) {
	stream := answering(script(
		text("one"), llm.Event{Type: llm.EventStepEnd, Detail: &llm.Step{}},
		text("two"), callStart(0, "id", "f"), callEnd(0, "id", "f", "{}"), llm.Event{Type: llm.EventDone},
	)).Stream(t.Context(), llm.Prompt("hi"))
	if _, err := read(stream.Events()); err != nil {
		t.Fatal(err)
	}
	changed := stream.Response()
	for _, m := range changed.Messages {
		m.Parts[0] = llm.Text{Text: "redacted"}
	}
	got := stream.Response().Messages
	check(t, "the first step", "one", got[0].Text())
	check(t, "the answer", "two", got[1].Text())
}
