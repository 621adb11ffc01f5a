package middleware

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/sony/gobreaker/v2"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/middleware/store"
)

// Breaker is a circuit breaker for each model. It stops calls to a model whose server keeps
// failing.
//
// After Failures consecutive failures, the breaker of a model opens: calls fail at once with
// an error of kind [llm.Overloaded], which [Retry] does not repeat and [Fallback] handles.
// After OpenFor, the breaker is half-open: it lets Probes calls through, and closes if they
// succeed.
//
// Only failures of the server count: errors of the kinds [llm.Overloaded], [llm.Server],
// [llm.Timeout], [llm.Network], [llm.Protocol] and [llm.Incomplete]. A call that the server
// refused because of its content counts as a success. Calls that were rate limited,
// cancelled by the caller or not sent do not count.
//
// The zero value is ready to use. A Breaker is safe for concurrent use. Do not copy it or
// change its fields after the first call.
type Breaker struct {
	// Failures is the number of consecutive failures that opens a breaker. The default is 5.
	Failures int `yaml:"failures"`
	// OpenFor is the time for which a breaker stays open. The default is 30 seconds.
	OpenFor time.Duration `yaml:"open_for"`
	// Probes is the number of calls that a half-open breaker lets through at the same time,
	// and that must succeed to close it. The default is 1.
	Probes int `yaml:"probes"`
	// Shared lets several processes share open breakers. A breaker that opens in one process
	// is then open in all of them. After OpenFor, they have Probes together, and the first
	// probe that succeeds closes it for all of them.
	Shared Shared `yaml:"shared"`
	// Observe, if not nil, is called when a breaker changes between "closed", "open" and
	// "half-open". It must not call methods of the Breaker.
	Observe func(provider, model, from, to string) `json:"-"`

	live live[*breakerState]
}

// Validate returns an error that names every invalid field.
func (b *Breaker) Validate() error {
	_, err := b.open()
	return err
}

// Wrap implements [llm.Middleware].
func (b *Breaker) Wrap(next llm.Handler) llm.Handler {
	return wrap(&b.live, b.open, (*breakerState).run, next)
}

// State returns the state of the breaker of a model in this process: "closed", "open" or
// "half-open". It returns an empty string if the settings are invalid.
func (b *Breaker) State(provider, model string) string {
	state, err := b.live.get(b.open)
	if err != nil {
		return ""
	}
	return state.of(modelKey{provider, model}).State().String()
}

// States returns the states of the breakers of all models that have been called, under
// names such as "openai/gpt-6-luna".
func (b *Breaker) States() map[string]string {
	states := make(map[string]string)
	if state, err := b.live.get(b.open); err == nil {
		for key, own := range state.breakers.all() {
			states[key.String()] = own.State().String()
		}
	}
	return states
}

func (b *Breaker) open() (*breakerState, error) {
	b = fixed(b)
	s := settings{name: "Breaker"}
	number(&s, "Failures", &b.Failures, 5)
	number(&s, "OpenFor", &b.OpenFor, 30*time.Second)
	number(&s, "Probes", &b.Probes, 1)
	shared := b.Shared.open(&s, 0)
	return &breakerState{settings: b, store: shared}, s.err()
}

// breakerState is a Breaker in use.
type breakerState struct {
	settings *Breaker
	store    *sharedStore
	breakers perKey[modelKey, *breaker]
}

// breaker is the breaker of one model.
type breaker struct {
	*gobreaker.TwoStepCircuitBreaker[any]
	mu     sync.Mutex
	opened time.Time
}

func (b *breakerState) run(ctx context.Context, call *llm.Call, next llm.Handler, yield func(llm.Event, error) bool) {
	own := b.of(keyOf(call))
	finish, err := own.Allow()
	if err != nil {
		yield(llm.Event{}, own.refusal(call, err, b.settings.OpenFor))
		return
	}
	probe, err := b.permit(ctx, call)
	if err != nil {
		finish(errNotCounted)
		yield(llm.Event{}, err)
		return
	}
	var answer observer
	defer func() {
		result := breakerResult(ctx, &answer)
		finish(result)
		b.publish(ctx, call, own, probe, result)
	}()
	answer.forward(next(ctx, call), yield)
}

// errNotCounted is the result of a call that shows nothing about its server.
var errNotCounted = errors.New("not counted")

// breakerResult returns the result of a call for its breaker: nil for a success.
func breakerResult(ctx context.Context, answer *observer) error {
	switch kind := llm.KindOf(answer.err); {
	case answer.err == nil && (answer.done != nil || answer.chunks > 0):
		return nil
	case answer.err == nil, ctx.Err() != nil && !countsAsFailure(ctx, answer.err), kind == llm.RateLimited, kind == llm.Canceled:
		return errNotCounted
	case countsAsFailure(ctx, answer.err):
		return answer.err
	case !serverReplied(answer):
		return errNotCounted
	}
	return nil
}

