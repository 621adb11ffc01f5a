package middleware

import (
	"maps"
	"sync"
)

// perKey keeps one state for each key, for example for each model. The zero value is
// empty and ready to use.
//
// Model names can come from the callers of a program, so the number of states is limited.
// If it reaches the limit, a state chosen at random is dropped.
type perKey[K comparable, V any] struct {
	mu     sync.Mutex
	states map[K]V
}

// maxStates is more than the number of models that a program normally uses.
const maxStates = 10_000

// of returns the state of a key. If there is none, it calls create.
func (p *perKey[K, V]) of(key K, create func() V) V {
	p.mu.Lock()
	defer p.mu.Unlock()
	if state, ok := p.states[key]; ok {
		return state
	}
	if p.states == nil {
		p.states = map[K]V{}
	}
	for some := range p.states {
		if len(p.states) < maxStates {
			break
		}
		delete(p.states, some)
	}
	state := create()
	p.states[key] = state
	return state
}

// all returns a copy of the states.
func (p *perKey[K, V]) all() map[K]V {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.states)
}
