package middleware

import (
	"errors"

	"github.com/parley-llm/parley/llm"
)

// modelKey identifies a model. Most state is kept for each model.
type modelKey struct{ provider, model string }

func keyOf(call *llm.Call) modelKey { return modelKey{call.Provider, call.Model} }

func (k modelKey) String() string { return k.provider + "/" + k.model }

// observer records the facts of an answer while its events pass through a piece.
type observer struct {
	start      *llm.Start // nil before the start event
	done       *llm.Done  // nil if the answer did not end successfully
	err        error      // the error that ended the answer
	attempts   []*llm.Attempt
	otherModel bool // a warning says that another model answered
	// invalidUsage says that the server reported an impossible number of tokens
	invalidUsage bool
	chunks       int // content events
	bytes        int // length of their text
}

// forward sends events to yield and observes them. It passes a function to events, because
// ranging over them costs several allocations for each call.
func (o *observer) forward(events llm.Events, yield func(llm.Event, error) bool) {
	events(func(ev llm.Event, err error) bool {
		o.observe(ev, err)
		return yield(ev, err)
	})
}

// observed returns the events, which are observed when they are read.
func (o *observer) observed(events llm.Events) llm.Events {
	return func(yield func(llm.Event, error) bool) { o.forward(events, yield) }
}

func (o *observer) observe(ev llm.Event, err error) {
	switch {
	case err != nil:
		o.err = err
	case ev.Type == llm.EventDone:
		o.done = &llm.Done{}
		if d, ok := ev.Detail.(*llm.Done); ok {
			o.done = d
		}
	case ev.Type.Content():
		o.chunks++
		o.bytes += len(ev.Text)
	case ev.Type == llm.EventStart:
		o.start, _ = ev.Detail.(*llm.Start)
	case ev.Type == llm.EventWarning:
		if w, ok := ev.Detail.(*llm.Warning); ok {
			o.otherModel = o.otherModel || w.Code == llm.WarnAnsweredBy
			o.invalidUsage = o.invalidUsage || w.Code == llm.WarnUsageInvalid
		}
	case ev.Type == llm.EventAttempt:
		if a, ok := ev.Detail.(*llm.Attempt); ok {
			o.attempts = append(o.attempts, a)
		}
	}
}

// answeredBy returns the model that answered, and whether it is another one than the model
// of the call.
func (o *observer) answeredBy(call *llm.Call) (model modelKey, other bool) {
	if o.start == nil || o.start.Provider == "" || !o.otherModel && o.start.Provider == call.Provider {
		return keyOf(call), false
	}
	return modelKey{o.start.Provider, o.start.Model}, true
}

// usage returns the usage that the server reported, of a failed answer as well.
func (o *observer) usage() llm.Usage {
	if o.done != nil {
		return o.done.Usage
	}
	if e, ok := errors.AsType[*llm.Error](o.err); ok && e != nil && e.Partial != nil {
		return e.Partial.Usage
	}
	return llm.Usage{}
}

// hasInvalidUsage reports whether the server reported an impossible number of tokens.
func (o *observer) hasInvalidUsage() bool {
	u := o.usage()
	return o.invalidUsage || min(u.Input.N, u.Output.N) < 0
}