// serverReplied reports whether a call that failed reached its server.
func serverReplied(answer *observer) bool {
	e, ok := errors.AsType[*llm.Error](answer.err)
	return answer.start != nil || ok && e != nil && e.Status != 0
}

// of returns the breaker of a model.
func (b *breakerState) of(key modelKey) *breaker {
	return b.breakers.of(key, func() *breaker {
		own := &breaker{}
		own.TwoStepCircuitBreaker = gobreaker.NewTwoStepCircuitBreaker[any](gobreaker.Settings{
			Name:        key.String(),
			MaxRequests: uint32(b.settings.Probes),
			Timeout:     b.settings.OpenFor,
			ReadyToTrip: func(c gobreaker.Counts) bool { return int(c.ConsecutiveFailures) >= b.settings.Failures },
			IsExcluded:  func(err error) bool { return err == errNotCounted },
			OnStateChange: func(_ string, from, to gobreaker.State) {
				if to == gobreaker.StateOpen {
					own.setOpened()
				}
				if b.settings.Observe != nil {
					b.settings.Observe(key.provider, key.model, from.String(), to.String())
				}
			},
		})
		return own
	})
}

func (o *breaker) setOpened() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.opened = time.Now()
}

// refusal is the error of a call that the breaker does not let through.
func (o *breaker) refusal(call *llm.Call, err error, openFor time.Duration) error {
	if !errors.Is(err, gobreaker.ErrOpenState) {
		return notSent(call, llm.Overloaded, halfOpen, 0)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	return notSent(call, llm.Overloaded, "the breaker is open after consecutive failures of the server", time.Until(o.opened.Add(openFor)))
}

const halfOpen = "the breaker is half-open, and its probes are running"

// Prefixes of the keys in a shared store. The model name follows. A suffix instead could be
// the end of the name of another model. The values are part of the format of the store.
const (
	keyFailed = "breaker/ill/"    // the model has failed, and no probe has succeeded since
	keyOpen   = "breaker/open/"   // its breaker is open
	keyProbes = "breaker/probes/" // bucket of probes
)

// failedFor is the multiple of OpenFor after which a failure without further calls is
// forgotten.
const failedFor = 10

func (b *breakerState) key(call *llm.Call, prefix string) string {
	return b.store.key(prefix + keyOf(call).String())
}

// permit returns an error if the breaker of another process is open. Otherwise it reports
// whether the call is one of the shared probes.
func (b *breakerState) permit(ctx context.Context, call *llm.Call) (probe bool, err error) {
	if b.settings.Shared.Store == nil {
		return false, nil
	}
	value, err := b.store.Get(ctx, b.key(call, keyFailed))
	if err != nil || value == nil {
		return false, err
	}
	value, err = b.store.Get(ctx, b.key(call, keyOpen))
	if err != nil {
		return false, err
	}
	if value != nil {
		left := b.settings.OpenFor
		if until, err := strconv.ParseInt(string(value), 10, 64); err == nil { // by the clock of another machine
			left = min(max(0, time.Until(time.UnixMilli(until))), left)
		}
		return false, notSent(call, llm.Overloaded, "the breaker is open in another process", left)
	}
	_, ok, _, err := b.store.Reserve(ctx, b.key(call, keyProbes), b.probe(1), 0)
	if err == nil && !ok {
		err = notSent(call, llm.Overloaded, halfOpen, 0)
	}
	return ok, err
}

// probe returns the reservation of a probe. A probe whose process disappeared is replaced
// after OpenFor.
func (b *breakerState) probe(n int64) []store.Reservation {
	return []store.Reservation{{N: n, Bucket: store.Bucket{Every: b.settings.OpenFor, Burst: int64(b.settings.Probes)}}}
}

// publish shares the result of a call with the other processes. If the store is
// unavailable, the result is lost. That is not a reason to fail the call.
func (b *breakerState) publish(ctx context.Context, call *llm.Call, own *breaker, probe bool, result error) {
	if b.settings.Shared.Store == nil {
		return
	}
	ctx, openFor := context.WithoutCancel(ctx), b.settings.OpenFor
	failed := result != nil && result != errNotCounted
	switch {
	case failed && (probe || own.State() == gobreaker.StateOpen):
		until := strconv.FormatInt(time.Now().Add(openFor).UnixMilli(), 10)
		_ = b.store.Set(ctx, b.key(call, keyOpen), []byte(until), openFor)
		_ = b.store.Set(ctx, b.key(call, keyFailed), []byte(until), failedFor*openFor)
	case probe && result == nil:
		_ = b.store.Set(ctx, b.key(call, keyFailed), nil, 0)
	}
	if probe { // the next call is a probe, or none is needed
		_, _, _, _ = b.store.Reserve(ctx, b.key(call, keyProbes), b.probe(-1), 0)
	}
}
