package llmtest

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
	"sync"
	"testing"
)

// RecordVariable is the environment variable that makes [RecordOrReplay] record:
//
//	LLMTEST_RECORD=1 go test -run TestSummary
const RecordVariable = "LLMTEST_RECORD"

// RecordOrReplay returns the transport of [Record] if [RecordVariable] is set, and the
// transport of [Replay] otherwise. Use it in tests against a real server:
//
//	client := &http.Client{Transport: llmtest.RecordOrReplay(t, "testdata/summary.json", nil)}
func RecordOrReplay(t testing.TB, path string, base http.RoundTripper, secrets ...string) http.RoundTripper {
	t.Helper()
	if os.Getenv(RecordVariable) != "" {
		return Record(t, path, base, secrets...)
	}
	return Replay(t, path, secrets...)
}

// Record returns a transport that sends requests through base. When the test ends, it writes
// the requests and replies to a file. A nil base means [http.DefaultTransport]. If the test
// fails, the file is not changed.
//
// A reply is recorded when its body is closed. If the caller has not read all of the body,
// Record reads the rest. The transport is safe for concurrent use. The file has the requests
// in the order in which they were sent.
//
// Security: credentials are removed from headers, URL parameters, form fields and JSON members
// such as access_token, by their names. The strings given as secrets are removed too; they may
// also be account names. Removed values of eight or more characters are removed everywhere in
// the file. Compressed bodies are not searched. Review the file before you publish it.
func Record(t testing.TB, path string, base http.RoundTripper, secrets ...string) http.RoundTripper {
	if base == nil {
		base = http.DefaultTransport
	}
	r := &recording{base: base, secrets: secrets}
	t.Cleanup(func() {
		switch {
		case t.Failed():
			t.Logf("llmtest: the test has failed, so nothing is written to %s", path)
		default:
			if err := r.save(path); err != nil {
				t.Errorf("llmtest: the recording cannot be written: %v", err)
			}
		}
	})
	return r
}

// recording is a transport that records.
type recording struct {
	base    http.RoundTripper
	secrets []string

	mu   sync.Mutex
	made []*exchange // with their secrets
}

// RoundTrip sends the request.
func (r *recording) RoundTrip(req *http.Request) (*http.Response, error) {
	sent, err := takeBody(req)
	if err != nil {
		return nil, err
	}
	e := &exchange{Method: req.Method, URL: req.URL.String(), Header: req.Header.Clone(), Body: sent}
	r.mu.Lock()
	r.made = append(r.made, e)
	r.mu.Unlock()
	again := req.Clone(req.Context()) // a transport must not modify the request
	again.Body, again.ContentLength = io.NopCloser(bytes.NewReader(sent)), int64(len(sent))
	if len(sent) == 0 {
		again.Body = http.NoBody
	}
	resp, err := r.base.RoundTrip(again)
	if err != nil {
		return nil, err
	}
	header := resp.Header.Clone()
	resp.Body = &recordedBody{body: resp.Body, done: func(data []byte, failure error) {
		r.mu.Lock()
		defer r.mu.Unlock()
		e.Response = response{Status: resp.StatusCode, Header: header, Body: data}
		if failure != nil {
			e.Response.Broken = failure.Error()
		}
	}}
	return resp, nil
}

// save writes the exchanges without secrets.
func (r *recording) save(path string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := newScrubber(r.secrets)
	for _, e := range r.made {
		s.learn(e)
	}
	var whole exchanges
	for _, e := range r.made {
		clean := s.exchange(e)
		if clean.Response.Status == 0 {
			return errors.New(clean.Method + " " + clean.URL + " got no reply, or its reply was not closed")
		}
		whole.Exchanges = append(whole.Exchanges, clean)
	}
	return whole.save(path)
}

// takeBody reads and closes the body of a request.
func takeBody(req *http.Request) ([]byte, error) {
	if req.Body == nil {
		return nil, nil
	}
	defer req.Body.Close()
	return io.ReadAll(req.Body)
}

// recordedBody records the bytes that are read. Close reads the rest.
type recordedBody struct {
	body io.ReadCloser
	done func(data []byte, failure error)

	mu      sync.Mutex // Close may be called while Read waits
	kept    bytes.Buffer
	failure error // the error that ended the body; io.EOF for a complete body
	reading bool
	closed  bool
}

var errLeft = errors.New("the body was closed before its end, and the rest was not recorded")

func (b *recordedBody) Read(p []byte) (int, error) {
	b.setReading(true)
	n, err := b.body.Read(p)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.reading = false
	if b.closed && b.failure != nil {
		return n, err // the failure is recorded already
	}
	b.kept.Write(p[:n])
	if err != nil {
		b.failure = err
	}
	return n, err
}

func (b *recordedBody) setReading(is bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.reading = is
}

func (b *recordedBody) Close() error {
	b.mu.Lock()
	again, rest := b.closed, b.failure == nil && !b.reading
	if b.closed = true; !again && b.reading {
		b.failure = errLeft
	}
	b.mu.Unlock()
	if again {
		return b.body.Close()
	}
	if rest {
		b.readRest()
	}
	err := b.body.Close()
	b.mu.Lock()
	defer b.mu.Unlock()
	failure := b.failure
	if failure == io.EOF {
		failure = nil
	}
	b.done(bytes.Clone(b.kept.Bytes()), failure)
	return err
}

// maxRest limits the rest of a body that Close reads, in bytes.
const maxRest = 1 << 20

// readRest reads the rest of the body. Read records it, with the error that ends it.
func (b *recordedBody) readRest() {
	n, err := io.Copy(io.Discard, io.LimitReader(b, maxRest))
	if n == maxRest && err == nil {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.failure = errLeft
	}
}
