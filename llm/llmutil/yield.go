package llmutil

import "github.com/parley-llm/parley/llm"

// YieldResult passes the complete answer to a call that is not a chat to yield: the start,
// the warnings, the results and the done event. It stops when yield returns false.
//
// The results are one [llm.EmbedResponse] or [llm.TokenCount], or one [llm.ModelInfo] for
// each model.
func YieldResult(yield func(llm.Event, error) bool, start *llm.Start, usage llm.Usage, warnings []llm.Warning, results ...llm.Detail) {
	if !yield(llm.Event{Type: llm.EventStart, Detail: start}, nil) {
		return
	}
	for i := range warnings {
		if !yield(llm.Event{Type: llm.EventWarning, Detail: &warnings[i]}, nil) {
			return
		}
	}
	for _, result := range results {
		if !yield(llm.Event{Type: llm.EventResult, Detail: result}, nil) {
			return
		}
	}
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
