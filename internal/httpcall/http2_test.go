package httpcall

import (
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/parley-llm/parley/llm"
)

// http2Client returns a client for a server that speaks HTTP/2, with the
// server's address.
func http2Client(t *testing.T, limits llm.Limits, handler http.HandlerFunc) (*Client, string) {
	t.Helper()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 2 {
			t.Errorf("the request came by %s, want HTTP/2", r.Proto)
		}
		handler(w, r)
	}))
	server.EnableHTTP2 = true
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // clients leave in the middle of it
	server.StartTLS()
	t.Cleanup(server.Close)
	c := client(t, nil, limits)
	c.owned.TLSClientConfig = server.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	return c, server.URL
}

func TestHTTP2(t *testing.T) {
	hang := func(w http.ResponseWriter, r *http.Request) {
		piece(w, "one ")
		<-r.Context().Done()
	}
	for _, tt := range []struct {
		name    string
		limits  llm.Limits
		handler http.HandlerFunc
		stop    func(cancel context.CancelCauseFunc) // after the first piece
		kind    llm.Kind
		matches error
	}{
		{"a whole answer", llm.Limits{}, func(w http.ResponseWriter, r *http.Request) { piece(w, "one ") }, nil, "", nil},
		{"cancelled", llm.Limits{}, hang, func(cancel context.CancelCauseFunc) { cancel(nil) }, llm.Canceled, context.Canceled},
		{"cancelled with a cause", llm.Limits{}, hang, func(cancel context.CancelCauseFunc) { cancel(errUserLeft) }, llm.Canceled, errUserLeft},
		{"a limit ran out", llm.Limits{Idle: 40 * time.Millisecond}, hang, nil, llm.Timeout, nil},
		{"the stream was reset", llm.Limits{}, func(w http.ResponseWriter, r *http.Request) {
			piece(w, "one ")
			panic(http.ErrAbortHandler)
		}, nil, llm.Incomplete, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, url := http2Client(t, tt.limits, tt.handler)
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			r, err := c.Do(ctx, post(url, "{}"))
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			first := make([]byte, len("one "))
			if _, err := io.ReadFull(r.Body(), first); err != nil {
				t.Fatal(err)
			}
			if tt.stop != nil {
				tt.stop(cancel)
			}
			rest, err := readAll(r)
			equal(t, "body", string(first)+rest, "one ")
			equal(t, "kind", llm.KindOf(err), tt.kind)
			if tt.matches != nil && (!errors.Is(err, tt.matches) || !errors.Is(err, context.Canceled)) {
				t.Errorf("the error %v does not match %v and context.Canceled", err, tt.matches)
			}
		})
	}
}

func TestHTTP2StreamIsResetIfAbandoned(t *testing.T) {
	left := make(chan struct{})
	c, url := http2Client(t, llm.Limits{}, func(w http.ResponseWriter, r *http.Request) {
		piece(w, "one ")
		<-r.Context().Done()
		close(left)
	})
	r, err := c.Do(t.Context(), post(url, "{}"))
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	select {
	case <-left:
	case <-time.After(5 * time.Second):
		t.Fatal("the server did not learn within 5 s that nobody listens")
	}
}
