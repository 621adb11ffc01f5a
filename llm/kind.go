package llm

import (
	"log/slog"
	"strings"
)

// A Kind says what sort of failure an [Error] is, in terms a program can act
// on. A Kind is itself an error, so that a caller asks with
//
//	if errors.Is(err, llm.RateLimited) { … }
//
// What fails a call is an [*Error] of a kind; a test, or a provider that has no
// more to say, may fail with the Kind alone.
type Kind string

// The kinds of failure. What a server's own error code says outranks its HTTP
// status: a 429 that means an exhausted quota is [Quota], not [RateLimited].
const (
	// InvalidRequest is a request that cannot succeed as it is: no messages, a
	// malformed schema, a setting out of range (400, 405, 409, 413, 422).
	InvalidRequest Kind = "invalid_request"
	// ContextLength is a prompt, or prompt and answer, too long for the model.
	ContextLength Kind = "context_length_exceeded"
	// ContentFilter is a prompt or an answer that the provider refused to process.
	ContentFilter Kind = "blocked_by_content_filter"
	// Auth is a missing, malformed or rejected credential (401).
	Auth Kind = "authentication_failed"
	// Permission is a valid credential that may not do this (403).
	Permission Kind = "permission_denied"
	// Quota is an account with nothing left to spend (402); waiting a little does not help.
	Quota Kind = "quota_exhausted"
	// NotFound is a model, deployment or path that does not exist (404).
	NotFound Kind = "not_found"
	// Retired is a model or service that no longer exists; the message names its successor.
	Retired Kind = "retired"
	// RateLimited is a limit on requests or tokens a minute (429); see [Error.RetryAfter].
	RateLimited Kind = "rate_limited"
	// Overloaded is a server that says it is too busy (503, 529).
	Overloaded Kind = "overloaded"
	// Server is a failure inside the server (other 5xx, a crashed model runner).
	Server Kind = "server_error"
	// Timeout is a limit that ran out: the message says which. It is also a 408.
	Timeout Kind = "timed_out"
	// Network is a request that got no reply: no connection, or one that broke.
	Network Kind = "network_error"
	// Protocol is a reply that is not what the provider's API sends: a broken
	// frame, an HTML page, a line beyond the size limit.
	Protocol Kind = "protocol_error"
	// Incomplete is a reply that stopped before the server said that it had ended.
	Incomplete Kind = "incomplete_reply"
	// Canceled is a call whose context was cancelled by the caller. The error
	// also matches [context.Canceled].
	Canceled Kind = "canceled"
	// Unsupported is an operation or a setting that the backend does not have.
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

// Temporary reports whether the same request, sent again a little later, may
// succeed: the server was busy, slow or broken, or the connection was.
func (k Kind) Temporary() bool {
	switch k {
	case RateLimited, Overloaded, Server, Timeout, Network, Protocol, Incomplete:
		return true
	}
	return false
}
