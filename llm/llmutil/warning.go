// Package llmutil has helpers for authors of providers and middleware.
package llmutil

import "github.com/parley-llm/parley/llm"

// WarnAfterStart returns the events with warnings inserted after the start event, or
// before the first other event if there is no start event. Attempt events stay in front
// of the warnings. If the events fail before that point, no warning is inserted.
//
// Middleware uses WarnAfterStart to report changes that it made to a call.
func WarnAfterStart(events llm.Events, warnings ...llm.Warning) llm.Events {
	return func(yield func(llm.Event, error) bool) {
		inserted := false
		for ev, err := range events {
			early := ev.Type == llm.EventStart || ev.Type == llm.EventAttempt
			if !inserted && err == nil && !early {
				inserted = true
				for i := range warnings {
					if !yield(llm.Event{Type: llm.EventWarning, Detail: &warnings[i]}, nil) {
						return
					}
				}
			}
			if !yield(ev, err) {
				return
			}
		}
	}
}
