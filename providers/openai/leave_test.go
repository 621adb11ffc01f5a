package openai_test

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-llm/parley/internal/providertest"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/openai"
)

// census counts what a program holds: goroutines, and file descriptors where
// the system tells.
type census struct{ goroutines, files int }

func count(t testing.TB) census {
	t.Helper()
	c := census{goroutines: runtime.NumGoroutine()}
	if runtime.GOOS == "linux" {
		entries, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		c.files = len(entries)
	}
	return c
}

// openConns follows the connections of a server.
type openConns struct {
	mu     sync.Mutex
	open   map[net.Conn]http.ConnState
	opened int
}

func (c *openConns) watch(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch state {
	case http.StateNew:
		c.opened++
		c.open[conn] = state
	case http.StateClosed, http.StateHijacked:
		delete(c.open, conn)
	default:
		c.open[conn] = state
	}
}

func (c *openConns) counts() (open, opened int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.open), c.opened
}

// eventually waits until a condition holds, and fails with what is wrong when
// it does not within the time. What it waits for has no event: the runtime
// tells nobody that a goroutine or a descriptor is gone.
func eventually(t testing.TB, within time.Duration, wrong func() string) {
	t.Helper()
	deadline := time.Now().Add(within)
	for {
		problem := wrong()
		if problem == "" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after %v: %s", within, problem)
		}
		runtime.Gosched()
		<-time.After(time.Millisecond)
	}
}

func TestThousandStreamsLeftEarlyLeaveNothingBehind(t *testing.T) {
	const streams, atOnce, chunks = 1000, 16, 40
	conns := &openConns{open: make(map[net.Conn]http.ConnState)}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "text/event-stream")
		for range chunks {
			if _, err := io.WriteString(w, events(text("piece "))); err != nil {
				return
			}
			w.(http.Flusher).Flush()
		}
		if r.Header.Get("X-Then") == "hang" {
			<-r.Context().Done()
			return
		}
		io.WriteString(w, events(finish("stop"), usage, done))
	}))
	server.Config.ConnState = conns.watch
	server.Start()
	defer server.Close()
	before := count(t)

	finishing := provider(t, openai.Config{BaseURL: server.URL})
	hanging := provider(t, openai.Config{BaseURL: server.URL, Header: http.Header{"X-Then": {"hang"}}})
	ways := make(map[string]int)
	var mu sync.Mutex
	var wait sync.WaitGroup
	slots := make(chan struct{}, atOnce)
	for i := range streams {
		slots <- struct{}{}
		wait.Go(func() {
			defer func() { <-slots }()
			rng := rand.New(rand.NewPCG(5, uint64(i)))
			p := finishing
			if rng.IntN(2) == 0 {
				p = hanging
			}
			way := leaveSomewhere(t, llm.New(p, "m"), rng, chunks)
			mu.Lock()
			ways[way]++
			mu.Unlock()
		})
	}
	wait.Wait()
	finishing.Close()
	hanging.Close()
	eventually(t, 10*time.Second, func() string {
		after := count(t)
		open, _ := conns.counts()
		switch {
		case open > 0:
			return "the server still has open connections"
		case after.goroutines > before.goroutines:
			return "there are more goroutines than before"
		case after.files > before.files:
			return "there are more open files than before"
		}
		return ""
	})
	_, opened := conns.counts()
	t.Logf("%d streams over %d connections: %v; %+v before and %+v after", streams, opened, ways, before, count(t))
	for _, way := range []string{"left", "cancelled", "ended"} {
		if ways[way] == 0 {
			t.Errorf("no stream was %s: %v", way, ways)
		}
	}
}

// leaveSomewhere reads a stream up to a random event, and then leaves it, or
// cancels it and reads on. It says which.
func leaveSomewhere(t *testing.T, m *llm.Model, rng *rand.Rand, chunks int) string {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	n, leaves := rng.IntN(chunks+10), rng.IntN(2) == 0
	seen := 0
	for _, err := range m.Stream(ctx, llm.Prompt("hi")).Events() {
		if err != nil {
			if !errors.Is(err, context.Canceled) || llm.KindOf(err) != llm.Canceled {
				t.Errorf("after %d events: %v, want a cancelled call", seen, err)
			}
			return "cancelled"
		}
		if seen++; seen >= n || seen > chunks { // from then on, one that hangs says no more
			if leaves {
				return "left"
			}
			cancel()
		}
	}
	return "ended"
}

// Nothing of a stream is left 100 ms after its loop: on the fake clock, which
// stands still while anything runs, not one of them.
func TestServerLearnsAtOnceThatAStreamWasLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var gone time.Time
		m := piped(t, openai.Config{}, func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			piece(w, events(text("Hel"), text("lo")))
			<-r.Context().Done()
			gone = time.Now()
		})
		var left time.Time
		for _, err := range m.Stream(t.Context(), llm.Prompt("hi")).Text() {
			if err != nil {
				t.Fatal(err)
			}
			left = time.Now()
			break
		}
		time.Sleep(100 * time.Millisecond)
		synctest.Wait()
		if gone.IsZero() || gone.Sub(left) > 0 {
			t.Errorf("the loop was left at %v, and the server learnt it at %v (zero is not at all)", left, gone)
		}
	})
}

