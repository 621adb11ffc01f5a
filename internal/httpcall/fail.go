package httpcall

import "github.com/parley-llm/parley/llm"

// Failf returns an error of the named provider about a call that has not been sent, or about
// the configuration if call is nil.
func Failf(provider string, call *llm.Call, kind llm.Kind, format string, args ...any) error {
	e := llm.Errorf(kind, format, args...)
	e.Provider = provider
	if call != nil {
		e.Model, e.Op = call.Model, call.Op
	}
	return e
}
