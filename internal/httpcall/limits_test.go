package httpcall

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-llm/parley/llm"
)

// inBubble runs a test on the fake clock, with a server in memory.
func inBubble(t *testing.T, limits llm.Limits, handler http.HandlerFunc, test func(t *testing.T, c *Client)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		test(t, client(t, inMemory(t, handler), limits))
	})
}

// wantLimit checks the error of an exceeded limit, and that the limit took effect on time:
// at most a quarter late.
func wantLimit(t testing.TB, e *llm.Error, message string, took, limit time.Duration) {
	t.Helper()
	equal(t, "kind", e.Kind, llm.Timeout)
	equal(t, "message", e.Message, message)
	if errors.Is(e, context.Canceled) || errors.Is(e, context.DeadlineExceeded) {
		t.Error("an exceeded limit matches a context error")
	}
	if timeout, ok := errors.AsType[net.Error](e); ok && !timeout.Timeout() {
		t.Errorf("Timeout() is false for: %v", timeout)
	}
	if took < limit || took > limit+limit/4 {
		t.Errorf("the limit of %v took effect after %v", limit, took)
	}
}

// piece sends a part of a stream. The first call sends the headers, too.
func piece(w http.ResponseWriter, text string) {
	w.Header().Set("Content-Type", "text/event-stream")
	io.WriteString(w, text)
	w.(http.Flusher).Flush()
}

func TestFirstEventLimitBeforeHeaders(t *testing.T) {
	inBubble(t, llm.Limits{FirstEvent: time.Minute, Idle: time.Second}, func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	}, func(t *testing.T, c *Client) {
		begun := time.Now()
		e := refuse(t, c, post(anyURL, "{}"))
		wantLimit(t, e, "the server exceeded the limit of 1m0s for the first part of the reply (FirstEvent)", time.Since(begun), time.Minute)
		equal(t, "status", e.Status, 0)
	})
}

func TestFirstEventLimitAfterHeaders(t *testing.T) {
	inBubble(t, llm.Limits{FirstEvent: time.Minute, Idle: time.Second}, func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(30 * time.Second)
		piece(w, "")
		<-r.Context().Done()
	}, func(t *testing.T, c *Client) {
		begun := time.Now()
		r, err := c.Do(t.Context(), post(anyURL, "{}"))
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		_, err = readAll(r)
		e := asLLM(t, err)
		wantLimit(t, e, "the server exceeded the limit of 1m0s for the first part of the reply (FirstEvent)", time.Since(begun), time.Minute)
		equal(t, "status", e.Status, 200)
	})
}

func TestIdleLimitBetweenParts(t *testing.T) {
	inBubble(t, llm.Limits{FirstEvent: time.Hour, Idle: time.Minute}, func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(30 * time.Minute) // a slow start is allowed
		piece(w, "one ")
		for range 10 {
			time.Sleep(50 * time.Second) // ten gaps within the limit, together far beyond it
			piece(w, "more ")
		}
		<-r.Context().Done()
	}, func(t *testing.T, c *Client) {
		r, err := c.Do(t.Context(), post(anyURL, "{}"))
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		last := time.Now()
		var body []byte
		buf := make([]byte, 64)
		for {
			n, err := r.Body().Read(buf)
			body = append(body, buf[:n]...)
			if err != nil {
				wantLimit(t, r.ReadError(err), "the server exceeded the limit of 1m0s between two parts of the reply (Idle)", time.Since(last), time.Minute)
				break
			}
			last = time.Now()
		}
		equal(t, "body", string(body), "one more more more more more more more more more more ")
	})
}

func TestIdleLimitIgnoresSlowConsumer(t *testing.T) {
	inBubble(t, llm.Limits{FirstEvent: time.Minute, Idle: time.Minute}, func(w http.ResponseWriter, r *http.Request) {
		for range 20 {
			piece(w, "piece ")
		}
	}, func(t *testing.T, c *Client) {
		r, err := c.Do(t.Context(), post(anyURL, "{}"))
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		buf := make([]byte, 6)
		n := 0
		for {
			read, err := r.Body().Read(buf)
			n += read
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatalf("after %d bytes: %v", n, r.ReadError(err))
			}
			time.Sleep(time.Hour)
		}
		equal(t, "bytes", n, 20*len("piece "))
	})
}

func TestTotalLimit(t *testing.T) {
	inBubble(t, llm.Limits{Total: 10 * time.Minute}, func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			piece(w, "piece ")
			time.Sleep(time.Second)
		}
	}, func(t *testing.T, c *Client) {
		begun := time.Now()
		r, err := c.Do(t.Context(), post(anyURL, "{}"))
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		_, err = readAll(r)
		wantLimit(t, asLLM(t, err), "the server exceeded the limit of 10m0s for the whole call (Total)", time.Since(begun), 10*time.Minute)
	})
}

