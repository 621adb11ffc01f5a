// Package pairing finds the tool call that a result belongs to.
package pairing

import "slices"

// Calls are the tool calls of one turn that have no result yet, in order. Some servers use
// an id for several calls, or send none, so the position decides: a result belongs to the
// first open call that matches. The zero value is empty.
type Calls[T any] struct{ open []call[T] }

type call[T any] struct {
	id, name string
	value    T
}

// Add adds a call.
func (c *Calls[T]) Add(id, name string, value T) { c.open = append(c.open, call[T]{id, name, value}) }

// Take removes the call of a result and returns its value. A result with an id belongs to
// the first open call with that id. If several have it, the name decides. A result without
// an id belongs to the first open call with its name.
func (c *Calls[T]) Take(id, name string) (value T, ok bool) {
	at := -1
	for i, open := range c.open {
		sameID := id != "" && open.id == id
		if id == "" && open.name == name || sameID && open.name == name {
			at = i
			break
		}
		if sameID && at < 0 {
			at = i
		}
	}
	if at < 0 {
		return value, false
	}
	value = c.open[at].value
	c.open = slices.Delete(c.open, at, at+1)
	return value, true
}

// Len returns the number of open calls.
func (c *Calls[T]) Len() int { return len(c.open) }

// Values returns the values of the open calls, in order.
func (c *Calls[T]) Values() []T {
	var values []T
	for _, open := range c.open {
		values = append(values, open.value)
	}
	return values
}

// Reset removes all calls.
func (c *Calls[T]) Reset() { c.open = c.open[:0] }
