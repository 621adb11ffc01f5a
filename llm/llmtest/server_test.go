package llmtest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-llm/parley/llm/llmtest/internal/tbtest"
)

// get sends a request and returns the reply, as far as it arrives.
func get(t *testing.T, srv *Server) (*http.Response, string, error) {
	t.Helper()
	resp, err := srv.Client().Get(srv.URL + "/path?q=1")
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	return resp, string(data), err
}

func events(frames ...string) HTTPReply {
	return HTTPReply{Header: http.Header{"Content-Type": {"text/event-stream"}}, Body: []byte(strings.Join(frames, ""))}
}

func TestWireDelivers(t *testing.T) {
	stream := events("data: one\n\n", "data: two\n\n")
	const all = "data: one\n\ndata: two\n\n"
	for _, tt := range []struct {
		name string
		wire HTTPReply
		body string
		err  error // of reading the body
	}{
		{"stream", stream, all, nil},
		{"with its length", stream.WithLength(), all, nil},
		{"in pieces", stream.Pieces(3), all, nil},
		{"empty", HTTPReply{}, "", nil},
		{"cut clean", stream.CutClean(13), "data: one\n\nda", nil},
		{"cut clean at 0", stream.CutClean(0), "", nil},
		{"cut clean beyond the end", stream.CutClean(1000), all, nil},
		{"cut clean, with its length", stream.WithLength().CutClean(5), "data:", nil},
		{"reset", stream.CutReset(13), "data: one\n\nda", io.ErrUnexpectedEOF},
		{"reset at 0", stream.CutReset(0), "", io.ErrUnexpectedEOF},
		{"reset at a frame's end", stream.CutReset(11), "data: one\n\n", io.ErrUnexpectedEOF},
		{"reset after all of the body", stream.CutReset(len(all)), all, io.ErrUnexpectedEOF},
		{"reset in pieces", stream.Pieces(2).CutReset(3), "dat", io.ErrUnexpectedEOF},
		{"reset, with its length", stream.WithLength().CutReset(5), "data:", io.ErrUnexpectedEOF},
		{"garbage", stream.Insert(5, "\x00\xff"), "data:\x00\xff one\n\ndata: two\n\n", nil},
		{"comments", stream.BeforeEach(": hi\n\n"), ": hi\n\ndata: one\n\n: hi\n\ndata: two\n\n", nil},
		{"CRLF", stream.LineEnds("\r\n"), "data: one\r\n\r\ndata: two\r\n\r\n", nil},
		{"CR", stream.LineEnds("\r").BeforeEach(":\r"), ":\rdata: one\r\r:\rdata: two\r\r", nil},
		{"byte order mark", stream.ByteOrderMark(), "\xef\xbb\xbf" + all, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			resp, got, err := get(t, NewServer(t, tt.wire))
			if resp == nil {
				t.Fatalf("there is no reply: %v", err)
			}
			if got != tt.body || !errors.Is(err, tt.err) {
				t.Errorf("the body is %q with the error %v, want %q with %v", got, err, tt.body, tt.err)
			}
		})
	}
}

func TestWireFaultsLeaveTheOriginalAsItWas(t *testing.T) {
	wire := events("data: one\n\n", "data: two\n\n").WithHeader("X-A", "1")
	before := string(wire.Body)
	wire.Insert(3, "x")
	wire.BeforeEach("x")
	wire.LineEnds("\r")
	wire.WithHeader("X-A", "2")
	cut := wire.CutClean(3)
	cut.Body = append(cut.Body, "zzz"...)
	if string(wire.Body) != before || wire.Header.Get("X-A") != "1" {
		t.Errorf("methods have changed the reply that they were called on: %q, X-A %q", wire.Body, wire.Header.Get("X-A"))
	}
}

