package middleware

import (
	"context"
	"time"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
)

// Hedge sends a second request for a call if the first content takes longer than for nearly
// all earlier calls. The request whose content arrives first answers the call. The other
// request is cancelled at that moment. It is reported as an [llm.EventAttempt], with its
// usage if the server reports it. Hedge reduces long waits, at the cost of some calls that
// are sent twice.
//
// The usual time to the first content is measured for each model and operation. No second
// request is sent before 20 answers have been measured, unless Initial is set.
//
// The zero value is ready to use. A Hedge is safe for concurrent use. Do not copy it or
// change its fields after the first call.
type Hedge struct {
	// Quantile is the share of earlier answers that must have been faster. The default is
	// 0.95.
	Quantile float64 `yaml:"quantile"`
	// Window is the number of answers that are remembered. The default is 100.
	Window int `yaml:"window"`
	// Initial is the wait before the second request until 20 answers have been measured. Zero
	// means no second request until then.
	Initial time.Duration `yaml:"initial"`
	// MaxShare is the maximum share of calls with a second request, so that a slow server does
	// not get twice the load. The default is 0.1.
	MaxShare float64 `yaml:"max_share"`
	// Name is the name of the model for the second request in a config file. The loader sets
	// Model from it.
	Name string `yaml:"model"`
	// Model receives the second request. Nil means the same model.
	Model *llm.Model `json:"-" yaml:"-"`

	live live[*hedgeState]
}

// Validate returns an error that names every invalid field.
func (h *Hedge) Validate() error {
	_, err := h.open()
	return err
}

// Wrap implements [llm.Middleware].
func (h *Hedge) Wrap(next llm.Handler) llm.Handler {
	return wrap(&h.live, h.open, (*hedgeState).run, next)
}

func (h *Hedge) open() (*hedgeState, error) {
	h = fixed(h)
	s := settings{name: "Hedge"}
	number(&s, "Quantile", &h.Quantile, 0.95)
	number(&s, "Window", &h.Window, 100)
	number(&s, "Initial", &h.Initial, 0)
	number(&s, "MaxShare", &h.MaxShare, 0.1)
	if h.Quantile >= 1 {
		s.refuse("Quantile", "is %v; it must be less than 1", h.Quantile)
	}
	if h.MaxShare > 1 {
		s.refuse("MaxShare", "is %v; it must be at most 1", h.MaxShare)
	}
	if h.Window > 0 && h.Window < minSamples {
		s.refuse("Window", "is %d; it must be at least %d", h.Window, minSamples)
	}
	if h.Model == nil && h.Name != "" {
		s.refuse("Model", "is missing for the name %q; only a config file can use a name, so set Model", h.Name)
	}
	return &hedgeState{Hedge: h}, s.err()
}

// hedgeState is a Hedge in use.
type hedgeState struct {
	*Hedge
	latencies perKey[latencyKey, *latency]
}

type latencyKey struct {
	model modelKey
	op    llm.Op
}

func (h *hedgeState) run(ctx context.Context, call *llm.Call, next llm.Handler, yield func(llm.Event, error) bool) {
	begin := time.Now()
	measured := h.of(call)
	first := startRacer(ctx, call, next)
	defer first.leave()
	winner := first
	var loser *racer
	if second := h.second(ctx, call, next, first, measured); second != nil {
		defer second.leave()
		winner, loser = race(first, second)
		loser.cancel()
	}
	if winner.err == nil {
		measured.add(time.Since(begin), h.Window) // if the second request won, this is a minimum for the first
	}
	winner.finish(loser, yield)
}

// second waits for the first request, and sends the second one if that takes too long.
// Otherwise it returns nil.
func (h *hedgeState) second(ctx context.Context, call *llm.Call, next llm.Handler, first *racer, measured *latency) *racer {
	slow, ok := measured.slow(h.Quantile, h.Initial, h.MaxShare)
	if !ok {
		first.await()
		return nil
	}
	timer := time.NewTimer(slow)
	defer timer.Stop()
	select {
	case <-first.ready:
		first.await()
		return nil
	case <-timer.C:
	}
	if ctx.Err() != nil || !measured.pay() {
		first.await()
		return nil
	}
	if h.Model == nil {
		return startRacer(ctx, call, next)
	}
	second := startRacer(ctx, call, func(ctx context.Context, call *llm.Call) llm.Events {
		return llmutil.WarnAfterStart(h.Model.Do(ctx, call), llm.Warning{
			Code:    llm.WarnAnsweredBy,
			Message: h.Model.String() + " answered sooner than " + keyOf(call).String(),
		})
	})
	second.model = modelKey{h.Model.Provider().Name(), h.Model.Name()}
	return second
}

func (h *hedgeState) of(call *llm.Call) *latency {
	return h.latencies.of(latencyKey{keyOf(call), call.Op}, func() *latency { return &latency{} })
}
