package llm

// Deliver passes the events of one attempt at a call on to yield, and holds
// the rule of when a call may start anew: the commit point. Retry, fallback,
// hedging, caching and every other middleware that calls next more than once
// rest on it.
//
// The commit point is the first event that shows the caller content (see
// [EventType.Content]): starts and warnings do not. For a buffered call it is
// [EventDone], because its caller has seen nothing before that.
//
// Until the commit point, Deliver holds the events back. If the attempt fails
// by then, Deliver forgets them and returns the error: yield has seen nothing of
// the attempt, so the call may start anew, or give up with
//
//	yield(llm.Event{}, err)
//
// If Deliver returns nil, there is nothing left to do: all events have been
// passed on, an error after the commit point included, or the caller has left.
//
// Reports of earlier attempts ([EventAttempt]) are passed on at once: whatever
// happens, they stay true.
func Deliver(events Events, buffered bool, yield func(Event, error) bool) error {
	var held []Event
	committed := false
	for ev, err := range events {
		switch {
		case err != nil && !committed:
			return err
		case committed || ev.Type == EventAttempt:
			if !yield(ev, err) {
				return nil
			}
		case !commits(ev.Type, buffered):
			held = append(held, ev)
		default:
			committed = true
			for _, early := range held {
				if !yield(early, nil) {
					return nil
				}
			}
			held = nil // what has been delivered must never be delivered again
			if !yield(ev, nil) {
				return nil
			}
		}
	}
	if !committed {
		return endless()
	}
	return nil
}

func commits(t EventType, buffered bool) bool {
	if buffered {
		return t == EventDone
	}
	return t.Content()
}

// endless is the error of a sequence that stops with neither an error nor a
// done event, which a handler must not do.
func endless() *Error {
	return &Error{Kind: Incomplete, Message: "the events stopped without an end"}
}
