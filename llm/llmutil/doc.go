// Package llmutil has helpers for authors of providers and middleware. Programs that only
// use models do not need it.
//
// # Providers
//
//   - [Dispatch] calls the method for the operation: Chat, Embed, CountTokens or ListModels.
//     It fails other operations with kind [llm.Unsupported].
//   - [OptionsFor] finds the provider's own options in a request.
//   - [History] converts the messages of a request to those that the dialect can send.
//   - [ToolCallAssembler] turns fragments of tool calls into events.
//   - [YieldResult] passes on the complete answer to a call that is not a chat.
//   - [RetryAfter] reads the headers that ask a client to wait.
//   - [DrainAndClose] closes the body of a complete answer, so that the connection is reused.
//
// # Middleware
//
//   - [ForwardAttempt] implements the retry rule: a call may be repeated until its caller
//     has seen content. Middleware that calls the next handler more than once uses it.
//   - [WarnAfterStart] adds warnings to an answer.
//   - [Unfinished] returns the error for events that stop without an [llm.EventDone].
//
// [llm.Collect], [llm.FromContext] and [llm.Errorf] are in package llm. The conformance
// tests for providers are in llm/llmtest/conformance.
package llmutil
