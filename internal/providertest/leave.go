package providertest

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/parley-llm/parley/llm"
)

// Endless returns a handler that sends a frame more often than any test reads, and then
// waits until the client disconnects. The frame must contain text.
func Endless(contentType, frame string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body) // a server notices a disconnect only after it has read the body
		w.Header().Set("Content-Type", contentType)
		flush := http.NewResponseController(w)
		for range 100 {
			if _, err := io.WriteString(w, frame); err != nil {
				return
			}
			flush.Flush()
		}
		<-r.Context().Done()
	}
}

// Closing is a provider with a Close method.
type Closing interface {
	llm.Provider
	io.Closer
}

// LeaveEarly leaves 1,000 endless streams at random points, by leaving the loop or by
// canceling the context. Then it checks that no connections, goroutines or file
// descriptors remain. open returns a provider for the server at the given URL.
func LeaveEarly(t *testing.T, endless http.HandlerFunc, open func(baseURL string) Closing) {
	t.Helper()
	before := goleak.IgnoreCurrent()
	descriptors := openDescriptors(t)
	var connections sync.WaitGroup // open connections of the server
	server := httptest.NewUnstartedServer(endless)
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			connections.Add(1)
		case http.StateClosed:
			connections.Done()
		}
	}
	server.Start()
	p := open(server.URL)
	model := llm.New(p, "m")
	var all sync.WaitGroup
	for worker := range uint64(8) {
		all.Go(func() {
			random := rand.New(rand.NewPCG(worker, 1))
			for range 125 {
				leave(t, model, random.IntN(60), random.IntN(2) == 0)
			}
		})
	}
	all.Wait()
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	gone := make(chan struct{})
	go func() {
		connections.Wait()
		close(gone)
	}()
	select {
	case <-gone:
	case <-time.After(time.Minute):
		t.Fatal("the server still has connections a minute after all streams were left")
	}
	server.Close()
	goleak.VerifyNone(t, before)
	if left := openDescriptors(t) - descriptors; left > 2 { // used by the poller
		t.Errorf("%d more file descriptors are open than before", left)
	}
}

// leave reads some pieces of an answer and then leaves the stream.
func leave(t *testing.T, model *llm.Model, after int, byContext bool) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	pieces := 0
	for _, err := range model.Stream(ctx, llm.Prompt("hi")).Text() {
		if err != nil {
			if !byContext || !errors.Is(err, context.Canceled) || !errors.Is(err, llm.Canceled) {
				t.Errorf("after %d pieces: %v", pieces, err)
			}
			return
		}
		if pieces++; pieces <= after {
			continue
		}
		if !byContext {
			return
		}
		cancel()
	}
	t.Errorf("an endless stream ended after %d pieces", pieces)
}

func openDescriptors(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if errors.Is(err, os.ErrNotExist) {
		t.Log("this system does not list the file descriptors of a process: they are not counted")
		return 0
	}
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}
