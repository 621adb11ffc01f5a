package ollama_test

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/ollama"
)

// TestStreamsLeftEarlyLeaveNothingBehind leaves 200 streams at random points,
// by the loop or by the context, and looks for what is left.
func TestStreamsLeftEarlyLeaveNothingBehind(t *testing.T) {
	before := goleak.IgnoreCurrent()
	descriptors := openDescriptors(t)
	var connections sync.WaitGroup // that the server has
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/x-ndjson")
		flush := http.NewResponseController(w)
		for r.Context().Err() == nil { // without end
			if _, err := io.WriteString(w, text(" round")+"\n"); err != nil {
				return
			}
			flush.Flush()
		}
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			connections.Add(1)
		case http.StateClosed:
			connections.Done()
		}
	}
	server.Start()
	p, err := ollama.New(ollama.Config{BaseURL: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	model := llm.New(p, "m")

	var all sync.WaitGroup
	for worker := range uint64(8) {
		all.Go(func() {
			random := rand.New(rand.NewPCG(worker, 1))
			for range 25 {
				leave(t, model, random.IntN(60), random.IntN(2) == 0)
			}
		})
	}
	all.Wait()
	p.Close()
	gone := make(chan struct{})
	go func() {
		connections.Wait()
		close(gone)
	}()
	select {
	case <-gone:
	case <-time.After(10 * time.Second):
		t.Fatal("the server still has connections, long after all streams were left")
	}
	server.Close()
	goleak.VerifyNone(t, before)
	if left := openDescriptors(t) - descriptors; left > 2 { // the poller's own
		t.Errorf("%d more file descriptors are open than before", left)
	}
}

// leave reads some pieces of an answer and goes.
func leave(t *testing.T, model *llm.Model, after int, byContext bool) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	pieces := 0
	for _, err := range model.Stream(ctx, llm.Ask("hi")).Text() {
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
	t.Errorf("a stream without end ended after %d pieces", pieces)
}

func openDescriptors(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if errors.Is(err, os.ErrNotExist) {
		t.Log("this system does not list a process's file descriptors: they are not counted")
		return 0
	}
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

func TestConnectionIsUsedAgainAfterAWholeAnswer(t *testing.T) {
	var opened atomic.Int64
	server := httptest.NewUnstartedServer(streams(text("a"), done))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	p := provider(t, ollama.Config{BaseURL: server.URL})
	for range 20 {
		mustAsk(t, p, llm.Ask("hi"))
	}
	equal(t, "the number of connections for 20 calls", opened.Load(), int64(1))
}

func TestLimitsOnWaiting(t *testing.T) {
	waits := func(lines ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if _, err := io.Copy(io.Discard, r.Body); err != nil { // before that, a server does not see its client go
				t.Error(err)
			}
			w.Header().Set("Content-Type", "application/x-ndjson")
			io.WriteString(w, strings.Join(lines, "\n")+"\n")
			if len(lines) > 0 {
				http.NewResponseController(w).Flush()
			}
			<-r.Context().Done()
		}
	}
	for name, test := range map[string]struct {
		handler http.HandlerFunc
		limits  llm.Limits
		says    string
	}{
		"a model that loads for ever": {waits(), llm.Limits{FirstEvent: 20 * time.Millisecond}, "first piece"},
		"a model that stalls":         {waits(text("a")), llm.Limits{Idle: 20 * time.Millisecond}, "next piece"},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(test.handler)
			t.Cleanup(server.Close)
			_, err := ask(t, provider(t, ollama.Config{BaseURL: server.URL, Limits: test.limits}), llm.Ask("hi"))
			wantError(t, err, llm.Timeout, test.says, "20ms")
		})
	}
}
