// Package middleware has the middleware of a model: retries, timeouts, limits, fallbacks,
// caching and logging. Each piece is one type that implements [llm.Middleware] and can be
// used alone:
//
//	cache := &middleware.Cache{}
//	model, err := providers.Open("openai/gpt-6-luna",
//		llm.WithMiddleware(cache, &middleware.Retry{MaxRetries: 3}))
//	…
//	fmt.Println(cache.Stats())
//
// [Chain] combines the pieces in the recommended order.
//
// # Settings and state
//
// The exported fields of a piece are its settings. The zero value of a field is the default
// that its comment names. The live state of a piece, for example the entries of a cache, is
// inside of it. Always use a pointer: several models that have the same pointer share its
// state, and a piece must not be copied. Settings are fixed at the first call that reaches the
// piece. Later changes have no effect.
//
// If the settings of a piece are invalid, every call fails with an error of kind
// [llm.InvalidRequest] that names the field. The Validate method of the piece returns the
// same error earlier. The zero value of some pieces is invalid, because it could not do
// anything. For example, Fallback needs a model.
//
// # Rules for all pieces
//
// A call is repeated only before its commit point. Package
// [github.com/parley-llm/parley/llm/llmutil] explains that point.
// [Resume] is the only exception. A call whose context has ended is not repeated.
//
// No piece leaves a goroutine running after the loop over its events has ended.
//
// No piece returns an error without a kind, and none replaces an error of the provider by
// one with less information.
package middleware
