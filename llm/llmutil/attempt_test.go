package llmutil_test

import (
	"errors"
	"testing"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
)

func TestForwardAttempt(t *testing.T) {
	boom := errors.New("boom")
	for _, test := range []struct {
		name     string
		buffered bool
		events   []llm.Event
		fails    error
		// The events and the error that reach yield, and the result of ForwardAttempt.
		want      []llm.Event
		wantYield error
		wantErr   error
	}{
		{
			name:   "whole answer",
			events: []llm.Event{start("1"), text("a"), text("b"), done()},
			want:   []llm.Event{start("1"), text("a"), text("b"), done()},
		},
		{
			name: "whole answer, buffered", buffered: true,
			events: []llm.Event{start("1"), text("a"), text("b"), done()},
			want:   []llm.Event{start("1"), text("a"), text("b"), done()},
		},
		{
			name:    "fails at once",
			fails:   boom,
			wantErr: boom,
		},
		{
			name:   "fails before content: starts and warnings are forgotten",
			events: []llm.Event{start("1"), warning("w")}, fails: boom,
			wantErr: boom,
		},
		{
			name:   "fails after content: the error is the caller's",
			events: []llm.Event{start("1"), warning("w"), text("a")}, fails: boom,
			want:      []llm.Event{start("1"), warning("w"), text("a")},
			wantYield: boom,
		},
		{
			name: "fails after content, buffered: the caller has seen nothing", buffered: true,
			events: []llm.Event{start("1"), text("a"), callStart(0, "c", "f")}, fails: boom,
			wantErr: boom,
		},
		{
			name: "fails after the end, buffered: too late", buffered: true,
			events: []llm.Event{text("a"), done()}, fails: boom,
			want:      []llm.Event{text("a"), done()},
			wantYield: boom,
		},
		{
			name:   "an answer without content commits at its end",
			events: []llm.Event{start("1"), done()}, fails: boom,
			want:      []llm.Event{start("1"), done()},
			wantYield: boom,
		},
		{
			name:   "reasoning commits",
			events: []llm.Event{reasoning("hm")}, fails: boom,
			want:      []llm.Event{reasoning("hm")},
			wantYield: boom,
		},
		{
			name:   "a refusal commits",
			events: []llm.Event{refusal("no")}, fails: boom,
			want:      []llm.Event{refusal("no")},
			wantYield: boom,
		},
		{
			name:   "a tool call commits",
			events: []llm.Event{callStart(0, "c", "f")}, fails: boom,
			want:      []llm.Event{callStart(0, "c", "f")},
			wantYield: boom,
		},
		{
			name:   "media commit",
			events: []llm.Event{{Type: llm.EventMedia}}, fails: boom,
			want:      []llm.Event{{Type: llm.EventMedia}},
			wantYield: boom,
		},
		{
			name:   "results commit",
			events: []llm.Event{{Type: llm.EventResult}}, fails: boom,
			want:      []llm.Event{{Type: llm.EventResult}},
			wantYield: boom,
		},
		{
			name:   "attempts are passed on at once, even of an attempt that fails",
			events: []llm.Event{start("1"), attempt("a"), warning("w"), attempt("b")}, fails: boom,
			want:    []llm.Event{attempt("a"), attempt("b")},
			wantErr: boom,
		},
		{
			name: "attempts are passed on at once, buffered", buffered: true,
			events: []llm.Event{start("1"), attempt("a"), text("x"), attempt("b"), done()},
			want:   []llm.Event{attempt("a"), attempt("b"), start("1"), text("x"), done()},
		},
		{
			name:    "no events",
			wantErr: llm.Incomplete,
		},
		{
			name:    "no end, no content",
			events:  []llm.Event{start("1")},
			wantErr: llm.Incomplete,
		},
		{
			name: "no end, buffered", buffered: true,
			events:  []llm.Event{start("1"), text("a")},
			wantErr: llm.Incomplete,
		},
		{
			name:   "no end after content is for the stream to find",
			events: []llm.Event{text("a")},
			want:   []llm.Event{text("a")},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []llm.Event
			var gotYield error
			err := llmutil.ForwardAttempt(failing(test.fails, test.events...), test.buffered, func(ev llm.Event, err error) bool {
				if err != nil {
					if ev != (llm.Event{}) {
						t.Errorf("the error came with the event %+v, want a zero one", ev)
					}
					gotYield = err
					return false
				}
				got = append(got, ev)
				return true
			})
			check(t, "events that reach yield", test.want, got)
			check(t, "error that reaches yield", test.wantYield, gotYield)
			if !errors.Is(err, test.wantErr) {
				t.Errorf("ForwardAttempt returned %v, want %v", err, test.wantErr)
			}
		})
	}
}

