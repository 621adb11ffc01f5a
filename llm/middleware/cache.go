package middleware

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/parley-llm/parley/llm"
)

// Cache stores complete answers and replays them for identical calls.
//
// Two calls are identical if everything that can change the answer is equal: the provider,
// the model, the messages, the tools, the sampling settings, the format and the provider
// options. If several identical calls arrive at the same time, Cache sends one request and
// shares the answer. A caller that cancels or reads slowly does not affect the others.
//
// Cache stores only complete answers. It does not store errors, answers truncated by a
// token limit or a content filter, or answers from a fallback model.
//
// By default, Cache handles chats with Temperature 0, embeddings and token counts. Set
// Sampled to cache chats with any temperature. Requests whose [llm.Options] contain a
// function are not cached unless the options implement [CacheKeyer].
//
// A cached answer reports zero usage and costs nothing. The header of its [llm.Start] has
// Cache-Status "parley; hit", and an Age in seconds. [Log] and llm/otel mark cache hits.
//
// Security: the cache key contains neither the credential nor the server address, so all
// callers of one Cache share its entries. To isolate tenants, use one Cache for each
// tenant, or different Shared.Scope values in a shared store.
//
// The zero value is ready to use. A Cache is safe for concurrent use. Do not copy it or
// change its fields after the first call.
type Cache struct {
	// TTL is the lifetime of an entry. The default is 1 hour.
	TTL time.Duration `yaml:"ttl"`
	// MaxBytes limits the memory for entries. When it is reached, the least recently used
	// entries are evicted. The default is 64 MiB. A shared store has a separate limit.
	MaxBytes int `yaml:"max_bytes"`
	// Sampled enables caching for chats with any temperature, so that a repeated request gets
	// the same answer. A request without a temperature uses the default of the provider, which
	// is not 0.
	Sampled bool `yaml:"sampled"`
	// Shared stores entries outside this process, for example in Redis.
	Shared Shared `yaml:"shared"`

	live  live[*cacheState]
	stats struct{ hits, misses, shared atomic.Int64 }
}

// CacheStats counts calls by how they were answered. Calls that cannot be cached are not
// counted.
type CacheStats struct {
	Hits   int64 // answered from the cache
	Misses int64 // sent to the model
	Shared int64 // joined an identical call in flight
}

// Stats returns the numbers since the first call.
func (c *Cache) Stats() CacheStats {
	return CacheStats{Hits: c.stats.hits.Load(), Misses: c.stats.misses.Load(), Shared: c.stats.shared.Load()}
}

// Validate returns an error that names every invalid field.
func (c *Cache) Validate() error {
	_, err := c.open()
	return err
}

// Wrap implements [llm.Middleware].
func (c *Cache) Wrap(next llm.Handler) llm.Handler {
	return wrap(&c.live, c.open, (*cacheState).run, next)
}

func (c *Cache) open() (*cacheState, error) {
	set := fixed(c)
	s := settings{name: "Cache"}
	number(&s, "TTL", &set.TTL, time.Hour)
	number(&s, "MaxBytes", &set.MaxBytes, 64<<20)
	shared := set.Shared.open(&s, set.MaxBytes)
	return &cacheState{settings: set, counters: c, store: shared, flights: flights{running: make(map[flightKey]*flight)}}, s.err()
}

// cacheState is a Cache in use.
type cacheState struct {
	settings *Cache
	counters *Cache
	store    *sharedStore
	flights  flights
}

func (c *cacheState) run(ctx context.Context, call *llm.Call, next llm.Handler, yield func(llm.Event, error) bool) {
	key, ok := c.key(call)
	if !ok {
		next(ctx, call)(yield)
		return
	}
	stored, err := c.store.Get(ctx, key)
	if err != nil {
		yield(llm.Event{}, err)
		return
	}
	if events, ok := decodeAnswer(stored); ok && answers(call, events) && cacheable(call, events) {
		c.counters.stats.hits.Add(1)
		for _, ev := range events {
			if !yield(ev, nil) {
				return
			}
		}
		return
	}
	flight, first := c.flights.join(flightKey{key, call.Buffered}, ctx, func(ctx context.Context, f *flight) {
		if f.fill(next(ctx, call)) && cacheable(call, f.events) {
			if value, err := encodeAnswer(f.events); err == nil {
				// If the entry cannot be stored, the next call is a cache miss.
				_ = c.store.Set(context.WithoutCancel(ctx), key, value, c.settings.TTL)
			}
		}
	})
	if first {
		c.counters.stats.misses.Add(1)
	} else {
		c.counters.stats.shared.Add(1)
	}
	defer c.flights.leave(flight)
	flight.read(ctx, first, yield)
}

// key returns the cache key of a call, and false if the call cannot be cached.
func (c *cacheState) key(call *llm.Call) (string, bool) {
	switch call.Op {
	case llm.OpChat:
		if t := call.Request.Temperature; !c.settings.Sampled && (t == nil || *t > 0) {
			return "", false
		}
	case llm.OpEmbed, llm.OpCountTokens:
	default:
		return "", false
	}
	key, ok := cacheKey(call)
	return c.store.key(key), ok
}

// cacheable reports whether an answer can be stored.
func cacheable(call *llm.Call, events []llm.Event) bool {
	for _, ev := range events {
		switch d := ev.Detail.(type) {
		case *llm.Warning:
			if d.Code == llm.WarnAnsweredBy {
				return false
			}
		case *llm.Step: // tools ran
			return false
		case *llm.Done:
			return call.Op != llm.OpChat || d.FinishReason == llm.FinishStop || d.FinishReason == llm.FinishToolCalls
		}
		if ev.Type == llm.EventReset || ev.Type == llm.EventToolStart {
			return false
		}
	}
	return false
}