func TestConnectionIsUsedAgainAfterAWholeAnswer(t *testing.T) {
	conns := &openConns{open: make(map[net.Conn]http.ConnState)}
	server := httptest.NewUnstartedServer(http.HandlerFunc(streams(events(text("a"), finish("stop"), usage, done) + ": bye\n\n")))
	server.Config.ConnState = conns.watch
	server.Start()
	defer server.Close()
	p := provider(t, openai.Config{BaseURL: server.URL})
	for range 50 {
		answer(t, llm.New(p, "m"), llm.Prompt("hi"))
	}
	_, opened := conns.counts()
	equal(t, "connections opened for 50 answers", opened, 1)
}

// piece sends a piece of a stream, and its headers with the first one.
func piece(w http.ResponseWriter, body string) {
	w.Header().Set("Content-Type", "text/event-stream")
	io.WriteString(w, body)
	w.(http.Flusher).Flush()
}

func TestCallerStopsACall(t *testing.T) {
	hang := func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	}
	errClosed := errors.New("the window was closed")
	for _, tt := range []struct {
		name    string
		handler http.HandlerFunc // nil is a server that does not accept
		partial string
	}{
		{"while connecting", nil, ""},
		{"while waiting for the headers", hang, ""},
		{"while waiting for the first event", func(w http.ResponseWriter, r *http.Request) {
			piece(w, "")
			hang(w, r)
		}, ""},
		{"in the middle of the answer", func(w http.ResponseWriter, r *http.Request) {
			piece(w, events(text("Hel"), text("lo")))
			hang(w, r)
		}, "Hello"},
		{"after the finish reason, while the usage does not come", func(w http.ResponseWriter, r *http.Request) {
			piece(w, events(text("Hel"), text("lo"), finish("stop")))
			hang(w, r)
		}, "Hello"},
		{"in the middle of a line", func(w http.ResponseWriter, r *http.Request) {
			piece(w, events(text("Hel"), text("lo"))+`data: {"choices":[{"de`)
			hang(w, r)
		}, "Hello"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var m *llm.Model
				if tt.handler != nil {
					m = piped(t, openai.Config{}, tt.handler)
				} else {
					network := providertest.NewPipeNet()
					defer network.Close()
					m = llm.New(provider(t, openai.Config{BaseURL: "http://server.test", HTTPClient: &http.Client{Transport: &http.Transport{DialContext: network.Dial}}}), "m")
				}
				ctx, cancel := context.WithCancelCause(t.Context())
				time.AfterFunc(time.Second, func() { cancel(errClosed) })
				begun := time.Now()
				_, err := m.Generate(ctx, llm.Prompt("hi"))
				equal(t, "time until the error", time.Since(begun), time.Second)
				e := wantError(t, err, llm.Canceled, "the window was closed")
				if !errors.Is(err, context.Canceled) || !errors.Is(err, errClosed) {
					t.Errorf("the error %v does not match both context.Canceled and the cause", err)
				}
				if tt.partial != "" {
					equal(t, "partial text", e.Partial.Text(), tt.partial)
				}
			})
		})
	}
}

func TestLimitsOfTheProvider(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := piped(t, openai.Config{Limits: llm.Limits{Idle: time.Minute}}, func(w http.ResponseWriter, r *http.Request) {
			for range 10 {
				piece(w, ": ping\n\n") // a sign of life
				time.Sleep(50 * time.Second)
			}
			io.WriteString(w, events(text("Hel"), text("lo")))
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		})
		_, err := ask(t, m)
		e := wantError(t, err, llm.Timeout, "the server exceeded the limit of 1m0s between two parts of the reply (Idle)")
		equal(t, "partial text", e.Partial.Text(), "Hello")
	})
}

func TestSlowReaderOfAStreamIsNotTimedOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := piped(t, openai.Config{Limits: llm.Limits{Idle: time.Minute, FirstEvent: time.Minute}}, func(w http.ResponseWriter, r *http.Request) {
			for range 50 {
				piece(w, events(text("x")))
			}
			io.WriteString(w, events(finish("stop"), usage, done))
		})
		s := m.Stream(t.Context(), llm.Prompt("hi"))
		for _, err := range s.Text() {
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Hour)
		}
		equal(t, "length of the text", len(s.Response().Text()), 50)
	})
}

func TestLimitThatRunsOutAfterTheFinishReasonCostsOnlyTheUsage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := piped(t, openai.Config{Limits: llm.Limits{Idle: time.Minute}}, func(w http.ResponseWriter, r *http.Request) {
			piece(w, events(text("Hello"), finish("stop")))
			<-r.Context().Done()
		})
		resp := answer(t, m, llm.Prompt("hi"))
		equal(t, "text", resp.Text(), "Hello")
		equal(t, "warnings", resp.Warnings, []llm.Warning{usageUnknown})
	})
}
