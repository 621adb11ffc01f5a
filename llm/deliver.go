package llm

// ForwardAttempt passes the events of one attempt at a call on to yield, and holds
// the rule of when a call may start anew: the commit point. Retry, fallback,
// hedging, caching and every other middleware that calls next more than once
// rest on it.
//
// The commit point is the first event that shows the caller content (see
// [EventType.Content]): starts and warnings do not. For a buffered call it is
// [EventDone], because its caller has seen nothing before that.
//
// Until the commit point, ForwardAttempt holds the events back. If the attempt fails
// by then, ForwardAttempt forgets them and returns the error: yield has seen nothing of
// the attempt, so the call may start anew, or give up with
//
//	yield(llm.Event{}, err)
//
// If ForwardAttempt returns nil, there is nothing left to do: all events have been
// passed on, an error after the commit point included, or the caller has left.
//
// Reports of earlier attempts ([EventAttempt]) are passed on at once: whatever
// happens, they stay true.
func ForwardAttempt(events Events, buffered bool, yield func(Event, error) bool) error {
	d := delivery{buffered: buffered, yield: yield}
	d.held = d.room[:0]
	events(d.take)
	switch {
	case d.err != nil:
		return d.err
	case !d.committed && !d.left:
		return endless()
	}
	return nil
}

// delivery is a Deliver under way. It is one value because the layers of a
// chain each have one for every call.
type delivery struct {
	buffered  bool
	yield     func(Event, error) bool
	held      []Event  // until the commit point
	room      [2]Event // a start, and a warning at times, are all that most answers hold
	committed bool
	left      bool  // the caller has left
	err       error // that ended the attempt before the commit point
}

func (d *delivery) take(ev Event, err error) bool {
	switch {
	case err != nil && !d.committed:
		d.err = err
		return false
	case d.committed || ev.Type == EventAttempt:
		return d.pass(ev, err)
	case !commits(ev.Type, d.buffered):
		d.held = append(d.held, ev)
		return true
	}
	d.committed = true
	early := d.held
	d.held = nil // what has been delivered must never be delivered again
	for _, ev := range early {
		if !d.pass(ev, nil) {
			return false
		}
	}
	return d.pass(ev, nil)
}

func (d *delivery) pass(ev Event, err error) bool {
	d.left = d.left || !d.yield(ev, err)
	return !d.left
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