func TestForwardAttemptHoldsEventsUntilTheCommitPoint(t *testing.T) {
	for _, buffered := range []bool{false, true} {
		commit := "text"
		if buffered {
			commit = "done"
		}
		seen := 0
		events := func(yield func(llm.Event, error) bool) {
			for _, ev := range []llm.Event{start("1"), warning("w"), text("a"), done()} {
				before := seen
				if !yield(ev, nil) {
					return
				}
				if ev.Type.String() == commit && (before != 0 || seen == 0) {
					t.Errorf("buffered=%t: at the %s event the caller went from %d to %d events, want from none to all", buffered, commit, before, seen)
				}
			}
		}
		if err := llmutil.ForwardAttempt(events, buffered, func(llm.Event, error) bool { seen++; return true }); err != nil {
			t.Error(err)
		}
		check(t, "events delivered in all", 4, seen)
	}
}

func TestForwardAttemptEndsTheAttemptWhenTheCallerLeaves(t *testing.T) {
	script := []llm.Event{attempt("a"), start("1"), warning("w"), text("a"), text("b"), done()}
	for _, buffered := range []bool{false, true} {
		for leave := range script { // at each event that reaches yield
			released := false
			events := func(yield func(llm.Event, error) bool) {
				defer func() { released = true }()
				for _, ev := range script {
					if !yield(ev, nil) {
						return
					}
				}
			}
			seen := 0
			err := llmutil.ForwardAttempt(events, buffered, func(llm.Event, error) bool {
				seen++
				return seen <= leave
			})
			if err != nil {
				t.Errorf("buffered=%t: ForwardAttempt returned %v after the caller left, want nil", buffered, err)
			}
			if seen != leave+1 {
				t.Errorf("buffered=%t: the caller left at event %d and was given %d", buffered, leave+1, seen)
			}
			if !released {
				t.Errorf("buffered=%t: the attempt still runs after the caller left at event %d", buffered, leave+1)
			}
		}
	}
}

func TestForwardAttemptEndsTheAttemptThatFails(t *testing.T) {
	boom := errors.New("boom")
	released := false
	err := llmutil.ForwardAttempt(func(yield func(llm.Event, error) bool) {
		defer func() { released = true }()
		if yield(start("1"), nil) && yield(llm.Event{}, boom) {
			t.Error("ForwardAttempt wants more after an error")
		}
	}, false, func(ev llm.Event, err error) bool {
		t.Errorf("yield was given (%+v, %v) of a failed attempt", ev, err)
		return true
	})
	check(t, "returned error", boom, err)
	if !released {
		t.Error("the failed attempt still runs")
	}
}

func TestForwardAttemptInLayers(t *testing.T) {
	boom := errors.New("boom")
	// The inner layer fails twice and then answers. The outer layer makes one attempt.
	inner := func(yield func(llm.Event, error) bool) {
		for i, attemptEvents := range []llm.Events{failing(boom, start("1")), failing(boom, start("2"), warning("w")), script(start("3"), text("a"), done())} {
			err := llmutil.ForwardAttempt(attemptEvents, false, yield)
			if err == nil {
				return
			}
			if !yield(attempt([]string{"one", "two", "three"}[i]), nil) {
				return
			}
		}
	}
	var got []llm.Event
	err := llmutil.ForwardAttempt(inner, false, func(ev llm.Event, err error) bool {
		got = append(got, ev)
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	check(t, "events", []llm.Event{attempt("one"), attempt("two"), start("3"), text("a"), done()}, got)
}

// A consumer that leaves among the held events gets none of the others, and the attempt is
// asked for no further event.
func TestForwardAttemptStopsAmongHeldEvents(t *testing.T) {
	held := []llm.Event{
		{Type: llm.EventStart, Detail: &llm.Start{}}, {Type: llm.EventWarning, Detail: &llm.Warning{}}, {Type: llm.EventWarning, Detail: &llm.Warning{}},
		{Type: llm.EventText, Text: "a"}, {Type: llm.EventText, Text: "b"},
	}
	for leave := 1; leave <= len(held); leave++ {
		pulled, passed := 0, 0
		err := llmutil.ForwardAttempt(func(yield func(llm.Event, error) bool) {
			for _, ev := range held {
				pulled++
				if !yield(ev, nil) {
					return
				}
			}
		}, false, func(llm.Event, error) bool {
			passed++
			return passed < leave
		})
		check(t, "error", nil, err)
		check(t, "events passed on", leave, passed)
		check(t, "events pulled", max(leave, 4), pulled) // the fourth is the commit point
	}
}