func TestWireFrames(t *testing.T) {
	lines := HTTPReply{Header: http.Header{"Content-Type": {"application/x-ndjson; charset=utf-8"}}, Body: []byte("{}\n[]\n1")}
	other := HTTPReply{Body: []byte("a\n\nb\n\n")}
	for _, tt := range []struct {
		name string
		wire HTTPReply
		want []string
	}{
		{"events", events("a\nb\n\nc\n\n"), []string{"a\nb\n\n", "c\n\n"}},
		{"events with CRLF", events("a\r\n\r\nc\r\n\r\n"), []string{"a\r\n\r\n", "c\r\n\r\n"}},
		{"events with CR", events("a\r\rc\r\r"), []string{"a\r\r", "c\r\r"}},
		{"events, the last cut", events("a\n\nc"), []string{"a\n\n", "c"}},
		{"lines", lines, []string{"{}\n", "[]\n", "1"}},
		{"other types", other, []string{"a\n\nb\n\n"}},
		{"empty", HTTPReply{}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, frame := range tt.wire.Frames() {
				got = append(got, string(frame))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("the frames differ (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRepliesWithoutAFault(t *testing.T) {
	for _, tt := range []struct {
		name        string
		wire        HTTPReply
		status      int
		contentType string
		contains    string
	}{
		{"JSON", JSON(422, `{"a":1}`), 422, "application/json", `{"a":1}`},
		{"empty", Empty(500), 500, "", ""},
		{"web page", WebPage(), 200, "text/html; charset=utf-8", "<title>Sign in</title>"},
		{"status nobody knows", Empty(529), 529, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			resp, body, err := get(t, NewServer(t, tt.wire))
			if err != nil {
				t.Fatal(err)
			}
			if resp.StatusCode != tt.status || resp.Header.Get("Content-Type") != tt.contentType || !strings.Contains(body, tt.contains) {
				t.Errorf("the reply is %d, type %q, body %q; want %d, %q and a body with %q",
					resp.StatusCode, resp.Header.Get("Content-Type"), body, tt.status, tt.contentType, tt.contains)
			}
		})
	}
}

func TestServerKeepsConnectionsAndRecordsRequests(t *testing.T) {
	for name, srv := range map[string]*Server{"in memory": NewServer(t), "loopback": NewLoopbackServer(t)} {
		t.Run(name, func(t *testing.T) {
			srv.Add(events("data: 1\n\n"), JSON(200, "2"), Empty(500))
			for range 3 {
				req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, srv.URL+"/path?q=1", strings.NewReader("sent"))
				if err != nil {
					t.Fatal(err)
				}
				req.Header.Set("X-A", "1")
				req.Header.Set("Expect", "100-continue")
				resp, err := srv.Client().Do(req)
				if err != nil {
					t.Fatal(err)
				}
				io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			}
			if n := srv.Opened(); n != 1 {
				t.Errorf("three requests, one after another, take %d connections, want 1", n)
			}
			r := srv.Requests()[2]
			if r.Method != "PUT" || r.Path != "/path?q=1" || r.Header.Get("X-A") != "1" || string(r.Body) != "sent" {
				t.Errorf("the request is recorded as %+v", r)
			}
			if want := strings.TrimPrefix(srv.URL, "http://"); r.Host != want {
				t.Errorf("the request's host is recorded as %q, want %q", r.Host, want)
			}
			srv.Client().CloseIdleConnections()
			if err := srv.WaitClosed(t.Context()); err != nil || srv.OpenConns() != 0 {
				t.Errorf("after CloseIdleConnections %d connections are open (%v)", srv.OpenConns(), err)
			}
		})
	}
}

func TestBreaksBeforeTheReply(t *testing.T) {
	if _, _, err := get(t, NewServer(t, HangUp())); !errors.Is(err, io.EOF) {
		t.Errorf("a server that hangs up gives %v, want %v", err, io.EOF)
	}
	if _, _, err := get(t, NewLoopbackServer(t, HangUp())); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("a server that hangs up on loopback gives %v, want %v", err, syscall.ECONNRESET)
	}
	if _, _, err := get(t, NewServer(t, NotHTTP("hello\r\n"))); err == nil || !strings.Contains(err.Error(), "malformed HTTP") {
		t.Errorf("a server that does not speak HTTP gives %v, want a malformed reply", err)
	}
}

func TestResetOnLoopbackIsATCPReset(t *testing.T) {
	_, got, err := get(t, NewLoopbackServer(t, events("data: one\n\n", "data: two\n\n").CutReset(13)))
	if !errors.Is(err, syscall.ECONNRESET) || !strings.HasPrefix("data: one\n\nda", got) {
		t.Errorf("the body is %q with the error %v, want the beginning of its first 13 bytes and %v", got, err, syscall.ECONNRESET)
	}
}

func TestTimesRunOnTheClockOfSynctest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := NewServer(t, events("data: one\n\n", "data: two\n\n").SlowHeader(time.Minute).Pace(time.Second))
		begun := time.Now()
		resp, err := srv.Client().Get(srv.URL)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if waited := time.Since(begun); waited != time.Minute {
			t.Errorf("the headers come after %v, want one minute", waited)
		}
		if _, err := io.ReadAll(resp.Body); err != nil || time.Since(begun) != time.Minute+2*time.Second {
			t.Errorf("the body ends after %v (error %v), want a second for each of its frames", time.Since(begun)-time.Minute, err)
		}
	})
}

