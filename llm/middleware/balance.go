package middleware

import (
	"context"
	"slices"
	"time"

	"github.com/parley-llm/parley/llm"
)

// Balance distributes calls over several equivalent models, for example the same model on
// several hosts.
//
// If a backend refuses a call without processing it, Balance sends the call to the next
// backend at once, as long as the caller has seen no content. These refusals are errors of
// the kinds [llm.RateLimited], [llm.Overloaded], [llm.Quota], [llm.Auth] and
// [llm.Permission]. Other failures are left to a [Retry] outside of Balance, whose next
// attempt uses another backend.
//
// A backend that failed is not used during a cooldown.
//
// A Balance is safe for concurrent use. Do not copy it or change its fields after the first
// call.
type Balance struct {
	// Strategy chooses the backend for a call. The default is [Weighted].
	Strategy Strategy `yaml:"strategy"`
	// Over are the backends. At least one must be set.
	Over []Backend `yaml:"over"`
	// Failures is the number of consecutive failures of a server that starts the cooldown of
	// its backend. A refusal starts it at once. The default is 3.
	Failures int `yaml:"failures"`
	// Cooldown is the time for which a backend is not used. A longer wait that the server asks
	// for takes precedence. If all backends are in a cooldown, the one whose cooldown ends
	// first is used. The default is 30 seconds.
	Cooldown time.Duration `yaml:"cooldown"`

	live live[*balanceState]
}

// Backend is one of the models of a [Balance].
type Backend struct {
	// Name is the name of the model in a config file. The loader sets Model from it.
	Name string `yaml:"model"`
	// Model receives the calls. Nil means the model that has the Balance.
	Model *llm.Model `json:"-" yaml:"-"`
	// Weight is the relative share of calls. The default is 1.
	Weight int `yaml:"weight"`
}

// Strategy is the way in which [Balance] chooses a backend.
type Strategy string

// The strategies.
const (
	// Weighted uses the backends in turn, in proportion to their weights.
	Weighted Strategy = "weighted"
	// LeastInFlight uses the backend with the fewest running calls in relation to its weight.
	LeastInFlight Strategy = "least_in_flight"
)

// Validate returns an error that names every invalid field.
func (b *Balance) Validate() error {
	_, err := b.open()
	return err
}

// Wrap implements [llm.Middleware].
func (b *Balance) Wrap(next llm.Handler) llm.Handler {
	return wrap(&b.live, b.open, (*balanceState).run, next)
}

// BackendState is the current state of a [Backend].
type BackendState struct {
	InFlight      int       // running calls
	CooldownUntil time.Time // in the past, or zero, if the backend is not in a cooldown
}

// States returns the current states of the backends, in the order of Over. It returns nil
// if the settings are invalid.
func (b *Balance) States() []BackendState {
	state, err := b.live.get(b.open)
	if err != nil {
		return nil
	}
	states := make([]BackendState, 0, len(state.over))
	for _, m := range state.pool.states() {
		states = append(states, BackendState{InFlight: m.inFlight, CooldownUntil: m.until})
	}
	return states
}

func (b *Balance) open() (*balanceState, error) {
	b = fixed(b)
	s := settings{name: "Balance"}
	number(&s, "Failures", &b.Failures, 3)
	number(&s, "Cooldown", &b.Cooldown, 30*time.Second)
	switch b.Strategy {
	case "", Weighted, LeastInFlight:
	default:
		s.refuse("Strategy", "is %q; use %q or %q", string(b.Strategy), string(Weighted), string(LeastInFlight))
	}
	if len(b.Over) == 0 {
		s.refuse("Over", "is empty; add the models to use")
	}
	p := pool{
		failures: b.Failures, cooldown: b.Cooldown, leastCalls: b.Strategy == LeastInFlight,
		refusals: []llm.Kind{llm.RateLimited, llm.Overloaded, llm.Quota, llm.Auth, llm.Permission},
	}
	for _, backend := range b.Over {
		if backend.Model == nil && backend.Name != "" {
			s.refuse("Over", "has no Model for the name %q; only a config file can use a name, so set Model", backend.Name)
		}
		number(&s, "Over.Weight", &backend.Weight, 1)
		p.members = append(p.members, member{weight: backend.Weight})
	}
	return &balanceState{slices.Clone(b.Over), &p}, s.err()
}

// balanceState is a Balance in use.
type balanceState struct {
	over []Backend
	pool *pool
}

func (b *balanceState) run(ctx context.Context, call *llm.Call, next llm.Handler, yield func(llm.Event, error) bool) {
	b.pool.run(ctx, call, yield, func(n int) llm.Events {
		if model := b.over[n].Model; model != nil {
			return model.Do(ctx, call)
		}
		return next(ctx, call)
	})
}
