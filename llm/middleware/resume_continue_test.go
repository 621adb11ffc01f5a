package middleware_test

import (
	"context"
	"testing"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
	"github.com/parley-llm/parley/llm/middleware"
)

// An answer reports whether it can be continued.
func TestResumeGoesOnWithWhatSaysThatItCanBe(t *testing.T) {
	for _, tt := range []struct {
		name        string
		canContinue bool
		resume      *middleware.Resume
		events      string
		kind        llm.Kind
		text        string
	}{
		{"it can", true, &middleware.Resume{}, "start text attempt text done", "", "Hello"},
		{"it cannot", false, &middleware.Resume{}, "start text attempt reset text done", "", "lo"},
		{"it can, and must not be made anew", true, &middleware.Resume{NoReset: true}, "start text attempt text done", "", "Hello"},
		{"it cannot, and must not be made anew", false, &middleware.Resume{NoReset: true}, "start text", llm.Incomplete, "Hel"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cut := llmtest.Func(func(ctx context.Context, call *llm.Call) llm.Events {
				return func(yield func(llm.Event, error) bool) {
					_ = yield(llm.Event{Type: llm.EventStart, Detail: &llm.Start{CanContinue: tt.canContinue}}, nil) &&
						yield(llm.Event{Type: llm.EventText, Text: "Hel"}, nil) &&
						yield(llm.Event{}, &llm.Error{Kind: llm.Incomplete, Message: "cut"})
				}
			})
			rest := llmtest.Events(llm.Event{Type: llm.EventText, Text: "lo"}, llm.Event{Type: llm.EventDone, Detail: &llm.Done{}})
			h := ask(t, llmtest.New(cut, rest).Model(use(t, tt.resume)))
			h.want(t, tt.events, tt.kind)
			equal(t, "the text", h.resp.Text(), tt.text)
		})
	}
}
