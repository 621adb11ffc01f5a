// Package waiting tells a limit on idle time when a provider waits for its server.
//
// Most events of a fast stream come from bytes that have already been read, so the provider
// does not wait for them. A limit that learns about the reads need not read the clock for
// each event, which costs a tenth of the processor time of a long stream with middleware.
package waiting

import "context"

// Observer observes the reads of a call. Its methods may be called from any goroutine.
type Observer interface {
	// Opened announces that a reply is being read. From now on, the provider waits only
	// between ReadBegins and ReadEnds.
	Opened()
	// Closed announces that the reply is not read any more.
	Closed()
	// ReadBegins announces a read that may wait.
	ReadBegins()
	// ReadEnds announces the end of such a read.
	ReadEnds()
}

type key struct{}

// NewContext returns a context for a call whose reads o observes.
func NewContext(ctx context.Context, o Observer) context.Context {
	return context.WithValue(ctx, key{}, o)
}

// FromContext returns the observer of a call, or nil.
func FromContext(ctx context.Context) Observer {
	o, _ := ctx.Value(key{}).(Observer)
	return o
}
