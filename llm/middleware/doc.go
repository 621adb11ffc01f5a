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
// inside of it. Always use a pointer, because a piece must not be copied. Settings are fixed
// at the first call that reaches the piece. Later changes have no effect.
//
// Several models can have the same pointer. Then
//
//   - a Budget is for all of them together, and PerKey for each key,
//   - a Cache keeps the answers of each model, and all of them share MaxBytes,
//   - a RateLimit, a Concurrency, a Breaker, the retry budget of a Retry and the latencies of
//     a Hedge are separate for each model,
//   - a Balance and a Keys keep the state of each backend or key for all of them.
//
// Models are the same if provider and model have the same names.
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
// [Resume] is the only exception. A call whose context has ended is not repeated. [Retry],
// Resume and a [Hedge] without a Model repeat calls to the same model.
//
// No piece leaves a goroutine running after the loop over its events has ended.
//
// No piece replaces an error of the provider by one with less information. The errors of a
// piece have a kind, with one exception: callers that share the request of a call that
// panicked receive an error with an empty kind.
package middleware
