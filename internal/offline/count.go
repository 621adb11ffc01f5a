// Package offline counts tokens for providers that do not ask their server. It is a
// separate package so that only its users link the vocabularies.
package offline

import (
	"context"
	"errors"

	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/tokens"
)

// Count counts the tokens of a call in this process, without the network, and yields the
// result. A nil encoding means the encoding that [tokens.For] returns for the model's
// name.
func Count(ctx context.Context, call *llm.Call, name string, encoding *tokens.Encoding, yield func(llm.Event, error) bool) error {
	if err := ctx.Err(); err != nil {
		return err // as from a provider that sends a request
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
