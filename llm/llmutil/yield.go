package llmutil

import "github.com/parley-llm/parley/llm"

// YieldResult passes the complete answer to a call that is not a chat to yield: the start,
// the warnings, the result and the done event. It stops when yield returns false.
//
// The result is an [llm.EmbedResponse], an [llm.TokenCount] or an [llm.ModelList].
func YieldResult(
	yield func(llm.Event, error) bool, start *llm.Start, result llm.Detail, usage llm.Usage, warnings ...llm.Warning,
) {
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

// WarnAfterStart returns the events with warnings added after the start and the reports of
// earlier attempts, before all other events. Events that fail before that have no warnings.
func WarnAfterStart(events llm.Events, warnings ...llm.Warning) llm.Events {
	return func(yield func(llm.Event, error) bool) {
		rest := warnings
		for ev, err := range events {
			early := ev.Type == llm.EventStart || ev.Type == llm.EventAttempt
			if err == nil && !early {
				for i := range rest {
					if !yield(llm.Event{Type: llm.EventWarning, Detail: &rest[i]}, nil) {
						return
					}
				}
				rest = nil
			}
			if !yield(ev, err) {
				return
			}
		}
	}
}
