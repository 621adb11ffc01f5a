package httpcall

import "github.com/parley-llm/parley/llm"

// UnsentErrorf returns an error of the named provider for a call that has not been sent. If
// call is nil, the error is about the provider's configuration.
func UnsentErrorf(provider string, call *llm.Call, kind llm.Kind, format string, args ...any) error {
	e := llm.Errorf(kind, format, args...)
	e.Provider = provider
	if call != nil {
		e.Model, e.Op = call.Model, call.Op
	}
	return e
}
