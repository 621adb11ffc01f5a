package middleware

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/parley-llm/parley/llm"
)

// Cache answers a call that has been made before, in every detail that can
// change its answer, with the answer of that time, as a stream. Equal calls at
// the same time are made once, for all who wait: one who leaves does not
// disturb the others, and a slow reader does not hold them up.
//
// Kept are whole answers only: no errors, none that a limit or a filter cut, and none of
// another model than the one asked. A kept answer costs nothing, and says so in its usage; its
// [llm.Start] has the header Age, in seconds.
//
// A chat is cached if its Temperature is 0, because only then is one answer as good as
// another; see Sampled. So are embeddings and token counts. A request whose [llm.Options] hold a
// function is not, unless they are a [CacheKeyer].
//
// Neither who asks is part of what is compared nor which server: callers share their answers, whatever
// credentials their calls have, and so do models of the same provider's and model's name at two
// addresses. Give those who must not share a Cache each, and in one Store a Shared.Scope each.
//
// Make [Answers] of it, or a middleware alone.
type Cache struct {
	// TTL is how long an answer is kept. Default 1 hour.
	TTL time.Duration `yaml:"ttl" json:"ttl"`
	// MaxBytes bounds the memory that answers take; those used least recently
	// go first. Default 64 MiB. A Store that is shared has a bound of its own.
	MaxBytes int `yaml:"max_bytes" json:"max_bytes"`
	// Sampled caches chats of any temperature, so that asking again gives the
	// same answer again. A request without one has its provider's, which is not 0.
	Sampled bool `yaml:"sampled" json:"sampled"`
	// Shared has the machines of a fleet share the answers.
	Shared Shared `yaml:"shared" json:"shared"`
}

// Middleware returns the middleware of these settings.
func (c Cache) Middleware() (llm.Middleware, error) { return middlewareOf(NewAnswers(c)) }

// Answers are the answers that a [Cache] keeps. They are safe for concurrent use.
type Answers struct {
	settings Cache
	state    *state
	flights  flights

	kept, made, joined atomic.Int64
}

// NewAnswers returns no answers yet.
func NewAnswers(c Cache) (*Answers, error) {
	s := settings{name: "Cache"}
	positive(&s, "TTL", &c.TTL, time.Hour)
	positive(&s, "MaxBytes", &c.MaxBytes, 64<<20)
	state := c.Shared.open(&s)
	if err := s.err(); err != nil {
		return nil, err
	}
	state.local = NewMemory(c.MaxBytes)
	return &Answers{settings: c, state: state, flights: flights{each: make(map[flightKey]*flight)}}, nil
}

// CacheStats says how calls were answered.
type CacheStats struct {
	Kept   int64 // with an answer of before
	Made   int64 // by making the call
	Joined int64 // by an equal call that was being made
}

// Stats returns how calls have been answered so far, but for those that cannot be cached.
func (a *Answers) Stats() CacheStats {
	return CacheStats{a.kept.Load(), a.made.Load(), a.joined.Load()}
}

// Middleware answers calls that have been made before.
func (a *Answers) Middleware(next llm.Handler) llm.Handler { return layer(a.run)(next) }

func (a *Answers) run(ctx context.Context, call *llm.Call, next llm.Handler, yield func(llm.Event, error) bool) {
	key, ok := a.key(call)
	if !ok {
		next(ctx, call)(yield)
		return
	}
	kept, err := a.state.Get(ctx, key)
	if err != nil {
		yield(llm.Event{}, err)
		return
	}
	if events, ok := decodeAnswer(kept); ok {
		a.kept.Add(1)
		for _, ev := range events {
			if !yield(ev, nil) {
				return
			}
		}
		return
	}
	flight, first := a.flights.join(flightKey{key, call.Buffered}, ctx, func(ctx context.Context, f *flight) {
		if f.fill(next(ctx, call)) && keepable(call, f.events) {
			if value, err := encodeAnswer(f.events); err == nil {
				// An answer that is not kept is made again next time.
				_ = a.state.Set(context.WithoutCancel(ctx), key, value, a.settings.TTL)
			}
		}
	})
	if first {
		a.made.Add(1)
	} else {
		a.joined.Add(1)
	}
	defer a.flights.leave(flight)
	flight.read(ctx, first, yield)
}

// key returns what the call's answer is kept under, and false if it is not.
func (a *Answers) key(call *llm.Call) (string, bool) {
	switch call.Op {
	case llm.OpChat:
		if t := call.Request.Temperature; !a.settings.Sampled && (t == nil || *t > 0) {
			return "", false
		}
	case llm.OpEmbed, llm.OpCountTokens:
	default:
		return "", false
	}
	key, ok := cacheKey(call)
	return a.state.key(key), ok
}

// keepable reports whether a whole answer may be given to others later.
func keepable(call *llm.Call, events []llm.Event) bool {
	for _, ev := range events {
		switch d := ev.Detail.(type) {
		case *llm.Warning:
			if d.Code == llm.WarnAnsweredBy {
				return false
			}
		case *llm.Step: // tools have run
			return false
		case *llm.Done:
			return call.Op != llm.OpChat || d.FinishReason == llm.FinishStop || d.FinishReason == llm.FinishToolCalls
		}
		if ev.Type == llm.EventReset {
			return false
		}
	}
	return false
}
