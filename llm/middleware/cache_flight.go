package middleware

import (
	"context"
	"sync"

	"github.com/parley-llm/parley/internal/deepcopy"
	"github.com/parley-llm/parley/llm"
)

// flights are the calls in flight. Identical calls join the same flight.
type flights struct {
	mu      sync.Mutex
	running map[flightKey]*flight
}

// flightKey identifies a flight. Buffered and streamed calls do not share a flight, because
// they have different commit points.
type flightKey struct {
	key      string
	buffered bool
}

// flight is one call and the events that have arrived so far. Its goroutine ends when the
// answer ends, or when the last caller leaves.
type flight struct {
	key    flightKey
	cancel context.CancelFunc
	ended  chan struct{} // closed when the goroutine has ended

	callers int // guarded by the lock of flights

	mu      sync.Mutex
	events  []llm.Event // append-only
	err     error
	over    bool
	panic   *panicked              // that ended the call
	raised  bool                   // a caller has received the panic
	readers map[chan struct{}]bool // notified of new events
}

// join returns the flight of this key, and whether this call has started it. The flight has
// the values of the context of its first caller. It is cancelled only when its last caller
// leaves.
func (fs *flights) join(key flightKey, ctx context.Context, fly func(context.Context, *flight)) (f *flight, first bool) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if f := fs.running[key]; f != nil {
		f.callers++
		return f, false
	}
	f = &flight{key: key, ended: make(chan struct{}), callers: 1, readers: make(map[chan struct{}]bool)}
	ctx, f.cancel = context.WithCancel(context.WithoutCancel(ctx))
	fs.running[key] = f
	go func() {
		defer close(f.ended)
		var crash *panicked
		defer func() {
			fs.forget(f)
			f.finish(crash)
		}()
		catch(&crash, func() { fly(ctx, f) })
	}()
	return f, true
}

func (fs *flights) forget(f *flight) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if fs.running[f.key] == f {
		delete(fs.running, f.key)
	}
}

// leave removes a caller from the flight. The last one ends the flight.
func (fs *flights) leave(f *flight) {
	fs.mu.Lock()
	f.callers--
	last := f.callers == 0
	if last && fs.running[f.key] == f {
		delete(fs.running, f.key)
	}
	fs.mu.Unlock()
	if last {
		f.cancel()
		<-f.ended
		if p := f.takePanic(); p != nil { // raised at its end
			panic(p)
		}
	}
}

// takePanic returns the panic that ended the flight, unless a caller has received it already.
func (f *flight) takePanic() *panicked {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.raised {
		return nil
	}
	f.raised = true
	return f.panic
}

// fill reads the answer, and reports whether it is complete.
func (f *flight) fill(events llm.Events) (complete bool) {
	for ev, err := range events {
		if complete { // ignore events after the end
			continue
		}
		f.mu.Lock()
		if err != nil {
			f.err = err
		} else {
			f.events = append(f.events, ev)
		}
		f.notify()
		f.mu.Unlock()
		complete = err == nil && ev.Type == llm.EventDone
	}
	return complete
}

// finish notifies the readers of the end. The first caller receives a panic of the call. The
// others receive an error.
func (f *flight) finish(crash *panicked) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.over, f.panic = true, crash
	if crash != nil {
		f.err = &llm.Error{Message: "the identical call that this call joined panicked (middleware.Cache)", Err: crash}
	}
	f.notify()
}

// notify wakes the readers. The caller holds the lock.
func (f *flight) notify() {
	for reader := range f.readers {
		select {
		case reader <- struct{}{}:
		default: // the reader has a notification already
		}
	}
}

// read sends the answer to yield from its beginning. The reader can be slower than the
// call. If the call panics, the first caller panics and the others receive an error. A reader
// that has the complete answer receives neither. It only waits for the end of the call.
func (f *flight) read(ctx context.Context, first bool, yield func(llm.Event, error) bool) {
	more := make(chan struct{}, 1)
	f.mu.Lock()
	f.readers[more] = true
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.readers, more)
	}()
	complete := false
	for n := 0; ; {
		f.mu.Lock()
		fresh, err, over := f.events[n:], f.err, f.over
		crash := f.panic
		f.raised = f.raised || crash != nil && len(fresh) == 0
		f.mu.Unlock()
		for _, ev := range fresh {
			if ev.Detail != nil {
				ev.Detail = deepcopy.Of(ev.Detail) // readers may modify it, for example to normalize vectors
			}
			if !yield(ev, nil) {
				return
			}
			complete = complete || ev.Type == llm.EventDone
		}
		n += len(fresh)
		switch {
		case len(fresh) > 0: // more may have arrived
		case err != nil:
			if crash != nil && first {
				panic(crash)
			}
			if !complete {
				yield(llm.Event{}, err)
			}
			return
		case over:
			return
		default:
			select {
			case <-more:
			case <-ctx.Done():
				if !complete {
					yield(llm.Event{}, llm.FromContext(ctx))
				}
				return
			}
		}
	}
}
