package llmtest

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-llm/parley/llm/llmtest/internal/tbtest"
)

// post sends a body and returns the body of the reply, with the error that ended it.
func post(t *testing.T, transport http.RoundTripper, url, body string, header http.Header) (*http.Response, string, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range header {
		req.Header[name] = values
	}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	return resp, string(data), err
}

// record records the requests of f and returns the path of the file.
func record(t *testing.T, srv *Server, secrets []string, f func(http.RoundTripper)) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sub", "made.json")
	r := &tbtest.Recorder{TB: t}
	r.Run(func() { f(Record(r, path, srv.Client().Transport, secrets...)) })
	if r.Failed() {
		t.Fatalf("the recording fails: %v", r.Messages())
	}
	return path
}

func TestReplayReturnsWhatWasRecordedByteForByte(t *testing.T) {
	bodies := map[string]HTTPReply{
		"/stream":  stream("Hello", " 🦙").LineEnds("\r\n").ByteOrderMark(),
		"/json":    JSON(404, `{"error":{"message":"<no> & \u2028"}}`),
		"/binary":  HTTP(200, "image/png", "\x89PNG\r\n\x1a\n\xff\x00"),
		"/empty":   Empty(503),
		"/no-line": HTTP(200, "text/plain", "one\r\ntwo"),
	}
	srv := NewServer(t)
	srv.Handle(func(r *Request) HTTPReply { return bodies[r.Path] })
	path := record(t, srv, nil, func(transport http.RoundTripper) {
		for place, wire := range bodies {
			_, got, err := post(t, transport, srv.URL+place, "{}", nil)
			if err != nil || got != string(wire.Body) {
				t.Errorf("while recording, %s gives %q, %v; want %q", place, got, err, wire.Body)
			}
		}
	})
	replay := Replay(t, path)
	for place, wire := range bodies {
		resp, got, err := post(t, replay, "http://another.test"+place, "{ }", nil)
		if err != nil {
			t.Errorf("replaying %s: %v", place, err)
			continue
		}
		if diff := cmp.Diff(string(wire.Body), got); diff != "" {
			t.Errorf("the replayed body of %s differs (-sent +replayed):\n%s", place, diff)
		}
		if want := max(wire.Status, 200); resp.StatusCode != want {
			t.Errorf("the replayed status of %s is %d, want %d", place, resp.StatusCode, want)
		}
		if want := wire.Header.Get("Content-Type"); resp.Header.Get("Content-Type") != want {
			t.Errorf("the replayed content type of %s is %q, want %q", place, resp.Header.Get("Content-Type"), want)
		}
	}
}

func TestReplayBreaksWhereTheRecordedReplyBroke(t *testing.T) {
	srv := NewServer(t, stream("Hello").CutReset(40))
	sent := string(stream("Hello").Body[:40])
	path := record(t, srv, nil, func(transport http.RoundTripper) { post(t, transport, srv.URL, "{}", nil) })
	_, got, err := post(t, Replay(t, path), srv.URL, "{}", nil)
	if got != sent || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("the replayed body is %q with the error %v, want %q with an unexpected EOF", got, err, sent)
	}
}

func TestRecordReadsWhatItsCallerLeaves(t *testing.T) {
	wire := stream("Hello", " world")
	srv := NewServer(t, wire)
	path := record(t, srv, nil, func(transport http.RoundTripper) {
		resp, err := transport.RoundTrip(must(http.NewRequest(http.MethodGet, srv.URL, nil)))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	})
	resp, err := Replay(t, path).RoundTrip(must(http.NewRequest(http.MethodGet, srv.URL, nil)))
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(resp.Body)
	if err != nil || string(got) != string(wire.Body) {
		t.Errorf("a body that was left at once is recorded as %q, %v; want all of it: %q", got, err, wire.Body)
	}
}

func must(req *http.Request, err error) *http.Request {
	if err != nil {
		panic(err)
	}
	return req
}

func TestRecordingHoldsNoSecrets(t *testing.T) {
	const key, account = "sk-proj-abcdef123456", `acc"ount/7`
	srv := NewServer(t)
	srv.Handle(func(*Request) HTTPReply {
		return JSON(401, `{"error":"no such key `+key+`, account acc\"ount/7"}`).
			WithHeader("Set-Cookie", "session=c00kie").WithHeader("X-Echo", "Bearer "+key).
			WithHeader("X-Ratelimit-Remaining-Tokens", "77")
	})
	path := record(t, srv, []string{account}, func(transport http.RoundTripper) {
		for _, name := range []string{"Authorization", "Api-Key", "X-Api-Key", "X-Goog-Api-Key", "Cookie"} {
			post(t, transport, srv.URL+"/v1?key=q-secret&page=2", `{"user":"acc\"ount/7","key":"`+key+`"}`,
				http.Header{name: {"Bearer " + key}, "X-Plain": {"stays"}})
		}
	})
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{key, "q-secret", "c00kie", `acc\"ount`, "account/7", "ount/7"} {
		if strings.Contains(string(data), secret) {
			t.Errorf("the recording holds %q:\n%s", secret, data)
		}
	}
	for _, kept := range []string{"stays", `"77"`, "page=2", "no such key [removed], account [removed]"} {
		if !strings.Contains(string(data), kept) {
			t.Errorf("the recording has lost %q:\n%s", kept, data)
		}
	}
	replay := Replay(t, path, "another account")
	for range 5 { // with another key and another account
		_, got, err := post(t, replay, srv.URL+"/v1?page=2&key=another",
			`{"key":"sk-other-000000","user":"another account"}`, http.Header{"Authorization": {"Bearer sk-other-000000"}})
		if err != nil || !strings.Contains(got, "no such key [removed]") {
			t.Errorf("a request with other secrets gets %q, %v; want the recorded reply", got, err)
		}
	}
}

