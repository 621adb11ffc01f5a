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

// RecordVariable is the environment variable that has [RecordOrReplay] record:
//
//	LLMTEST_RECORD=1 go test -run TestSummary
const RecordVariable = "LLMTEST_RECORD"

// RecordOrReplay returns a transport for tests against a real server: with
// [RecordVariable] set it is that of [Record], and else that of [Replay].
//
//	client := &http.Client{Transport: llmtest.RecordOrReplay(t, "testdata/summary.json", nil)}
func RecordOrReplay(t testing.TB, path string, base http.RoundTripper, secrets ...string) http.RoundTripper {
	t.Helper()
	if os.Getenv(RecordVariable) != "" {
		return Record(t, path, base, secrets...)
	}
	return Replay(t, path, secrets...)
}

// Record returns a transport that sends requests through base and, when the
// test ends, writes them and their replies to a file. A nil base is
// [http.DefaultTransport]. If the test fails, the file stays as it was.
//
// Secrets do not get into the file: headers, URL parameters and form fields that are
// credentials by their names, in both directions, members of JSON such as
// access_token, and the strings given as secrets, which may be account names as
// well. They are removed wherever else they occur, in any of the exchanges, if they
// have eight characters or more. Look at the file before you publish it all the same:
// bodies that are compressed are kept as they are.
//
// It is safe for concurrent use; requests are in the file in the order in which
// they were made. A reply is recorded when its body is closed, and to its end.
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

// save writes the exchanges without the secrets of any of them.
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

// takeBody reads a request's body and closes it.
func takeBody(req *http.Request) ([]byte, error) {
	if req.Body == nil {
		return nil, nil
	}
	defer req.Body.Close()
	return io.ReadAll(req.Body)
}

// recordedBody keeps what is read, and on Close reads the rest.
type recordedBody struct {
	body io.ReadCloser
	done func(data []byte, failure error)

	mu      sync.Mutex // Close may come while Read waits
	kept    bytes.Buffer
	failure error // what ended the body; io.EOF if it ended well
	reading bool
	closed  bool
}

var errLeft = errors.New("the reader has left, and the rest was not recorded")

func (b *recordedBody) Read(p []byte) (int, error) {
	b.setReading(true)
	n, err := b.body.Read(p)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.reading = false
	if b.closed && b.failure != nil {
		return n, err // what it has become is recorded
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

// maxRest is how much is read of a reply that its reader has left, in bytes.
const maxRest = 1 << 20

// readRest reads what the reader has left. Read keeps what it reads, and what ended it.
func (b *recordedBody) readRest() {
	n, err := io.Copy(io.Discard, io.LimitReader(b, maxRest))
	if n == maxRest && err == nil {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.failure = errLeft
	}
}
