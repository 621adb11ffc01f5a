package provider

import (
	"github.com/parley-llm/parley/internal/httpcall"
	"github.com/parley-llm/parley/llm"
)

// Result passes on the whole answer to a call that is no chat: its start, the
// warnings, the result, its end.
func Result(r *httpcall.Reply, model string, result llm.Detail, usage llm.Usage, yield func(llm.Event, error) bool, warnings ...llm.Warning) {
	start := r.Start()
	start.Model = model
	pass(start, result, usage, yield, warnings...)
}

// LocalResult is Result for what was found out without a reply of its own.
func LocalResult(provider string, call *llm.Call, result llm.Detail, yield func(llm.Event, error) bool) {
	pass(&llm.Start{Provider: provider, Model: call.Model}, result, llm.Usage{}, yield)
}

func pass(start *llm.Start, result llm.Detail, usage llm.Usage, yield func(llm.Event, error) bool, warnings ...llm.Warning) {
	if !yield(llm.Event{Type: llm.EventStart, Detail: start}, nil) {
		return
	}
	for i := range warnings {
		if !yield(llm.Event{Type: llm.EventWarning, Detail: &warnings[i]}, nil) {
			return
		}
	}
	_ = yield(llm.Event{Type: llm.EventResult, Detail: result}, nil) &&
		yield(llm.Event{Type: llm.EventDone, Detail: &llm.Done{Usage: usage}}, nil)
}
