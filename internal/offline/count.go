// Package offline counts tokens for providers whose server is not to be asked.
// It is apart from package dialect because only its users need vocabularies.
package offline

import (
	"context"
	"errors"

	"github.com/parley-llm/parley/internal/dialect"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/tokens"
)

// Count answers a call for a token count in this process, without the network. A
// nil encoding is the one that the model's name tells.
func Count(ctx context.Context, call *llm.Call, provider string, encoding *tokens.Encoding, yield func(llm.Event, error) bool) error {
	if err := ctx.Err(); err != nil {
		return err // as from a provider that would have had to wait
	}
	count, err := tokens.CountRequest(call.Request, call.Model, encoding)
	if err != nil {
		if e, ok := errors.AsType[*llm.Error](err); ok && e.Provider == "" {
			named := *e
			named.Provider, named.Op = provider, call.Op
			err = &named
		}
		return err
	}
	dialect.LocalResult(provider, call, &count, yield)
	return nil
}
