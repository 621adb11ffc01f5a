package httpcall

import (
	"fmt"

	"github.com/parley-llm/parley/llm"
)

// Failf returns an error of the named provider about a call that has not been
// sent, or, without a call, about its configuration.
func Failf(provider string, call *llm.Call, kind llm.Kind, format string, args ...any) error {
	e := &llm.Error{Kind: kind, Provider: provider, Message: fmt.Sprintf(format, args...)}
	if call != nil {
		e.Model, e.Op = call.Model, call.Op
	}
	return e
}
