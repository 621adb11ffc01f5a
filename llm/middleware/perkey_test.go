package middleware

import "testing"

func TestStatesOfModelsAreKeptAndBounded(t *testing.T) {
	var states perKey[int, *int]
	of := func(key int) *int { return states.of(key, func() *int { return new(key) }) }
	if first := of(1); of(1) != first {
		t.Error("a key has two states")
	}
	for key := range 2 * maxStates {
		if got := *of(key); got != key {
			t.Fatalf("the state of %d is that of %d", key, got)
		}
	}
	if n := len(states.states); n != maxStates {
		t.Errorf("%d states are kept, want %d", n, maxStates)
	}
}
