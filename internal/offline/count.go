// Package offline counts tokens for providers whose server is not to be asked.
// It is separate from package provider because only its users need vocabularies.
package offline

import (
	"context"
	"errors"

	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/tokens"
)

// Count answers a call for a token count in this process, without the network. A
// nil encoding is the one that the model's name tells.
func Count(ctx context.Context, call *llm.Call, name string, encoding *tokens.Encoding, yield func(llm.Event, error) bool) error {
	if err := ctx.Err(); err != nil {
		return err // as from a provider that would have had to wait
	}
	count, err := tokens.CountRequest(call.Request, call.Model, encoding)
	if err != nil {
		if e, ok := errors.AsType[*llm.Error](err); ok && e.Provider == "" {
			named := *e
			named.Provider, named.Op = name, call.Op
			err = &named
		}
		return err
	}
	provider.LocalResult(name, call, &count, yield)
	return nil
}
