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
// success; one that was rate limited, ended by its caller or not sent does not count.
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
	// Shared has the machines of a fleet tell each other when a breaker opens. After OpenFor they
	// have Probes together, and the first that succeeds closes it for all.
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
	each     each[modelKey, *breaker]
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
	return &Breakers{settings: b, state: state}, nil
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
	finished, err := own.Allow()
	if err != nil {
		yield(llm.Event{}, own.refusal(call, err, b.settings.OpenFor))
		return
	}
	probe, err := b.permit(ctx, call)
	if err != nil {
		finished(errUncounted)
		yield(llm.Event{}, err)
		return
	}
	var heard listener
	defer func() {
		verdict := verdict(ctx, &heard)
		finished(verdict)
		b.tell(ctx, call, own, probe, verdict)
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
	case blames(ctx, heard.err):
		return heard.err
	case !replied(heard):
		return errUncounted
	}
	return nil
}

// replied reports whether a call that failed has got as far as its server.
func replied(heard *listener) bool {
	e, ok := errors.AsType[*llm.Error](heard.err)
	return heard.start != nil || ok && e.Status != 0
}

// of returns the model's breaker.
func (b *Breakers) of(key modelKey) *breaker {
	return b.each.of(key, func() *breaker {
		own := &breaker{}
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
		return own
	})
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

// What a fleet knows of a model that has failed, by the beginnings of the keys that it is filed under: the
// end of one could be the end of another model's name.
const (
	fleetIll    = "breaker/ill/"    // it has failed, and nobody has found it well since
	fleetOpen   = "breaker/open/"   // it is left alone
	fleetProbes = "breaker/probes/" // a bucket of them
)

// illFor is how many times OpenFor a breaker that nobody probes is remembered.
const illFor = 10

func (b *Breakers) sharedKey(call *llm.Call, what string) string {
	return b.state.key(what + keyOf(call).String())
}

// permit returns an error if the fleet leaves the model alone, and whether the call is one of its probes.
func (b *Breakers) permit(ctx context.Context, call *llm.Call) (probe bool, err error) {
	if b.settings.Shared.Store == nil {
		return false, nil
	}
	value, err := b.state.Get(ctx, b.sharedKey(call, fleetIll))
	if err != nil || value == nil {
		return false, err
	}
	value, err = b.state.Get(ctx, b.sharedKey(call, fleetOpen))
	if err != nil {
		return false, err
	}
	if value != nil {
		left := b.settings.OpenFor
		if until, err := strconv.ParseInt(string(value), 10, 64); err == nil { // by another machine's clock
			left = min(max(0, time.Until(time.UnixMilli(until))), left)
		}
		return false, notSent(call, llm.Overloaded, "the breaker of another machine is open", left)
	}
	_, ok, _, err := b.state.Take(ctx, b.sharedKey(call, fleetProbes), b.probe(1), 0)
	if err == nil && !ok {
		err = notSent(call, llm.Overloaded, "its breaker is half-open, and its probes are under way", 0)
	}
	return ok, err
}

// probe returns the draw of a probe. One that is never heard of again is made up for after OpenFor.
func (b *Breakers) probe(n int64) []Draw {
	return []Draw{{n, Bucket{Every: b.settings.OpenFor, Burst: int64(b.settings.Probes)}}}
}

// tell tells the other machines what a call has shown. That they do not hear of it when the store is
// away is no reason to fail a call.
func (b *Breakers) tell(ctx context.Context, call *llm.Call, own *breaker, probe bool, verdict error) {
	if b.settings.Shared.Store == nil {
		return
	}
	ctx, openFor := context.WithoutCancel(ctx), b.settings.OpenFor
	faulty := verdict != nil && verdict != errUncounted
	switch {
	case faulty && (probe || own.State() == gobreaker.StateOpen):
		until := strconv.FormatInt(time.Now().Add(openFor).UnixMilli(), 10)
		_ = b.state.Set(ctx, b.sharedKey(call, fleetOpen), []byte(until), openFor)
		_ = b.state.Set(ctx, b.sharedKey(call, fleetIll), []byte(until), illFor*openFor)
	case probe && verdict == nil:
		_ = b.state.Set(ctx, b.sharedKey(call, fleetIll), nil, 0)
	}
	if probe { // the next is one, or there is no need of any
		_, _, _, _ = b.state.Take(ctx, b.sharedKey(call, fleetProbes), b.probe(-1), 0)
	}
}