func TestReplayAnswersEqualRequestsInOrder(t *testing.T) {
	srv := NewServer(t, JSON(500, "1"), JSON(200, "2"))
	path := record(t, srv, nil, func(transport http.RoundTripper) {
		for range 2 {
			post(t, transport, srv.URL, `{"a":1,"b":[2]}`, nil)
		}
	})
	replay := Replay(t, path)
	for _, want := range []string{"1", "2"} {
		if _, got, err := post(t, replay, srv.URL, ` {"b":[2],"a":1}`, nil); got != want || err != nil {
			t.Errorf("the reply is %q, %v; want %q", got, err, want)
		}
	}
}

func TestReplayFailsClearly(t *testing.T) {
	srv := NewServer(t, JSON(200, "1"))
	path := record(t, srv, nil, func(transport http.RoundTripper) {
		post(t, transport, srv.URL+"/v1/chat", `{"model":"tiny","temperature":0,"messages":[]}`, nil)
	})
	garbled := filepath.Join(t.TempDir(), "garbled.json")
	if err := os.WriteFile(garbled, []byte(`{"exchanges":[{}]}`), 0o666); err != nil {
		t.Fatal(err)
	}
	ask := func(place, body string) func(t *testing.T, r http.RoundTripper) {
		return func(t *testing.T, r http.RoundTripper) { post(t, r, srv.URL+place, body, nil) }
	}
	const same = `{"model":"tiny","temperature":0,"messages":[]}`
	for _, tt := range []struct {
		name string
		path string
		do   func(t *testing.T, r http.RoundTripper)
		want []string
	}{
		{"another body", path, ask("/v1/chat", `{"model":"tiny","temperature":1,"messages":[]}`), []string{
			"has no recording of this request: POST /v1/chat", "(-recorded +asked)",
			"  \"model\": \"tiny\",\n", "-   \"temperature\": 0\n", "+   \"temperature\": 1\n",
			"of the 1 recordings in " + path + ", these were not requested:\n\t0: POST /v1/chat",
		}},
		{"another path", path, ask("/v1/models", same), []string{
			"has no recording of this request: POST /v1/models", "there is none for this method and path", `"model": "tiny"`,
		}},
		{"used twice", path, func(t *testing.T, r http.RoundTripper) {
			ask("/v1/chat", same)(t, r)
			ask("/v1/chat", same)(t, r)
		}, []string{"there was one, and another request has used it"}},
		{"never used", path, func(*testing.T, http.RoundTripper) {}, []string{"these were not requested:\n\t0: POST /v1/chat"}},
		{"no file", "testdata/none.json", nil, []string{"the recording testdata/none.json", "LLMTEST_RECORD=1"}},
		{"not a recording", garbled, nil, []string{garbled + " is not a recording", "exchange 0 lacks"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := &tbtest.Recorder{TB: t}
			r.Run(func() { tt.do(t, Replay(r, tt.path)) })
			log := strings.Join(r.Messages(), "\n")
			if !r.Failed() {
				t.Error("the test that replays passes, want it to fail")
			}
			for _, want := range tt.want {
				if !strings.Contains(log, want) {
					t.Errorf("the failure does not say %q:\n%s", want, log)
				}
			}
		})
	}
}

func TestRecordWritesNothingWhenTheTestFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "made.json")
	r := &tbtest.Recorder{TB: t}
	r.Run(func() {
		Record(r, path, nil)
		r.Error("on purpose")
	})
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("after a failed test there is a recording, or: %v", err)
	}
}

func TestRecordFailsOnReplyThatWasNotClosed(t *testing.T) {
	srv := NewServer(t, JSON(200, "{}"))
	r := &tbtest.Recorder{TB: t}
	r.Run(func() {
		transport := Record(r, filepath.Join(t.TempDir(), "made.json"), srv.Client().Transport)
		resp, err := transport.RoundTrip(must(http.NewRequest(http.MethodGet, srv.URL, nil)))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { resp.Body.Close() })
	})
	if log := strings.Join(r.Messages(), "\n"); !strings.Contains(log, "got no reply, or its reply was not closed") {
		t.Errorf("the failure does not say that the reply was not closed: %q", log)
	}
}

