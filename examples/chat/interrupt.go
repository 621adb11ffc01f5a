package main

import (
	"context"
	"errors"
	"os"
	"sync"
)

var errStopped = errors.New("stopped by Ctrl-C")

// stoppable returns a context that Ctrl-C cancels with the cause errStopped. The caller must
// call release, which stops the goroutine.
func stoppable(ctx context.Context, pressed <-chan os.Signal) (_ context.Context, release func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	var listener sync.WaitGroup
	listener.Go(func() {
		select {
		case <-pressed:
			cancel(errStopped)
		case <-ctx.Done():
		}
	})
	return ctx, func() {
		cancel(nil)
		listener.Wait()
	}
}
