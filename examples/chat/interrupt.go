package main

import (
	"context"
	"errors"
	"os"
	"sync"
)

var errStopped = errors.New("stopped by Ctrl-C")

// stoppable returns a context that ends, because of errStopped, when Ctrl-C is
// pressed. The caller must call release, after which nothing listens any more.
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
