package middleware

import (
	"context"
	"sync"
	"time"

	"github.com/parley-llm/parley/llm"
)

// Concurrency bounds how many calls of a model are under way at once. Others
// wait their turn, in the order in which they came, as long as their contexts
// let them. A call is under way until the loop over its events has ended.
type Concurrency struct {
	// Max is how many. It must be set.
	Max int `yaml:"max" json:"max"`
	// MaxWait is the longest wait for a turn; a call that would wait longer fails
	// with an error of kind [llm.RateLimited]. 0 is as long as the context allows.
	MaxWait time.Duration `yaml:"max_wait" json:"max_wait"`
}

// Middleware returns the middleware of these settings.
func (c Concurrency) Middleware() (llm.Middleware, error) {
	s := settings{name: "Concurrency"}
	if c.Max <= 0 {
		s.refuse("Max", "is %d; it must be 1 at least", c.Max)
	}
	positive(&s, "MaxWait", &c.MaxWait, 0)
	if err := s.err(); err != nil {
		return nil, err
	}
	turns := &turns{Concurrency: c, each: make(map[modelKey]chan struct{})}
	return layer(turns.run), nil
}

// turns is a Concurrency at work: for each model a channel with a place for
// each call under way. Go lets those who wait to send go in order.
type turns struct {
	Concurrency
	mu   sync.Mutex
	each map[modelKey]chan struct{}
}

func (t *turns) run(ctx context.Context, call *llm.Call, next llm.Handler, yield func(llm.Event, error) bool) {
	places := t.of(call)
	if err := t.wait(ctx, call, places); err != nil {
		yield(llm.Event{}, err)
		return
	}
	defer func() { <-places }()
	next(ctx, call)(yield)
}

func (t *turns) wait(ctx context.Context, call *llm.Call, places chan struct{}) error {
	select {
	case places <- struct{}{}:
		return nil
	default:
	}
	var tooLong <-chan time.Time
	if t.MaxWait > 0 {
		timer := time.NewTimer(t.MaxWait)
		defer timer.Stop()
		tooLong = timer.C
	}
	select {
	case places <- struct{}{}:
		return nil
	case <-ctx.Done():
		return llm.FromContext(ctx)
	case <-tooLong:
		return notSent(call, llm.RateLimited, "no turn came within "+t.MaxWait.String()+" (middleware.Concurrency)", 0)
	}
}

func (t *turns) of(call *llm.Call) chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	key := keyOf(call)
	places := t.each[key]
	if places == nil {
		places = make(chan struct{}, t.Max)
		t.each[key] = places
	}
	return places
}