func TestServerNoticesThatTheClientHasLeft(t *testing.T) {
	stream := events("data: one\n\n", "data: two\n\n")
	for name, wire := range map[string]HTTPReply{
		"silence":           NoResponse(),
		"stall in the body": stream.Stall(13),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := NewServer(t, wire)
				ctx, cancel := context.WithCancel(t.Context())
				go func() {
					if err := srv.WaitStalled(t.Context()); err != nil {
						t.Error(err)
					}
					cancel()
				}()
				req, err := http.NewRequestWithContext(ctx, http.MethodGet, srv.URL, nil)
				if err != nil {
					t.Fatal(err)
				}
				if resp, err := srv.Client().Do(req); err == nil {
					_, err = io.ReadAll(resp.Body)
					resp.Body.Close()
					if !errors.Is(err, context.Canceled) {
						t.Errorf("reading ends with %v, want %v", err, context.Canceled)
					}
				} else if !errors.Is(err, context.Canceled) {
					t.Errorf("the request ends with %v, want %v", err, context.Canceled)
				}
				if err := srv.WaitClosed(t.Context()); err != nil {
					t.Error(err)
				}
			})
		})
	}
	t.Run("while the server waits to go on", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			srv := NewServer(t, stream.Pace(time.Hour))
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, srv.URL, nil)
			if err != nil {
				t.Fatal(err)
			}
			begun := time.Now()
			if resp, err := srv.Client().Do(req); err == nil {
				io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			}
			if err := srv.WaitClosed(t.Context()); err != nil || time.Since(begun) != time.Minute {
				t.Errorf("the connection is closed after %v (%v), want one minute: when the client leaves", time.Since(begun), err)
			}
		})
	})
}

func TestWaitsSayWhatIsMissing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := NewServer(t, events("data: one\n\n").Stall(3))
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := srv.WaitStalled(short); err == nil || !strings.Contains(err.Error(), "no reply has come to a stall") {
			t.Errorf("waiting for a stall of no reply gives %v", err)
		}
		resp, err := srv.Client().Get(srv.URL)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if err := srv.WaitClosed(short); err == nil || !strings.Contains(err.Error(), "1 connections are open") {
			t.Errorf("waiting for an open connection to be closed gives %v", err)
		}
	})
}

func TestRequestBeyondTheScriptFailsTheTest(t *testing.T) {
	r := &tbtest.Recorder{TB: t}
	r.Run(func() {
		resp, body, err := get(t, NewServer(r))
		if err != nil || resp.StatusCode != 500 || !strings.Contains(body, "has no reply") {
			t.Errorf("the reply is %q, %v; want a 500 that says why", body, err)
		}
	})
	const want = "llmtest: request 1 (GET /path?q=1) has no reply: add replies to the script"
	if diff := cmp.Diff([]string{want}, r.Messages()); diff != "" {
		t.Errorf("the test's log differs (-want +got):\n%s", diff)
	}
}

func TestHandlerAnswersByTheRequest(t *testing.T) {
	srv := NewServer(t)
	srv.Handle(func(r *Request) HTTPReply { return JSON(200, r.Path) })
	if _, body, err := get(t, srv); body != "/path?q=1" || err != nil {
		t.Errorf("the reply is %q, %v; want the path", body, err)
	}
}

func TestLargeBodiesGoThrough(t *testing.T) {
	wire := stream(strings.Repeat("x", 5<<20))
	for name, srv := range map[string]*Server{"in memory": NewServer(t, wire), "loopback": NewLoopbackServer(t, wire)} {
		resp, err := srv.Client().Post(srv.URL, "text/plain", bytes.NewReader(make([]byte, 5<<20)))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		data, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || !bytes.Equal(data, wire.Body) {
			t.Errorf("%s: %d bytes of %d arrive as they were sent, %v", name, len(data), len(wire.Body), err)
		}
	}
}

func TestServerEndsWhateverIsUnderWay(t *testing.T) {
	r := &tbtest.Recorder{TB: t}
	failed := make(chan error, 1)
	r.Run(func() {
		srv := NewServer(r, NoResponse())
		go func() {
			_, err := srv.Client().Get(srv.URL)
			failed <- err
		}()
		if err := srv.WaitStalled(t.Context()); err != nil {
			t.Error(err)
		}
	})
	if err := <-failed; err == nil {
		t.Error("the test has ended, and a request under way has got a reply")
	}
	if r.Failed() {
		t.Errorf("the end of the server fails the test: %v", r.Messages())
	}
}
