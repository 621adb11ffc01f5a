package config

import (
	"errors"
	"reflect"
	"slices"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/middleware"
)

// chainName is the name of a whole chain, in the recommended order.
const chainName = "chain"

// pieces are the middleware of package llm/middleware: the fields of [middleware.Chain], by
// the names that they have in a file, and the chain as a whole. The value says whether a
// config file that was found in the working directory can set up the piece, as
// [Middleware.AllowUntrusted] does for others.
//
// Security: such a file cannot set up a log, nor a chain, because "content: true" writes
// prompts and answers into the log of the program.
var pieces = map[string]bool{
	chainName: false,

	"log":         false,
	"cache":       true,
	"timeout":     true,
	"trim":        true,
	"budget":      true,
	"resume":      true,
	"fallback":    true,
	"retry":       true,
	"hedge":       true,
	"balance":     true,
	"breaker":     true,
	"rate_limit":  true,
	"concurrency": true,
}

// middlewareKind is a middleware that a file can name.
type middlewareKind struct {
	new func() llm.Middleware // a pointer to its settings
	// inChain returns a chain that has the piece. It is nil for a registered middleware.
	inChain        func(piece llm.Middleware) *middleware.Chain
	allowUntrusted bool
}

// middlewareNamed returns the middleware with this name: a piece, or a registered one.
func middlewareNamed(name string) (middlewareKind, bool) {
	if m, ok, _ := registeredMiddleware(name); ok {
		return middlewareKind{new: m.New, allowUntrusted: m.AllowUntrusted}, true
	}
	allowUntrusted, ok := pieces[name]
	if !ok {
		return middlewareKind{}, false
	}
	if name == chainName {
		return middlewareKind{
			new:     func() llm.Middleware { return new(middleware.Chain) },
			inChain: func(chain llm.Middleware) *middleware.Chain { return chain.(*middleware.Chain) },
		}, true
	}
	fields := fieldsOf(reflect.TypeFor[middleware.Chain]())
	f := fields[slices.IndexFunc(fields, func(f field) bool { return f.name == name })]
	return middlewareKind{
		new: func() llm.Middleware { return reflect.New(f.typ.Elem()).Interface().(llm.Middleware) },
		inChain: func(piece llm.Middleware) *middleware.Chain {
			c := new(middleware.Chain)
			reflect.ValueOf(c).Elem().FieldByIndex(f.index).Set(reflect.ValueOf(piece))
			return c
		},
		allowUntrusted: allowUntrusted,
	}, true
}

// middlewareNames returns the names of all middleware, sorted.
func middlewareNames() []string {
	_, _, names := registeredMiddleware("")
	for name := range pieces {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// complete sets the fields of a chain that a file can only name: models, stores, and the facts
// about models.
func (b *builder) complete(c *middleware.Chain) error {
	if c.Trim != nil {
		c.Trim.Info = b.facts
	}
	if c.Budget != nil {
		c.Budget.Prices = b.prices
	}
	var models []namedModel
	if c.Fallback != nil {
		for i := range c.Fallback.To {
			models = append(models, namedModel{c.Fallback.To[i].Name, &c.Fallback.To[i].Model})
		}
	}
	if c.Balance != nil {
		for i := range c.Balance.Over {
			models = append(models, namedModel{c.Balance.Over[i].Name, &c.Balance.Over[i].Model})
		}
	}
	if c.Hedge != nil {
		models = append(models, namedModel{c.Hedge.Name, &c.Hedge.Model})
	}
	for _, m := range models {
		if m.name == "" {
			continue
		}
		var err error
		if *m.model, err = b.modelNamed(m.name); err != nil {
			return err
		}
	}
	for _, shared := range sharedOf(c) {
		if err := b.share(shared); err != nil {
			return err
		}
	}
	return nil
}

// namedModel is a setting that is a model, which the file names.
type namedModel struct {
	name  string
	model **llm.Model
}

// sharedOf returns the settings of each piece of the chain that can keep its state in a store.
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

// share sets the store that the settings name.
func (b *builder) share(s *middleware.Shared) (err error) {
	switch {
	case s.Name == "" && (s.StoreDown != "" || s.Scope != ""):
		return errors.New("shared has store_down or scope but no store; add store, or remove shared")
	case s.Name == "":
		return nil
	}
	s.Store, err = b.stores.named(s.Name)
	return err
}