func TestReplayEndsWithTheContext(t *testing.T) {
	srv := NewServer(t, JSON(200, "{}"))
	path := record(t, srv, nil, func(transport http.RoundTripper) { post(t, transport, srv.URL, "", nil) })
	ctx, cancel := context.WithCancel(t.Context())
	req := must(http.NewRequestWithContext(ctx, http.MethodPost, srv.URL, nil))
	resp, err := Replay(t, path).RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := resp.Body.Read(make([]byte, 1)); !errors.Is(err, context.Canceled) {
		t.Errorf("reading after the context was canceled: %v, want %v", err, context.Canceled)
	}
}

func TestRecordOrReplayGoesByTheEnvironment(t *testing.T) {
	path := filepath.Join(t.TempDir(), "made.json")
	srv := NewServer(t, JSON(200, `"recorded"`))
	for _, variable := range []string{"1", ""} {
		t.Setenv(RecordVariable, variable)
		r := &tbtest.Recorder{TB: t}
		r.Run(func() {
			_, got, err := post(t, RecordOrReplay(r, path, srv.Client().Transport), srv.URL, "{}", nil)
			if err != nil || got != `"recorded"` {
				t.Errorf("with %s=%q the reply is %q, %v", RecordVariable, variable, got, err)
			}
		})
		if r.Failed() {
			t.Errorf("with %s=%q the test fails: %v", RecordVariable, variable, r.Messages())
		}
	}
	if n := len(srv.Requests()); n != 1 {
		t.Errorf("the server got %d requests, want 1: the second reply is recorded", n)
	}
}

// A secret is recognized by its name in one exchange, and removed in all.
func TestRecordingHoldsNoSecretOfAnotherExchange(t *testing.T) {
	const (
		issued   = "ya29.a/b+c<d>ef"
		renewal  = "1//renewal-token-0"
		client   = "client-secret-1"
		password = "pass/word&more"
		session  = "s3ss10n-cookie"
		link     = "signed-link-77"
	)
	srv := NewServer(t)
	srv.Handle(func(r *Request) HTTPReply {
		switch r.Path {
		case "/token":
			return JSON(200, `{"access_token":"ya29.a\/b+c<d>ef","refresh_token" : "`+renewal+`","expires_in":3600}`).
				WithHeader("Set-Cookie", "id="+session+"; HttpOnly; Path=/")
		case "/elsewhere":
			return Redirect(307, "http://files.test/x?page=2&sig="+link)
		}
		return JSON(200, `{"seen":["ya29.a/b+c\u003cd\u003eef","pass/word\u0026more","`+session+`","`+link+`","HttpOnly"],"token":"Hello wor"}`)
	})
	form := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	basic := http.Header{"Authorization": {"Basic " + base64.StdEncoding.EncodeToString([]byte("user:"+password))}}
	all := func(transport http.RoundTripper) {
		t.Helper()
		for _, r := range []struct {
			path, body string
			header     http.Header
		}{
			{"/token", "grant_type=refresh_token&client_secret=" + client, form},
			{"/elsewhere", "", basic},
			{"/chat", `{"was":"` + client + `"}`, http.Header{"Authorization": {"Bearer " + issued}, "Cookie": {"id=" + session}}},
		} {
			if _, _, err := post(t, transport, srv.URL+r.path, r.body, r.header); err != nil {
				t.Error(err)
			}
		}
	}
	path := record(t, srv, nil, all)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{issued, `a\\/b+c`, "u003cd", renewal, client, password, "pass/word", session, link} {
		if strings.Contains(string(data), secret) {
			t.Errorf("the recording holds %q:\n%s", secret, data)
		}
	}
	for _, kept := range []string{"HttpOnly", "page=2", "Hello wor", "grant_type=refresh_token"} {
		if !strings.Contains(string(data), kept) {
			t.Errorf("the recording has lost %q:\n%s", kept, data)
		}
	}
	all(Replay(t, path))
}

// A client may close a body from another goroutine to end a blocked read.
// It runs on the real clock: Body.Close of Go 1.27 waits 50 ms in a way that stops the clock of
// package synctest.
func TestRecordedBodyMayBeClosedWhileItIsRead(t *testing.T) {
	const cut = 40
	wire := stream("Hello", " world")
	srv := NewServer(t, wire.Stall(cut))
	path := record(t, srv, nil, func(transport http.RoundTripper) {
		resp, err := transport.RoundTrip(must(http.NewRequest(http.MethodPost, srv.URL, nil)))
		if err != nil {
			t.Error(err)
			return
		}
		begun, failure := make(chan error), make(chan error)
		go func() {
			_, err := io.ReadFull(resp.Body, make([]byte, cut))
			begun <- err
			_, err = io.ReadAll(resp.Body)
			failure <- err
		}()
		if err := <-begun; err != nil {
			t.Error(err)
		}
		resp.Body.Close()
		if err := <-failure; err == nil {
			t.Error("the read ends without an error, and the body was closed in its middle")
		}
	})
	_, got, err := post(t, Replay(t, path), srv.URL, "", nil)
	if want := string(wire.Body[:cut]); got != want || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("the replayed body is %q with the error %v, want what was read, %q, with an unexpected EOF", got, err, want)
	}
}
