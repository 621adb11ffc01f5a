package middleware

import (
	"context"
	"slices"
	"sync"

	"github.com/parley-llm/parley/llm"
)

// flights are the calls that are being made, each for all who want its answer.
type flights struct {
	mu   sync.Mutex
	each map[flightKey]*flight
}

// flightKey tells flights apart. A caller who wants the whole answer at once
// does not mind when a call is made anew, one who reads along does.
type flightKey struct {
	key      string
	buffered bool
}

// flight is one call, and what has come of its answer so far. Its goroutine
// ends when the answer has, or when nobody waits any more.
type flight struct {
	key    flightKey
	cancel context.CancelFunc
	ended  chan struct{} // closed when the goroutine has ended

	waiting int // guarded by the lock of flights

	mu      sync.Mutex
	events  []llm.Event // only ever appended to
	err     error
	over    bool
	panic   *panicked              // that ended it
	told    bool                   // somebody knows of that
	readers map[chan struct{}]bool // told when there is more
}

// join returns the flight of this key, and whether it has begun with this
// call. The flight has the values of its first caller's context, and no end but its own.
func (fs *flights) join(key flightKey, ctx context.Context, fly func(context.Context, *flight)) (f *flight, first bool) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if f := fs.each[key]; f != nil {
		f.waiting++
		return f, false
	}
	f = &flight{key: key, ended: make(chan struct{}), waiting: 1, readers: make(map[chan struct{}]bool)}
	ctx, f.cancel = context.WithCancel(context.WithoutCancel(ctx))
	fs.each[key] = f
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
	if fs.each[f.key] == f {
		delete(fs.each, f.key)
	}
}

// leave takes a caller off the flight. The last one ends it.
func (fs *flights) leave(f *flight) {
	fs.mu.Lock()
	f.waiting--
	last := f.waiting == 0
	if last && fs.each[f.key] == f {
		delete(fs.each, f.key)
	}
	fs.mu.Unlock()
	if last {
		f.cancel()
		<-f.ended
		if p := f.unheard(); p != nil { // of what it did at its end
			panic(p)
		}
	}
}

// unheard returns the panic that ended the flight, if there is one and nobody knows of it; from now on somebody does.
func (f *flight) unheard() *panicked {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.told {
		return nil
	}
	f.told = true
	return f.panic
}

// fill takes in the answer, and reports whether it is whole.
func (f *flight) fill(events llm.Events) (whole bool) {
	for ev, err := range events {
		if whole { // nothing comes after the end
			continue
		}
		f.mu.Lock()
		if err != nil {
			f.err = err
		} else {
			f.events = append(f.events, ev)
		}
		f.tell()
		f.mu.Unlock()
		whole = err == nil && ev.Type == llm.EventDone
	}
	return whole
}

// finish tells the readers that there is no more. The panic of a call is for its first caller; the
// others, who would have made the same, get an error.
func (f *flight) finish(crash *panicked) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.over, f.panic = true, crash
	if crash != nil {
		f.err = &llm.Error{Message: "the equal call that this one waited for has panicked (middleware.Cache)", Err: crash}
	}
	f.tell()
}

// tell wakes the readers that wait, with the lock held.
func (f *flight) tell() {
	for reader := range f.readers {
		select {
		case reader <- struct{}{}:
		default: // it has not looked since it was told before
		}
	}
}

// read passes the answer on from its beginning, at the reader's own pace. The first
// caller is told of a panic, and the others of an error, but for one that has the whole answer: it
// only waits for the call's end, as of any other.
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
	whole := false
	for n := 0; ; {
		f.mu.Lock()
		fresh, err, over := f.events[n:], f.err, f.over
		crash := f.panic
		f.told = f.told || crash != nil && len(fresh) == 0
		f.mu.Unlock()
		for _, ev := range fresh {
			if ev.Type == llm.EventResult {
				ev.Detail = copied(ev.Detail)
			}
			if !yield(ev, nil) {
				return
			}
			whole = whole || ev.Type == llm.EventDone
		}
		n += len(fresh)
		switch {
		case len(fresh) > 0: // there may be more by now
		case err != nil:
			if crash != nil && first {
				panic(crash)
			}
			if !whole {
				yield(llm.Event{}, err)
			}
			return
		case over:
			return
		default:
			select {
			case <-more:
			case <-ctx.Done():
				if !whole {
					yield(llm.Event{}, llm.FromContext(ctx))
				}
				return
			}
		}
	}
}

// copied returns a result for one reader alone, who may change it, as by normalising vectors.
func copied(result llm.Detail) llm.Detail {
	switch r := result.(type) {
	case *llm.EmbedResponse:
		own := *r
		own.Vectors = slices.Clone(r.Vectors)
		for i, v := range own.Vectors {
			own.Vectors[i] = slices.Clone(v)
		}
		return &own
	case *llm.TokenCount:
		return new(*r)
	}
	return result
}
