package middleware

import (
	"context"
	"errors"
	"iter"
	"net/http"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
)

// race waits until one of two requests has content, or both have failed.
func race(first, second *racer) (winner, loser *racer) {
	winner, loser = first, second
	select {
	case <-first.ready:
	case <-second.ready:
		winner, loser = second, first
	}
	winner.await()
	if winner.err == nil {
		return winner, loser
	}
	loser.await()
	if loser.err == nil {
		return loser, winner
	}
	return first, second
}

// racer is one of two requests for a call. Its goroutine reads up to the first content and
// then ends. The goroutine of the caller reads the rest.
type racer struct {
	model  modelKey
	cancel context.CancelFunc
	pull   func() (llm.Event, error, bool)
	stop   func()

	ready    chan struct{} // closed when the fields below are set
	early    []llm.Event   // up to the first content
	err      error         // before any content
	panicked *panicked     // instead of content
}

func startRacer(ctx context.Context, call *llm.Call, h llm.Handler) *racer {
	r := &racer{model: keyOf(call), ready: make(chan struct{})}
	ctx, r.cancel = context.WithCancel(ctx)
	r.pull, r.stop = iter.Pull2(traced(h(ctx, call)))
	go func() {
		defer close(r.ready)
		catch(&r.panicked, r.readToContent)
	}()
	return r
}

func (r *racer) readToContent() {
	for {
		ev, err, ok := r.pull()
		if !ok {
			err = llmutil.Unfinished()
		}
		if err != nil {
			r.err = err
			return
		}
		r.early = append(r.early, ev)
		if ev.Type.Content() {
			return
		}
	}
}

// await waits until the request has content or has failed. If it panicked, the first await
// panics in the goroutine of the caller.
func (r *racer) await() {
	<-r.ready
	if p := r.panicked; p != nil {
		r.panicked = nil
		panic(p)
	}
}

// leave cancels the request and waits until its goroutine has ended.
func (r *racer) leave() {
	r.cancel()
	<-r.ready
	r.stop()
	r.await()
}

// finish forwards the answer of the winner. Before its end, it reports the loser, if there
// is one.
func (r *racer) finish(loser *racer, yield func(llm.Event, error) bool) {
	report := func() bool { return loser == nil || yield(attemptEvent(loser.attempt()), nil) }
	for _, ev := range r.early {
		if ev.Type == llm.EventDone && !report() || !yield(ev, nil) {
			return
		}
	}
	r.early = nil
	err := r.err
	for err == nil {
		ev, failure, ok := r.pull()
		switch {
		case !ok:
			return
		case failure != nil:
			err = failure
		case ev.Type == llm.EventDone && !report() || !yield(ev, nil):
			return
		}
	}
	if report() {
		yield(llm.Event{}, err)
	}
}

// attempt describes a request that was cancelled or failed. If its server had begun to answer
// and has not reported the usage, the output is estimated from the text that arrived.
func (r *racer) attempt() llm.Attempt {
	r.cancel()
	r.await()
	var seen observer
	for _, ev := range r.early {
		seen.observe(ev, nil)
	}
	for r.err == nil && seen.done == nil { // the last event may report the usage
		ev, err, ok := r.pull()
		if !ok {
			break
		}
		r.err = err
		seen.observe(ev, err)
	}
	a := failedAttempt(&llm.Call{Provider: r.model.provider, Model: r.model.model}, r.err)
	if r.err == nil || errors.Is(r.err, context.Canceled) {
		a.Err = lost(seen.start != nil)
	}
	switch {
	case seen.done != nil:
		a.Usage = seen.done.Usage
	case a.Usage.IsZero() && seen.bytes > 0:
		a.Usage.Output = seen.usageOrEstimate(0).Output
	}
	return a
}

// lost returns the error of a request that was slower than the other one. Its status says
// whether the server had begun to answer, so that it may charge for the request.
func lost(begun bool) *llm.Error {
	e := &llm.Error{Kind: llm.Canceled, Message: "another request for the call answered sooner (middleware.Hedge)", Err: context.Canceled}
	if begun {
		e.Status = http.StatusOK
	}
	return e
}
