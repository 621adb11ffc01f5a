package config

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/middleware"
)

// member is a model of a group, with its name in the file.
type member struct {
	name  string
	model *llm.Model
}

// groupKind is a way in which several models answer as one.
type groupKind struct {
	settings reflect.Type
	build    func(settings any, members []member) (llm.Handler, error) // there is at least one member
}

// groupKinds are the kinds of group, by their names in a file.
var groupKinds = map[string]groupKind{
	"fallback": {reflect.TypeFor[middleware.Fallback](), fallbackGroup},
	"balance":  {reflect.TypeFor[middleware.Balance](), balanceGroup},
}

// fallbackGroup asks the first member, and after its failure the others in their order. The
// settings can say, under "to", after which kinds of failure a member is asked.
func fallbackGroup(settings any, members []member) (llm.Handler, error) {
	s := settings.(*middleware.Fallback)
	var to []middleware.FallbackTarget
	for _, m := range members[1:] {
		target := middleware.FallbackTarget{Name: m.name}
		if i := slices.IndexFunc(s.To, func(a middleware.FallbackTarget) bool { return a.Name == m.name }); i >= 0 {
			target = s.To[i]
		}
		target.Model = m.model
		to = append(to, target)
	}
	for _, a := range s.To {
		if !slices.ContainsFunc(to, func(t middleware.FallbackTarget) bool { return t.Name == a.Name }) {
			to = append(to, a) // it has no model, so the middleware reports its name
		}
	}
	if len(to) == 0 {
		return members[0].model.Do, nil
	}
	s.To = to
	return s.Wrap(members[0].model.Do), s.Validate()
}

// balanceGroup spreads calls over the members. The settings can give them weights, under
// "over".
func balanceGroup(settings any, members []member) (llm.Handler, error) {
	s := settings.(*middleware.Balance)
	var over []middleware.Backend
	for _, m := range members {
		backend := middleware.Backend{Name: m.name}
		if i := slices.IndexFunc(s.Over, func(b middleware.Backend) bool { return b.Name == m.name }); i >= 0 {
			backend = s.Over[i]
		}
		backend.Model = m.model
		over = append(over, backend)
	}
	for _, b := range s.Over {
		if !slices.ContainsFunc(over, func(o middleware.Backend) bool { return o.Name == b.Name }) {
			over = append(over, b) // it has no model, so the middleware reports its name
		}
	}
	s.Over = over
	return s.Wrap(members[0].model.Do), s.Validate()
}

// inTurns returns a provider that balances calls over providers that were opened with
// different keys.
func inTurns(opened []llm.Provider, model string) (llm.Provider, error) {
	if len(opened) == 1 {
		return opened[0], nil
	}
	members := make([]member, len(opened))
	for i, p := range opened {
		members[i] = member{fmt.Sprintf("key %d", i+1), llm.New(p, model)}
	}
	handler, err := balanceGroup(new(middleware.Balance), members)
	if err != nil {
		return nil, err
	}
	return &groupProvider{opened[0].Name(), handler}, nil
}

// groupProvider is a provider that passes calls to one of several models.
type groupProvider struct {
	name    string
	handler llm.Handler
}

// Name returns the kind of the group, or the name of the provider with several keys.
func (g *groupProvider) Name() string { return g.name }

// Do passes the call to a member.
func (g *groupProvider) Do(ctx context.Context, call *llm.Call) llm.Events {
	return g.handler(ctx, call)
}

// groupNames returns the kinds of group, sorted.
func groupNames() []string { return slices.Sorted(maps.Keys(groupKinds)) }
