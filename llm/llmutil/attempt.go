package llmutil

import "github.com/parley-llm/parley/llm"

// ForwardAttempt passes the events of one attempt to yield, and decides whether the call
// may be repeated if the attempt fails. It implements the retry rule: retries, fallbacks,
// hedging and caches are built on it.
//
// Events are held back until the commit point: the first event that shows content to the
// caller (see [llm.EventType.Content]). Starts and warnings are not content. For a buffered
// call, such as [llm.Model.Generate], the commit point is [llm.EventDone], because the
// caller has seen nothing before it, or [llm.EventToolStart], because a tool may have
// effects. Pass [llm.Call.Buffered] as buffered.
//
// If the attempt fails before the commit point, ForwardAttempt discards the held events and
// returns the error. The caller of ForwardAttempt may then try again, or report the error:
//
//	yield(llm.Event{}, err)
//
// If ForwardAttempt returns nil, the attempt is over. Either all events were passed on,
// including an error after the commit point, or the consumer stopped reading. Do not call
// yield again.
//
// [llm.EventAttempt] is never held back: it describes an earlier attempt and stays true.
//
// Events that stop before the commit point without an error and without [llm.EventDone] are
// a failed attempt. The error is [Unfinished].
func ForwardAttempt(events llm.Events, buffered bool, yield func(llm.Event, error) bool) error {
	a := attempt{buffered: buffered, yield: yield}
	a.held = a.room[:0]
	events(a.take)
	switch {
	case a.err != nil:
		return a.err
	case !a.committed && !a.stopped:
		return Unfinished()
	}
	return nil
}

// attempt is the state of one ForwardAttempt. It is one value, because every middleware in
// a chain allocates one for each call.
type attempt struct {
	buffered  bool
	yield     func(llm.Event, error) bool
	held      []llm.Event  // until the commit point
	room      [2]llm.Event // space for the start and one warning, enough for most answers
	committed bool
	stopped   bool  // the consumer stopped reading
	err       error // ended the attempt before the commit point
}

func (a *attempt) take(ev llm.Event, err error) bool {
	switch {
	case err != nil && !a.committed:
		a.err = err
		return false
	case a.committed || ev.Type == llm.EventAttempt:
		return a.pass(ev, err)
	case !ev.Type.Commits(a.buffered):
		a.held = append(a.held, ev)
		return true
	}
	a.committed = true
	early := a.held
	a.held = nil // these events must never be passed on twice
	for _, ev := range early {
		if !a.pass(ev, nil) {
			return false
		}
	}
	return a.pass(ev, nil)
}

func (a *attempt) pass(ev llm.Event, err error) bool {
	a.stopped = a.stopped || !a.yield(ev, err)
	return !a.stopped
}

// Unfinished returns the error for events that stopped without an error and without an
// [llm.EventDone]. Its kind is [llm.Incomplete], and its text is that of [llm.Collect].
func Unfinished() error {
	_, err := llm.Collect(func(func(llm.Event, error) bool) {})
	return err
}
