package llm

import "time"

// Limits are the time limits and size limits of a provider. A zero field has its default. A
// negative time means no limit. A call that exceeds a time limit fails with kind [Timeout],
// and the message names the limit.
//
// The time that the caller spends between two events counts only for Total. The deadline of
// the context also limits the call.
type Limits struct {
	// Connect limits the time for the host lookup and the connection, and separately for the
	// TLS handshake. It does not apply if the provider is given an HTTP client. The default
	// is 15 seconds.
	Connect time.Duration
	// FirstEvent limits the time from sending the request to the first piece of the reply. A
	// server that reasons, loads a model or has a queue may send nothing for minutes. It does
	// not apply to a token source. If the reply is not streamed, this is the time of nearly the
	// whole call. The FirstEvent of middleware.Timeout is different: it ends at the first event
	// with content. The default is 10 minutes, or 20 minutes for a request with the service
	// tier "flex", which servers answer when they have time.
	FirstEvent time.Duration
	// Idle limits the time between two pieces of the reply. Keep-alive comments of the server
	// count as pieces. The default is 5 minutes, or 20 minutes under "flex".
	Idle time.Duration
	// Total limits the time of the whole call. The default is no limit.
	Total time.Duration
	// FrameBytes limits the size of one piece of a streamed reply in bytes: a line can hold a
	// whole image. A larger piece fails the call with kind [Protocol]. A reply that is not
	// streamed may be eight times as large. The default is 32 MiB.
	FrameBytes int
	// ReplyBytes limits the size of a whole reply in bytes, streamed or not, as it comes from
	// the server. A program that keeps an answer, as [Stream] does for [Stream.Response], needs
	// about this much memory in the worst case. A larger reply fails the call with kind
	// [Protocol]. The default is 1 GiB.
	ReplyBytes int
}

// WithDefaults returns the limits with defaults for all zero fields.
func (l Limits) WithDefaults() Limits {
	orDefault(&l.Connect, 15*time.Second)
	orDefault(&l.FirstEvent, 10*time.Minute)
	orDefault(&l.Idle, 5*time.Minute)
	if l.FrameBytes <= 0 {
		l.FrameBytes = 32 << 20
	}
	if l.ReplyBytes <= 0 {
		l.ReplyBytes = 1 << 30
	}
	return l
}