func TestNegativeLimitsAreDisabled(t *testing.T) {
	inBubble(t, llm.Limits{Connect: -1, FirstEvent: -1, Idle: -1, Total: -1}, func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(24 * time.Hour)
		piece(w, "one ")
		time.Sleep(24 * time.Hour)
		piece(w, "two")
	}, func(t *testing.T, c *Client) {
		r, err := c.Do(t.Context(), post(anyURL, "{}"))
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		body, err := readAll(r)
		equal(t, "body", body, "one two")
		equal(t, "error", err, error(nil))
	})
}

func TestStatusErrorWithHangingBody(t *testing.T) {
	inBubble(t, llm.Limits{}, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(503)
		io.WriteString(w, `upstream`)
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}, func(t *testing.T, c *Client) {
		begun := time.Now()
		e := refuse(t, c, post(anyURL, "{}"))
		equal(t, "kind and message", []any{e.Kind, e.Message}, []any{llm.Overloaded, "upstream"})
		equal(t, "time until the error", time.Since(begun), errorBodyTime)
	})
}

func TestConnectLimitDuringHandshake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := client(t, nil, llm.Limits{Connect: 5 * time.Second})
		ours, theirs := net.Pipe()
		defer theirs.Close()
		go io.Copy(io.Discard, theirs) // a server that never answers
		c.owned.DialContext = func(context.Context, string, string) (net.Conn, error) { return ours, nil }
		begun := time.Now()
		e := refuse(t, c, post("https://server.test/v1", "{}"))
		equal(t, "kind", e.Kind, llm.Timeout)
		equal(t, "message", e.Message, "no connection to server.test within the connect limit of 5s")
		equal(t, "time", time.Since(begun), 5*time.Second)
	})
}

func TestNoServer(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln.Close()
	host := ln.Addr().String()
	e := refuse(t, client(t, nil, llm.Limits{}), post("http://"+host+"/v1", "{}"))
	equal(t, "kind", e.Kind, llm.Network)
	equal(t, "status", e.Status, 0)
	equal(t, "message", e.Message, "no reply from "+host+": dial tcp "+host+": connect: connection refused")
	if _, ok := errors.AsType[*net.OpError](e); !ok {
		t.Errorf("the error does not wrap the network error: %v", e)
	}
}

func TestServerClosesWithoutReply(t *testing.T) {
	c := client(t, inMemory(t, func(w http.ResponseWriter, r *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			conn.Close()
		}
	}), llm.Limits{})
	e := refuse(t, c, post(anyURL, "{}"))
	equal(t, "kind", e.Kind, llm.Network)
	if !errors.Is(e, io.EOF) {
		t.Errorf("the error %v does not match io.EOF", e)
	}
}

func TestServerIsNotHTTP(t *testing.T) {
	c := client(t, inMemory(t, func(w http.ResponseWriter, r *http.Request) {
		conn, buf, err := w.(http.Hijacker).Hijack()
		if err == nil {
			buf.WriteString("SSH-2.0-OpenSSH_9.6\r\n")
			buf.Flush()
			conn.Close()
		}
	}), llm.Limits{})
	e := refuse(t, c, post(anyURL, "{}"))
	equal(t, "kind", e.Kind, llm.Network)
}

// Under the service tier "flex", a server may send nothing for 15 minutes.
func TestPatientRequestsWaitLonger(t *testing.T) {
	for name, tt := range map[string]struct {
		limits  llm.Limits
		patient bool
		want    string
	}{
		"patient":                       {llm.Limits{}, true, ""},
		"not patient":                   {llm.Limits{}, false, "the server exceeded the limit of 10m0s for the first part of the reply (FirstEvent)"},
		"patient, with a limit of ours": {llm.Limits{FirstEvent: time.Minute}, true, "the server exceeded the limit of 1m0s for the first part of the reply (FirstEvent)"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, tt.limits, func(w http.ResponseWriter, r *http.Request) {
				io.Copy(io.Discard, r.Body)
				select {
				case <-time.After(15 * time.Minute):
					piece(w, "data: {}\n\n")
				case <-r.Context().Done():
				}
			}, func(t *testing.T, c *Client) {
				req := post(anyURL, "{}")
				req.Patient = tt.patient
				r, err := c.Do(t.Context(), req)
				if tt.want != "" {
					if e, ok := errors.AsType[*llm.Error](err); !ok || e.Message != tt.want {
						t.Errorf("the error is %v, want %s", err, tt.want)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				r.Close()
			})
		})
	}
}
