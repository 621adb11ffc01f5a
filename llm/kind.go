package llm

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
	InvalidRequest Kind = "invalid request"
	// ContextLength is a prompt, or prompt and answer, too long for the model.
	ContextLength Kind = "context length exceeded"
	// ContentFilter is a prompt or an answer that the provider refused to process.
	ContentFilter Kind = "blocked by content filter"
	// Auth is a missing, malformed or rejected credential (401).
	Auth Kind = "authentication failed"
	// Permission is a valid credential that may not do this (403).
	Permission Kind = "permission denied"
	// Quota is an account with nothing left to spend (402); waiting a little does not help.
	Quota Kind = "quota exhausted"
	// NotFound is a model, deployment or path that does not exist (404).
	NotFound Kind = "not found"
	// Retired is a model or service that no longer exists; the message names its successor.
	Retired Kind = "retired"
	// RateLimited is a limit on requests or tokens a minute (429); see [Error.RetryAfter].
	RateLimited Kind = "rate limited"
	// Overloaded is a server that says it is too busy (503, 529).
	Overloaded Kind = "overloaded"
	// Server is a failure inside the server (other 5xx, a crashed model runner).
	Server Kind = "server error"
	// Timeout is a limit that ran out: the message says which. It is also a 408.
	Timeout Kind = "timed out"
	// Network is a request that got no reply: no connection, or one that broke.
	Network Kind = "network error"
	// Protocol is a reply that is not what the provider's API sends: a broken
	// frame, an HTML page, a line beyond the size limit.
	Protocol Kind = "protocol error"
	// Incomplete is a reply that stopped before the server said that it had ended.
	Incomplete Kind = "incomplete reply"
	// Canceled is a call whose context was cancelled by the caller. The error
	// also matches [context.Canceled].
	Canceled Kind = "canceled"
	// Unsupported is an operation or a setting that the backend does not have.
	Unsupported Kind = "unsupported"
)

// Error returns the kind's name, in words.
func (k Kind) Error() string { return string(k) }

// Temporary reports whether the same request, sent again a little later, may
// succeed: the server was busy, slow or broken, or the connection was.
func (k Kind) Temporary() bool {
	switch k {
	case RateLimited, Overloaded, Server, Timeout, Network, Protocol, Incomplete:
		return true
	}
	return false
}
