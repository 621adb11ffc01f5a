package middleware

import (
	"context"
	"time"

	"github.com/parley-llm/parley/llm"
)

// Balance spreads calls over several models that are as good as each other: the
// same one on several hosts, say. A backend that fails is left alone for a while.
// A call that a backend refuses without working on it — rate limited,
// overloaded, out of quota, or for its credential — goes to the next one at once, as long as
// its caller has seen nothing; other failures are for [Retry], around Balance,
// whose next try goes to another backend.
type Balance struct {
	// Strategy says which backend gets a call; default [Weighted].
	Strategy Strategy `yaml:"strategy" json:"strategy"`
	// Over are the backends.
	Over []Backend `yaml:"over" json:"over"`
	// Failures is how many failures of the server in a row send its backend into
	// Cooldown; refusals do so at once. Defaults 3 and 30 s. A server that asks
	// for a longer wait gets it. If all backends are cooling down, the one that
	// is over it first is asked all the same.
	Failures int           `yaml:"failures" json:"failures"`
	Cooldown time.Duration `yaml:"cooldown" json:"cooldown"`
}

// Backend is one of the models that calls are spread over.
type Backend struct {
	// Name is the model's name, for the config file. Model is what is asked; nil
	// is the model that has the middleware.
	Name  string     `yaml:"model" json:"model"`
	Model *llm.Model `yaml:"-" json:"-"`
	// Weight is the backend's share of the calls. Default 1.
	Weight int `yaml:"weight" json:"weight"`
}

// Strategy is how [Balance] chooses.
type Strategy string

// The strategies.
const (
	// Weighted takes the backends in turn, each as often as its weight says.
	Weighted Strategy = "weighted"
	// LeastInFlight takes the one with the fewest calls under way for its weight.
	LeastInFlight Strategy = "least in flight"
)

// Middleware returns the middleware of these settings.
func (b Balance) Middleware() (llm.Middleware, error) {
	s := settings{name: "Balance"}
	positive(&s, "Failures", &b.Failures, 3)
	positive(&s, "Cooldown", &b.Cooldown, 30*time.Second)
	switch b.Strategy {
	case "", Weighted, LeastInFlight:
	default:
		s.refuse("Strategy", "is %q; use %q or %q", string(b.Strategy), string(Weighted), string(LeastInFlight))
	}
	if len(b.Over) == 0 {
		s.refuse("Over", "is empty; name the models to balance over")
	}
	p := &pool{
		failures: b.Failures, cooldown: b.Cooldown, least: b.Strategy == LeastInFlight,
		refusals: []llm.Kind{llm.RateLimited, llm.Overloaded, llm.Quota, llm.Auth, llm.Permission},
	}
	for _, backend := range b.Over {
		if backend.Model == nil && backend.Name != "" {
			s.refuse("Over", "has no Model for the name %q", backend.Name)
		}
		positive(&s, "Over.Weight", &backend.Weight, 1)
		p.members = append(p.members, member{weight: backend.Weight})
	}
	if err := s.err(); err != nil {
		return nil, err
	}
	return layer(func(ctx context.Context, call *llm.Call, next llm.Handler, yield func(llm.Event, error) bool) {
		p.run(ctx, call, yield, func(n int) llm.Events {
			if model := b.Over[n].Model; model != nil {
				return model.Do(ctx, call)
			}
			return next(ctx, call)
		})
	}), nil
}
