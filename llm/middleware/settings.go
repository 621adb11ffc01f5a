package middleware

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/parley-llm/parley/llm"
)

// FieldError is a problem with one field of a middleware's settings. The error of Validate
// wraps one for each problem. The loader of config files finds the field in the file with it.
type FieldError struct {
	// Middleware is the type of the middleware, for example "Retry".
	Middleware string
	// Field is the path of the field in Go, for example "Budget.Tokens".
	Field string
	// Problem continues a sentence that begins with the field: "is -4; it must not be negative".
	// It names other fields by their names in Go.
	Problem string
}

// Error returns the whole sentence: "middleware.Retry: MaxRetries is -4; it must not be negative".
func (e *FieldError) Error() string {
	return "middleware." + e.Middleware + ": " + e.Field + " " + e.Problem
}

// settings collects the problems with the settings of one piece.
type settings struct {
	name string // "Retry"
	errs []error
}

// refuse adds a problem with a field.
func (s *settings) refuse(field, format string, args ...any) {
	s.errs = append(s.errs, &FieldError{s.name, field, fmt.Sprintf(format, args...)})
}

// err returns all problems as one error, or nil.
func (s *settings) err() error {
	if len(s.errs) == 0 {
		return nil
	}
	err := errors.Join(s.errs...)
	return &llm.Error{Kind: llm.InvalidRequest, Message: err.Error(), Err: err}
}

// number replaces a zero setting with its default, and refuses a negative setting or one
// that is not a finite number.
func number[T ~int | ~int64 | ~float64](s *settings, field string, value *T, otherwise T) {
	switch {
	case *value < 0:
		s.refuse(field, "is %v; it must not be negative", *value)
	case *value != *value || math.IsInf(float64(*value), 0):
		s.refuse(field, "is %v; it must be a finite number", *value)
	case *value == 0:
		*value = otherwise
	}
}

// allKinds are the kinds of error that settings can name.
var allKinds = []llm.Kind{
	llm.InvalidRequest, llm.ContextLength, llm.ContentFilter, llm.Auth, llm.Permission, llm.Quota, llm.NotFound,
	llm.Retired, llm.RateLimited, llm.Overloaded, llm.Server, llm.Timeout, llm.Network, llm.Protocol,
	llm.Incomplete, llm.Canceled, llm.Unsupported,
}

// kinds refuses kinds of error that do not exist.
func (s *settings) kinds(field string, given ...llm.Kind) {
	for _, k := range given {
		if !slices.Contains(allKinds, k) {
			s.refuse(field, "has %q; there is no such kind of error; use one of: %s", string(k), kindList(allKinds))
		}
	}
}

// kindList returns the kinds as text.
func kindList(kinds []llm.Kind) string {
	texts := make([]string, len(kinds))
	for i, k := range kinds {
		texts[i] = string(k)
	}
	return strings.Join(texts, ", ")
}

// messageOf returns the message of an error without the prefix that every error has.
func messageOf(err error) string {
	if e, ok := errors.AsType[*llm.Error](err); ok && e.Message != "" {
		return e.Message
	}
	return err.Error()
}
