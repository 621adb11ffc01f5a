package httpcall

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parley-llm/parley/llm"
)

// counted is a server with a count of its connections.
type counted struct {
	*httptest.Server
	mu     sync.Mutex
	opened int
	open   map[net.Conn]bool
	change chan struct{} // one value for every connection that closes
}

func newCounted(t testing.TB, handler http.HandlerFunc) *counted {
	t.Helper()
	s := &counted{open: make(map[net.Conn]bool), change: make(chan struct{}, 1000)}
	s.Server = httptest.NewUnstartedServer(handler)
	s.Config.ConnState = func(conn net.Conn, state http.ConnState) {
		s.mu.Lock()
		defer s.mu.Unlock()
		switch state {
		case http.StateNew:
			s.opened++
			s.open[conn] = true
		case http.StateClosed, http.StateHijacked:
			delete(s.open, conn)
			s.change <- struct{}{}
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	return s
}

func (s *counted) connections() (opened, open int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.opened, len(s.open)
}

// wantOpen waits until the given number of connections is open.
func (s *counted) wantOpen(t testing.TB, want int) {
	t.Helper()
	deadline := time.After(5 * time.Second)
	for {
		_, open := s.connections()
		if open == want {
			return
		}
		select {
		case <-s.change:
		case <-deadline:
			t.Fatalf("%d connections are open after 5 s, want %d", open, want)
		}
	}
}

func TestConnectionIsReused(t *testing.T) {
	for _, tt := range []struct {
		name string
		body string
		use  func(t *testing.T, r *Reply)
	}{
		{"after the body was read to its end", "all of it", func(t *testing.T, r *Reply) {
			body, err := readAll(r)
			equal(t, "body", body, "all of it")
			equal(t, "error", err, error(nil))
		}},
		{"after the answer ended, with a little left", "data: [DONE]\n\n" + strings.Repeat(": bye\n", 100), func(t *testing.T, r *Reply) {
			io.ReadFull(r.Body(), make([]byte, len("data: [DONE]\n\n")))
			r.End()
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server := newCounted(t, says(200, "text/event-stream", tt.body))
			c := client(t, nil, llm.Limits{})
			for range 20 {
				r, err := c.Do(t.Context(), post(server.URL, "{}"))
				if err != nil {
					t.Fatal(err)
				}
				tt.use(t, r)
				r.Close()
			}
			opened, open := server.connections()
			equal(t, "connections opened for 20 calls, and still open", []int{opened, open}, []int{1, 1})
			c.Close()
			server.wantOpen(t, 0)
		})
	}
}

func TestConnectionIsReusedAfterStatusError(t *testing.T) {
	server := newCounted(t, says(429, "application/json", `{"error":"slow down"}`))
	c := client(t, nil, llm.Limits{})
	for range 20 {
		equal(t, "kind", refuse(t, c, post(server.URL, "{}")).Kind, llm.RateLimited)
	}
	opened, _ := server.connections()
	equal(t, "connections opened for 20 refusals", opened, 1)
}

func TestConnectionIsClosedIfReplyIsAbandoned(t *testing.T) {
	gone := make(chan struct{})
	server := newCounted(t, func(w http.ResponseWriter, r *http.Request) {
		piece(w, "one ")
		<-r.Context().Done()
		close(gone)
	})
	r, err := client(t, nil, llm.Limits{}).Do(t.Context(), post(server.URL, "{}"))
	if err != nil {
		t.Fatal(err)
	}
	io.ReadFull(r.Body(), make([]byte, len("one ")))
	r.Close()
	r.Close() // twice is allowed
	select {
	case <-gone:
	case <-time.After(5 * time.Second):
		t.Fatal("the server did not learn within 5 s that nobody listens")
	}
	server.wantOpen(t, 0)
}

func TestDrainIsLimited(t *testing.T) {
	for _, tt := range []struct {
		name string
		rest func(w http.ResponseWriter, r *http.Request)
	}{
		{"in bytes", func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				piece(w, strings.Repeat("x", 4096))
			}
		}},
		{"in time", func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server := newCounted(t, func(w http.ResponseWriter, r *http.Request) {
				piece(w, "data: [DONE]\n\n")
				tt.rest(w, r)
			})
			r, err := client(t, nil, llm.Limits{}).Do(t.Context(), post(server.URL, "{}"))
			if err != nil {
				t.Fatal(err)
			}
			io.ReadFull(r.Body(), make([]byte, len("data: [DONE]\n\n")))
			r.End()
			begun := time.Now()
			r.Close()
			if took := time.Since(begun); took > time.Second {
				t.Errorf("closing took %v", took)
			}
			server.wantOpen(t, 0)
		})
	}
}

