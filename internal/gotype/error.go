package gotype

import "reflect"

// Error is a type that has no JSON Schema.
type Error struct {
	// Field is the path of the field in Go, for example "Order.Lines[].Handler". It begins
	// with the name of the type.
	Field string
	// Type is the type of the field.
	Type reflect.Type
	// Problem and Fix complete the sentence.
	Problem, Fix string
}

// Error returns "Order.Lines[].Handler (func()): problem: fix".
func (e *Error) Error() string {
	return e.Field + " (" + e.Type.String() + "): " + e.Problem + ": " + e.Fix
}
