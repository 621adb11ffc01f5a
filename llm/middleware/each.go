package middleware

import "sync"

// each keeps a state for each model, or whatever K is. Its zero value is empty and ready.
//
// Names of models may come from a program's own callers, so their number is
// bounded: if there are too many, any one is forgotten, and begins anew.
type each[K comparable, V any] struct {
	mu     sync.Mutex
	states map[K]V
}

// mostStates is more than there are models in a program that knows their names.
const mostStates = 10_000

// of returns the state of a key, made if there is none.
func (e *each[K, V]) of(key K, begin func() V) V {
	e.mu.Lock()
	defer e.mu.Unlock()
	if state, ok := e.states[key]; ok {
		return state
	}
	if e.states == nil {
		e.states = map[K]V{}
	}
	for some := range e.states {
		if len(e.states) < mostStates {
			break
		}
		delete(e.states, some)
	}
	state := begin()
	e.states[key] = state
	return state
}
