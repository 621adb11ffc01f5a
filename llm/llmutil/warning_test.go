package llmutil_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
)

func TestWarnAfterStart(t *testing.T) {
	start, attempt := llm.Event{Type: llm.EventStart}, llm.Event{Type: llm.EventAttempt}
	text, done := llm.Event{Type: llm.EventText, Text: "Hi"}, llm.Event{Type: llm.EventDone}
	for name, test := range map[string]struct {
		events []llm.Event
		err    error
		leave  int // after this number of events
		want   []string
	}{
		"after the start":          {events: []llm.Event{start, text, done}, want: []string{"start", "one", "two", "text", "done"}},
		"without a start":          {events: []llm.Event{text, done}, want: []string{"one", "two", "text", "done"}},
		"after attempts":           {events: []llm.Event{attempt, start, done}, want: []string{"attempt", "start", "one", "two", "done"}},
		"not before an error":      {events: []llm.Event{start}, err: errors.New("broken"), want: []string{"start", "broken"}},
		"not after the loop ended": {events: []llm.Event{start, text, done}, leave: 2, want: []string{"start", "one"}},
	} {
		t.Run(name, func(t *testing.T) {
			events := func(yield func(llm.Event, error) bool) {
				for _, ev := range test.events {
					if !yield(ev, nil) {
						return
					}
				}
				if test.err != nil {
					yield(llm.Event{}, test.err)
				}
			}
			var got []string
			for ev, err := range llmutil.WarnAfterStart(events, llm.Warning{Message: "one"}, llm.Warning{Message: "two"}) {
				switch w, ok := ev.Detail.(*llm.Warning); {
				case err != nil:
					got = append(got, err.Error())
				case ok:
					got = append(got, w.Message)
				default:
					got = append(got, ev.Type.String())
				}
				if len(got) == test.leave {
					break
				}
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("the events are %q, want %q", got, test.want)
			}
		})
	}
}
