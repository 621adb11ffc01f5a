package llm

import "time"

// Limits bound how long a provider waits for its server, and how much it takes
// at once. A time that runs out is an error of kind [Timeout] that names the
// limit. A zero limit is the default, a negative time is none. The time that the
// caller takes between two events never counts, but for Total.
//
// The context's deadline bounds the call as a whole, as always.
type Limits struct {
	// Connect is for looking up the host and connecting, and as long again for
	// the TLS handshake. It holds for a provider's own HTTP client; one of the
	// user's has its own. Default 15 seconds.
	Connect time.Duration
	// FirstEvent is from sending the request to the first piece of the answer,
	// on the wire: a server that thinks long, loads a model or has a queue sends
	// nothing for minutes. A token source has the context's deadline alone.
	// Default 10 minutes.
	FirstEvent time.Duration
	// Idle is between two pieces of the answer. Keep-alive comments of the
	// server count as pieces. Default 5 minutes.
	Idle time.Duration
	// Total is for the whole call. Default none.
	Total time.Duration
	// FrameBytes is the size of the largest piece of a streamed answer: a line
	// can hold a whole image. A larger one is an error of kind [Protocol]. An
	// answer that is not streamed may be eight times as large. Default 32 MiB.
	FrameBytes int
}

// WithDefaults returns the limits with the defaults in place of zeros.
func (l Limits) WithDefaults() Limits {
	orDefault(&l.Connect, 15*time.Second)
	orDefault(&l.FirstEvent, 10*time.Minute)
	orDefault(&l.Idle, 5*time.Minute)
	if l.FrameBytes <= 0 {
		l.FrameBytes = 32 << 20
	}
	return l
}