func TestConcurrentCallsReuseConnections(t *testing.T) {
	const calls = 32
	var ready sync.WaitGroup
	server := newCounted(t, func(w http.ResponseWriter, r *http.Request) {
		ready.Done()
		ready.Wait() // all calls at once
		says(200, "text/event-stream", "x")(w, r)
	})
	c := client(t, nil, llm.Limits{})
	for range 3 {
		ready.Add(calls)
		var all sync.WaitGroup
		for range calls {
			all.Go(func() {
				r, err := c.Do(t.Context(), post(server.URL, "{}"))
				if err != nil {
					t.Error(err)
					ready.Done()
					return
				}
				defer r.Close()
				readAll(r)
			})
		}
		all.Wait()
	}
	opened, _ := server.connections()
	equal(t, "connections opened for three rounds of calls", opened, calls)
}

func TestLargeRequestBody(t *testing.T) {
	body := bytes.Repeat([]byte("0123456789abcdef"), 50<<20/16)
	var got [sha256.Size]byte
	var length int64
	server := loopback(t, func(w http.ResponseWriter, r *http.Request) {
		hash := sha256.New()
		length, _ = io.Copy(hash, r.Body)
		copy(got[:], hash.Sum(nil))
	})
	req := post(server.URL, "")
	req.Body = body
	r, err := client(t, nil, llm.Limits{}).Do(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	equal(t, "length", length, int64(len(body)))
	equal(t, "hash", got, sha256.Sum256(body))
}

func TestStatusErrorBeforeRequestBodyIsRead(t *testing.T) {
	// The server rejects the request by its Content-Length and closes the connection, like
	// nginx. The client is still writing when the reply arrives.
	server := loopback(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close")
		says(http.StatusRequestEntityTooLarge, "text/html", "<html><title>413 Request Entity Too Large</title></html>")(w, r)
	})
	for range 5 {
		req := post(server.URL, "")
		req.Body = make([]byte, 50<<20)
		e := refuse(t, client(t, nil, llm.Limits{}), req)
		equal(t, "status, kind, message", []any{e.Status, e.Kind, e.Message}, []any{413, llm.InvalidRequest, "413 Request Entity Too Large"})
	}
}

// closedAfterReply fails while the body of the second request is written, as if the server had
// closed the connection after the first reply.
type closedAfterReply struct {
	net.Conn
	requests int
}

func (c *closedAfterReply) Write(p []byte) (int, error) {
	if bytes.HasPrefix(p, []byte("POST")) {
		c.requests++
	} else if c.requests > 1 {
		return 0, &net.OpError{Op: "write", Net: "tcp", Err: net.ErrClosed}
	}
	return c.Conn.Write(p)
}

func TestRequestIsSentAgainIfTheServerCannotHaveReceivedIt(t *testing.T) {
	var mu sync.Mutex
	var received []string // complete requests
	server := loopback(t, func(w http.ResponseWriter, r *http.Request) {
		if body, err := io.ReadAll(r.Body); err == nil {
			mu.Lock()
			received = append(received, string(body))
			mu.Unlock()
		}
		says(200, "application/json", "{}")(w, r)
	})
	c := client(t, nil, llm.Limits{})
	dial, dialed := c.owned.DialContext, 0
	c.owned.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if dialed++; dialed == 1 {
			conn = &closedAfterReply{Conn: conn}
		}
		return conn, err
	}
	body := strings.Repeat("prompt ", 1000) // larger than net/http's buffer, so that a part of it is written before the failure
	for range 2 {
		r, err := c.Do(t.Context(), post(server.URL, body))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := readAll(r); err != nil {
			t.Fatal(err)
		}
		r.Close()
	}
	equal(t, "complete requests", received, []string{body, body})
	equal(t, "connections", dialed, 2)
}

func TestPlainHTTPServerIsReported(t *testing.T) {
	s := loopback(t, says(200, "application/json", "{}"))
	for name, user := range map[string]*http.Client{"a client of our own": nil, "a user's client": {}} {
		t.Run(name, func(t *testing.T) {
			e := refuse(t, client(t, user, llm.Limits{}), post(strings.Replace(s.URL, "http:", "https:", 1), "{}"))
			want := "no reply from " + strings.TrimPrefix(s.URL, "http://") + ": the server uses plain HTTP; change https:// to http:// in the base URL"
			if e.Kind != llm.Network || e.Message != want || !errors.Is(e, http.ErrSchemeMismatch) {
				t.Errorf("the error is %v, want one of kind %q: %s", e, llm.Network, want)
			}
		})
	}
}

// TestResetOfALargeRequestIsExplained checks the error if a server refuses a large request by
// closing the connection, so that its reply is lost.
func TestResetOfALargeRequestIsExplained(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			c.Read(make([]byte, 100))
			c.(*net.TCPConn).SetLinger(0)
			c.Close()
		}
	}()
	req := post("http://"+l.Addr().String(), "")
	req.Body = make([]byte, 50<<20)
	e := refuse(t, client(t, nil, llm.Limits{}), req)
	if e.Kind != llm.Network || !strings.Contains(e.Message, "a request of 50 MB, which may be too large") {
		t.Errorf("the error is %v", e)
	}
}
