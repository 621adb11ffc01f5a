package middleware

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/sony/gobreaker/v2"

	"github.com/parley-llm/parley/llm"
)

// Breaker stops calling a model whose server keeps failing: after so many
// failures in a row its breaker opens, and calls fail at once with an error of
// kind [llm.Overloaded], which [Retry] does not retry and [Fallback] takes up. After a while it lets a
// few probes through, and closes if they succeed.
//
// Only the server's faults count: [llm.Overloaded], Server, Timeout, Network,
// Protocol and Incomplete. A call that was refused for what it asked counts as a
// success; one that was rate limited or ended by its caller does not count.
//
// Make [Breakers] of it, or a middleware alone.
type Breaker struct {
	// Failures is how many in a row open a breaker. Default 5.
	Failures int `yaml:"failures" json:"failures"`
	// OpenFor is how long a breaker stays open. Default 30 s.
	OpenFor time.Duration `yaml:"open_for" json:"open_for"`
	// Probes is how many calls are let through at a time after that, and how many must
	// succeed. Default 1.
	Probes int `yaml:"probes" json:"probes"`
	// Shared has the machines of a fleet tell each other when a breaker opens.
	Shared Shared `yaml:"shared" json:"shared"`
	// Observe, if set, is told of changes between "closed", "open" and
	// "half-open". It must not call the Breakers.
	Observe func(provider, model, from, to string) `yaml:"-" json:"-"`
}

// Middleware returns the middleware of these settings.
func (b Breaker) Middleware() (llm.Middleware, error) { return middlewareOf(NewBreakers(b)) }

// Breakers are the breakers of all models that share a [Breaker]'s settings.
// They are safe for concurrent use.
type Breakers struct {
	settings Breaker
	state    *state

	mu   sync.Mutex
	each map[modelKey]*breaker
}

type breaker struct {
	*gobreaker.TwoStepCircuitBreaker[any]
	mu     sync.Mutex
	opened time.Time
}

// NewBreakers returns breakers of these settings, all closed.
func NewBreakers(b Breaker) (*Breakers, error) {
	s := settings{name: "Breaker"}
	positive(&s, "Failures", &b.Failures, 5)
	positive(&s, "OpenFor", &b.OpenFor, 30*time.Second)
	positive(&s, "Probes", &b.Probes, 1)
	state := b.Shared.open(&s)
	if err := s.err(); err != nil {
		return nil, err
	}
	return &Breakers{settings: b, state: state, each: make(map[modelKey]*breaker)}, nil
}

// State returns "closed", "open" or "half-open": what this process knows of the
// model's breaker.
func (b *Breakers) State(provider, model string) string {
	return b.of(modelKey{provider, model}).State().String()
}

// Middleware has the breakers watch over calls.
func (b *Breakers) Middleware(next llm.Handler) llm.Handler { return layer(b.run)(next) }

func (b *Breakers) run(ctx context.Context, call *llm.Call, next llm.Handler, yield func(llm.Event, error) bool) {
	own := b.of(keyOf(call))
	if err := b.sharedOpen(ctx, call); err != nil {
		yield(llm.Event{}, err)
		return
	}
	finished, err := own.Allow()
	if err != nil {
		yield(llm.Event{}, own.refusal(call, err, b.settings.OpenFor))
		return
	}
	var heard listener
	defer func() {
		finished(verdict(ctx, &heard))
		if b.settings.Shared.Store != nil && blames(ctx, heard.err) && own.State() == gobreaker.StateOpen {
			b.shareOpen(ctx, call)
		}
	}()
	heard.pass(next(ctx, call), yield)
}

// errUncounted marks a call that says nothing of its server's health.
var errUncounted = errors.New("not counted")

// verdict returns what a breaker is told of a call: nil for a success.
func verdict(ctx context.Context, heard *listener) error {
	switch kind := llm.KindOf(heard.err); {
	case heard.err == nil && (heard.done != nil || heard.pieces > 0):
		return nil
	case heard.err == nil, ctx.Err() != nil && !blames(ctx, heard.err), kind == llm.RateLimited, kind == llm.Canceled:
		return errUncounted
	}
	if blames(ctx, heard.err) {
		return heard.err
	}
	return nil
}

// of returns the model's breaker.
func (b *Breakers) of(key modelKey) *breaker {
	b.mu.Lock()
	defer b.mu.Unlock()
	own := b.each[key]
	if own == nil {
		own = &breaker{}
		own.TwoStepCircuitBreaker = gobreaker.NewTwoStepCircuitBreaker[any](gobreaker.Settings{
			Name:        key.String(),
			MaxRequests: uint32(b.settings.Probes),
			Timeout:     b.settings.OpenFor,
			ReadyToTrip: func(c gobreaker.Counts) bool { return int(c.ConsecutiveFailures) >= b.settings.Failures },
			IsExcluded:  func(err error) bool { return err == errUncounted },
			OnStateChange: func(_ string, from, to gobreaker.State) {
				if to == gobreaker.StateOpen {
					own.open()
				}
				if b.settings.Observe != nil {
					b.settings.Observe(key.provider, key.model, from.String(), to.String())
				}
			},
		})
		b.each[key] = own
	}
	return own
}

func (o *breaker) open() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.opened = time.Now()
}

// refusal is the error of a call that the breaker does not let through.
func (o *breaker) refusal(call *llm.Call, err error, openFor time.Duration) error {
	if !errors.Is(err, gobreaker.ErrOpenState) {
		return notSent(call, llm.Overloaded, "its breaker is half-open, and its probes are under way", 0)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	return notSent(call, llm.Overloaded, "its breaker is open, after failures of the server in a row", time.Until(o.opened.Add(openFor)))
}

func sharedKey(call *llm.Call) string { return "breaker/" + keyOf(call).String() }

// sharedOpen returns an error if another machine's breaker has opened.
func (b *Breakers) sharedOpen(ctx context.Context, call *llm.Call) error {
	if b.settings.Shared.Store == nil {
		return nil
	}
	value, err := b.state.Get(ctx, sharedKey(call))
	if err != nil || value == nil {
		return err
	}
	left := b.settings.OpenFor
	if until, err := strconv.ParseInt(string(value), 10, 64); err == nil {
		left = time.Until(time.UnixMilli(until))
	}
	return notSent(call, llm.Overloaded, "the breaker of another machine is open", left)
}

// shareOpen tells the other machines that the model's breaker has opened. That
// they do not hear of it when the store is away is no reason to fail a call.
func (b *Breakers) shareOpen(ctx context.Context, call *llm.Call) {
	until := strconv.FormatInt(time.Now().Add(b.settings.OpenFor).UnixMilli(), 10)
	_ = b.state.Set(context.WithoutCancel(ctx), sharedKey(call), []byte(until), b.settings.OpenFor)
}
