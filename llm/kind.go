package llm

import (
	"log/slog"
	"strings"
)

// Kind classifies an [Error], so that a program can decide how to react. A Kind is an error
// itself, so errors.Is works:
//
//	if errors.Is(err, llm.RateLimited) { … }
//
// A failed call returns an [*Error]. Its Kind is empty if the failure cannot be classified. A
// test may also use a Kind alone as the error of a call.
//
// The values are stable and are used in configs, logs and metrics: "rate_limited".
type Kind string

// The kinds of failure. Numbers are HTTP status codes. The error code of the server takes
// precedence over the status: a 429 for an exhausted quota is [Quota], not [RateLimited].
const (
	// InvalidRequest is a request that cannot succeed unchanged: no messages, a malformed
	// schema, a setting out of range (400, 405, 409, 413, 422). Status 409 is an exception:
	// middleware.Retry repeats it, because it can be a conflict of two requests.
	InvalidRequest Kind = "invalid_request"
	// ContextLength is a prompt, or a prompt with its answer, that exceeds the context window.
	ContextLength Kind = "context_length_exceeded"
	// ContentFilter is a prompt or an answer that the provider blocked.
	ContentFilter Kind = "blocked_by_content_filter"
	// Auth is a missing, malformed or rejected credential (401).
	Auth Kind = "authentication_failed"
	// Permission is a valid credential without permission for the operation (403).
	Permission Kind = "permission_denied"
	// Quota is an account without credit (402). A retry does not help.
	Quota Kind = "quota_exhausted"
	// NotFound is a model, deployment or path that does not exist (404).
	NotFound Kind = "not_found"
	// Retired is a model or service that no longer exists. The message names its successor.
	Retired Kind = "retired"
	// RateLimited is an exceeded limit on requests or tokens (429). See [Error.RetryAfter].
	RateLimited Kind = "rate_limited"
	// Overloaded is a server that reports too much load (503, 529).
	Overloaded Kind = "overloaded"
	// Server is a failure inside the server (other 5xx, for example a crashed model runner).
	Server Kind = "server_error"
	// Timeout is an expired time limit, named in the message, or a deadline (408).
	Timeout Kind = "timed_out"
	// Network is a request without a reply: no connection, or a connection that broke.
	Network Kind = "network_error"
	// Protocol is a reply that does not follow the provider's API: for example a broken
	// frame, an HTML page, or a line above the size limit.
	Protocol Kind = "protocol_error"
	// Incomplete is a reply that stopped before the server said that the answer had ended.
	Incomplete Kind = "incomplete_reply"
	// Canceled is a call whose caller canceled the context. The error also matches
	// [context.Canceled].
	Canceled Kind = "canceled"
	// Unsupported is an operation or a setting that the provider does not have.
	Unsupported Kind = "unsupported"
)

// Error returns the kind in words: "rate limited" for [RateLimited].
func (k Kind) Error() string { return strings.ReplaceAll(string(k), "_", " ") }

// LogValue returns the kind's value: "rate_limited" for [RateLimited].
func (k Kind) LogValue() slog.Value { return slog.StringValue(string(k)) }

// UnmarshalText sets the kind. It accepts the spelling with spaces of earlier versions.
func (k *Kind) UnmarshalText(text []byte) error {
	*k = Kind(snakeCase(text))
	return nil
}

// snakeCase returns a value in today's spelling. Earlier versions wrote spaces: "rate limited".
func snakeCase(text []byte) string { return strings.ReplaceAll(string(text), " ", "_") }

// Temporary reports whether the same request may succeed if it is sent again later: because
// the server was busy, slow or broken, or because the connection was. It is false for
// [InvalidRequest], although Retry repeats an error with status 409.
func (k Kind) Temporary() bool {
	switch k {
	case RateLimited, Overloaded, Server, Timeout, Network, Protocol, Incomplete:
		return true
	}
	return false
}
