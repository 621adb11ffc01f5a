// Package register makes the middleware of package llm/middleware available to config
// files, under the names that the fields of [middleware.Chain] have there, and as a whole,
// in the recommended order, under "chain". It also makes the groups "fallback" and "balance":
//
//	models:
//	  fast: {model: groq/openai/gpt-oss-20b, middleware: [retry, rate_limit: {requests: 30}]}
//	  local: ollama/llama3.2
//	groups:
//	  careful: {kind: fallback, models: [fast, local]}
//
// It is imported for that alone, as package providers/all does.
package register

import (
	"errors"
	"fmt"
	"slices"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/middleware"
	"github.com/parley-llm/parley/llm/middleware/store"
	"github.com/parley-llm/parley/providers"
)

func init() {
	providers.RegisterMiddleware[middleware.Log]("log")
	providers.RegisterMiddleware[middleware.Timeout]("timeout")
	providers.RegisterMiddleware[middleware.Resume]("resume")
	providers.RegisterMiddleware[middleware.Retry]("retry")
	providers.RegisterMiddleware[middleware.Concurrency]("concurrency")
	register("cache", func(s *middleware.Cache) *middleware.Chain { return &middleware.Chain{Cache: s} })
	register("breaker", func(s *middleware.Breaker) *middleware.Chain { return &middleware.Chain{Breaker: s} })
	register("rate_limit", func(s *middleware.RateLimit) *middleware.Chain { return &middleware.Chain{RateLimit: s} })
	register("trim", func(s *middleware.Trim) *middleware.Chain { return &middleware.Chain{Trim: s} })
	register("budget", func(s *middleware.Budget) *middleware.Chain { return &middleware.Chain{Budget: s} })
	register("fallback", func(s *middleware.Fallback) *middleware.Chain { return &middleware.Chain{Fallback: s} })
	register("hedge", func(s *middleware.Hedge) *middleware.Chain { return &middleware.Chain{Hedge: s} })
	register("balance", func(s *middleware.Balance) *middleware.Chain { return &middleware.Chain{Balance: s} })
	providers.RegisterMiddlewareIn("chain", complete)
	providers.RegisterGroup("fallback", fallback)
	providers.RegisterGroup("balance", balance)
	providers.RegisterStore("memory", memory)
}

// register makes a part of the chain available by itself.
func register[S any](name string, of func(*S) *middleware.Chain) {
	providers.RegisterMiddlewareIn(name, func(s *S, file providers.File) (llm.Middleware, error) { return complete(of(s), file) })
}

// Memory are the settings of the store "memory", which keeps state in the process: for as long as the
// file has it, and so beyond a change of the file, which a middleware's own state does not outlive.
type Memory struct {
	// MaxBytes bounds the answers that are kept. Default 64 MiB.
	MaxBytes int `yaml:"max_bytes" json:"max_bytes"`
}

func memory(config providers.StoreConfig, s Memory) (any, error) {
	switch {
	case config.URL != "" || config.TLS != nil:
		return nil, errors.New("it is in the process, and has neither url nor tls")
	case s.MaxBytes < 0:
		return nil, fmt.Errorf("max_bytes is %d; it cannot be negative", s.MaxBytes)
	}
	return &store.Memory{MaxBytes: s.MaxBytes}, nil
}

// complete makes a chain of settings from a file, with what settings cannot hold: the models
// that they name, and what is known of models.
func complete(c *middleware.Chain, file providers.File) (llm.Middleware, error) {
	if c.Trim != nil {
		c.Trim.Info = file.Info
	}
	if c.Budget != nil {
		c.Budget.Prices = func(provider, model string) (llm.Prices, bool) {
			info, ok := file.Info(provider, model)
			if !ok || info.Prices == nil {
				return llm.Prices{}, false
			}
			return *info.Prices, true
		}
	}
	name := func(name string, model **llm.Model) (err error) {
		if name != "" {
			*model, err = file.Model(name)
		}
		return err
	}
	if c.Fallback != nil {
		for i := range c.Fallback.To {
			if err := name(c.Fallback.To[i].Name, &c.Fallback.To[i].Model); err != nil {
				return nil, err
			}
		}
	}
	if c.Balance != nil {
		for i := range c.Balance.Over {
			if err := name(c.Balance.Over[i].Name, &c.Balance.Over[i].Model); err != nil {
				return nil, err
			}
		}
	}
	if c.Hedge != nil {
		if err := name(c.Hedge.Name, &c.Hedge.Model); err != nil {
			return nil, err
		}
	}
	for _, shared := range sharedOf(c) {
		if err := open(shared, file); err != nil {
			return nil, err
		}
	}
	return c, c.Validate()
}

// sharedOf returns where each part of the chain keeps state.
func sharedOf(c *middleware.Chain) []*middleware.Shared {
	var all []*middleware.Shared
	if c.Cache != nil {
		all = append(all, &c.Cache.Shared)
	}
	if c.Budget != nil {
		all = append(all, &c.Budget.Shared)
	}
	if c.Breaker != nil {
		all = append(all, &c.Breaker.Shared)
	}
	if c.RateLimit != nil {
		all = append(all, &c.RateLimit.Shared)
	}
	return all
}

// open sets the store that has been named.
func open(s *middleware.Shared, file providers.File) error {
	switch {
	case s.Name == "" && (s.StoreDown != "" || s.Scope != ""):
		return errors.New("shared says store_down or scope, and names no store")
	case s.Name == "":
		return nil
	}
	named, err := file.Store(s.Name)
	if err != nil {
		return err
	}
	var ok bool
	if s.Store, ok = named.(store.Store); !ok {
		return fmt.Errorf("the store %q is a %T, which keeps no state of middleware", s.Name, named)
	}
	return nil
}

// fallback asks the first member, and after its failure the others in their order. The settings
// may say, under "to", for which kinds of failure a member is asked.
func fallback(s *middleware.Fallback, members []providers.Member) (llm.Handler, error) {
	var to []middleware.FallbackTarget
	for _, m := range members[1:] {
		target := middleware.FallbackTarget{Name: m.Name}
		if i := slices.IndexFunc(s.To, func(a middleware.FallbackTarget) bool { return a.Name == m.Name }); i >= 0 {
			target = s.To[i]
		}
		target.Model = m.Model
		to = append(to, target)
	}
	for _, a := range s.To {
		if !slices.ContainsFunc(to, func(t middleware.FallbackTarget) bool { return t.Name == a.Name }) {
			to = append(to, a) // which has no model, and so is refused by its name
		}
	}
	if len(to) == 0 {
		return members[0].Model.Do, nil
	}
	s.To = to
	return s.Wrap(members[0].Model.Do), s.Validate()
}

// balance spreads calls over the members. The settings may give them weights, under "over".
func balance(s *middleware.Balance, members []providers.Member) (llm.Handler, error) {
	var over []middleware.Backend
	for _, m := range members {
		backend := middleware.Backend{Name: m.Name}
		if i := slices.IndexFunc(s.Over, func(b middleware.Backend) bool { return b.Name == m.Name }); i >= 0 {
			backend = s.Over[i]
		}
		backend.Model = m.Model
		over = append(over, backend)
	}
	for _, b := range s.Over {
		if !slices.ContainsFunc(over, func(o middleware.Backend) bool { return o.Name == b.Name }) {
			over = append(over, b) // which has no model, and so is refused by its name
		}
	}
	s.Over = over
	return s.Wrap(members[0].Model.Do), s.Validate()
}
