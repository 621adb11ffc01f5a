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
	to, err := rows(members[1:], s.To, "To", func(t *middleware.FallbackTarget) (*string, **llm.Model) { return &t.Name, &t.Model })
	if err != nil || len(to) == 0 {
		return members[0].model.Do, err
	}
	s.To = to
	return s.Wrap(members[0].model.Do), s.Validate()
}

// balanceGroup spreads calls over the members. The settings can give them weights, under
// "over".
func balanceGroup(settings any, members []member) (llm.Handler, error) {
	s := settings.(*middleware.Balance)
	over, err := rows(members, s.Over, "Over", func(b *middleware.Backend) (*string, **llm.Model) { return &b.Name, &b.Model })
	if err != nil {
		return nil, err
	}
	s.Over = over
	return s.Wrap(members[0].model.Do), s.Validate()
}

// rows returns one row of settings for each member: the given row with the member's name, or
// a new one. A given row for another name is an error about the field. Parts returns the name
// and the model of a row.
func rows[R any](members []member, given []R, field string, parts func(*R) (*string, **llm.Model)) ([]R, error) {
	all := make([]R, len(members))
	for i, m := range members {
		name, _ := parts(&all[i])
		*name = m.name
	}
	for _, g := range given {
		name, _ := parts(&g)
		i := slices.IndexFunc(members, func(m member) bool { return m.name == *name })
		if i < 0 {
			return nil, &middleware.FieldError{Field: field, Problem: fmt.Sprintf("has a model%s that is not one of the group's other models; add it to models, or remove it", quoted(*name, nil))}
		}
		all[i] = g
	}
	for i, m := range members {
		_, model := parts(&all[i])
		*model = m.model
	}
	return all, nil
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
