package conformance

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/parley-llm/parley/llm"
)

// rules checks the rules for the events of every answer.
type rules struct {
	t        testing.TB
	provider string
	seen     int
	done     bool
	failed   bool
	content  bool
	calls    map[int]*callInProgress
}

type callInProgress struct {
	start     llm.ToolCall
	arguments strings.Builder
	ended     bool
}

// check checks one pair of the sequence.
func (r *rules) check(ev llm.Event, err error) {
	r.t.Helper()
	r.seen++
	switch {
	case r.failed:
		r.t.Errorf("an event follows the error, which must be the last: %s %v", ev.Type, err)
	case r.done:
		r.t.Errorf("an event follows the done event, which must be the last: %s %v", ev.Type, err)
	}
	if err != nil {
		r.failed = true
		r.checkError(ev, err)
		return
	}
	if ev.Type.String() == "invalid" {
		r.t.Errorf("event %d has no valid type: %d", r.seen, ev.Type)
	}
	if !utf8.ValidString(ev.Text) {
		r.t.Errorf("the text of a %s event is not whole UTF-8: %q", ev.Type, ev.Text)
	}
	r.checkDetail(ev)
	r.content = r.content || ev.Type.Content()
}

func (r *rules) checkError(ev llm.Event, err error) {
	r.t.Helper()
	if ev.Type != 0 || ev.Text != "" || ev.Detail != nil {
		r.t.Errorf("the error comes with an event, where there must be the zero event: %s %q", ev.Type, ev.Text)
	}
	e, ok := err.(*llm.Error)
	switch {
	case !ok:
		r.t.Errorf("the error is a %T, want an *llm.Error: %v", err, err)
	case e.Kind == "":
		r.t.Errorf("the error has no kind: %v", err)
	case e.Provider != r.provider:
		r.t.Errorf("the error names the provider %q, want %q: %v", e.Provider, r.provider, err)
	case e.Message == "" && e.Err == nil:
		r.t.Errorf("the error does not describe the problem: %v", err)
	}
}

func (r *rules) checkDetail(ev llm.Event) {
	r.t.Helper()
	ok := true
	switch ev.Type {
	case llm.EventStart:
		if _, ok = ev.Detail.(*llm.Start); ok && r.content {
			r.t.Errorf("the start event comes after content")
		}
	case llm.EventToolCallStart, llm.EventToolCallDelta, llm.EventToolCallEnd:
		ok = r.checkCall(ev)
	case llm.EventMedia:
		_, ok = ev.Detail.(*llm.Media)
	case llm.EventSource:
		_, ok = ev.Detail.(*llm.Source)
	case llm.EventLogprob:
		_, ok = ev.Detail.(*llm.TokenLogprob)
	case llm.EventWarning:
		_, ok = ev.Detail.(*llm.Warning)
	case llm.EventResult:
		switch ev.Detail.(type) {
		case *llm.EmbedResponse, *llm.TokenCount, *llm.ModelList:
		default:
			ok = false
		}
	case llm.EventDone:
		_, ok = ev.Detail.(*llm.Done)
		r.done = true
	}
	if !ok {
		r.t.Errorf("a %s event has the detail %T, which is not the type for it", ev.Type, ev.Detail)
	}
}

// checkCall checks an event of a tool call and reports whether its detail has the right type.
func (r *rules) checkCall(ev llm.Event) bool {
	r.t.Helper()
	detail, isCall := ev.Detail.(*llm.ToolCall)
	if ev.Type == llm.EventToolCallStart {
		if !isCall {
			return false
		}
		if r.calls[ev.Index] != nil {
			r.t.Errorf("tool call %d starts twice", ev.Index)
		}
		if r.calls == nil {
			r.calls = make(map[int]*callInProgress)
		}
		r.calls[ev.Index] = &callInProgress{start: *detail}
		return true
	}
	call := r.calls[ev.Index]
	if call == nil || call.ended {
		r.t.Errorf("there is a %s event for tool call %d, which is not under way", ev.Type, ev.Index)
		return true
	}
	if ev.Type == llm.EventToolCallDelta {
		call.arguments.WriteString(ev.Text)
		return true
	}
	if !isCall {
		return false
	}
	call.ended = true
	if detail.ID != call.start.ID || detail.Name != call.start.Name {
		r.t.Errorf("tool call %d starts as %q %q and ends as %q %q",
			ev.Index, call.start.ID, call.start.Name, detail.ID, detail.Name)
	}
	if joined := call.arguments.String(); detail.Arguments != joined {
		r.t.Errorf("tool call %d ends with the arguments %q, but its pieces are %q", ev.Index, detail.Arguments, joined)
	}
	return true
}

// end checks the end of the sequence.
func (r *rules) end() {
	r.t.Helper()
	if !r.done && !r.failed {
		r.t.Errorf("after %d events the sequence stops, with neither a done event nor an error", r.seen)
	}
}
