package middleware

import (
	"context"
	"time"

	"github.com/parley-llm/parley/llm"
)

// Concurrency limits the number of calls to a model that run at the same time. Further
// calls wait in arrival order until a running call ends, or until their context ends. A
// call runs until the loop over its events ends.
//
// A Concurrency is safe for concurrent use. Do not copy it or change its fields after the
// first call.
type Concurrency struct {
	// Max is the maximum number of running calls for each model. It must be set.
	Max int `yaml:"max"`
	// MaxWait limits the time in the queue. A call that waits longer fails with an error of
	// kind [llm.RateLimited]. Zero means no limit other than the context.
	MaxWait time.Duration `yaml:"max_wait"`

	live live[*concurrencyState]
}

// Validate returns an error that names every invalid field.
func (c *Concurrency) Validate() error {
	_, err := c.open()
	return err
}

// Wrap implements [llm.Middleware].
func (c *Concurrency) Wrap(next llm.Handler) llm.Handler {
	return wrap(&c.live, c.open, (*concurrencyState).run, next)
}

func (c *Concurrency) open() (*concurrencyState, error) {
	c = fixed(c)
	s := settings{name: "Concurrency"}
	if c.Max <= 0 {
		s.refuse("Max", "is %d; it must be at least 1", c.Max)
	}
	number(&s, "MaxWait", &c.MaxWait, 0)
	return &concurrencyState{Concurrency: c}, s.err()
}

// concurrencyState is a Concurrency in use. Every model has a channel with a slot for each
// running call. Go serves goroutines that wait to send in order.
type concurrencyState struct {
	*Concurrency
	slots perKey[modelKey, chan struct{}]
}

func (c *concurrencyState) run(ctx context.Context, call *llm.Call, next llm.Handler, yield func(llm.Event, error) bool) {
	slots := c.slots.of(keyOf(call), func() chan struct{} { return make(chan struct{}, c.Max) })
	if err := c.wait(ctx, call, slots); err != nil {
		yield(llm.Event{}, err)
		return
	}
	defer func() { <-slots }()
	next(ctx, call)(yield)
}

func (c *concurrencyState) wait(ctx context.Context, call *llm.Call, slots chan struct{}) error {
	select {
	case slots <- struct{}{}:
		return nil
	default:
	}
	var expired <-chan time.Time
	if c.MaxWait > 0 {
		timer := time.NewTimer(c.MaxWait)
		defer timer.Stop()
		expired = timer.C
	}
	select {
	case slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return llm.FromContext(ctx)
	case <-expired:
		return notSent(call, llm.RateLimited, "the queue for a running call took longer than "+c.MaxWait.String()+" (middleware.Concurrency)", 0)
	}
}
