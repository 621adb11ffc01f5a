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
// Secrets do not get into the file: headers and URL parameters that are
// credentials by their names, in both directions, and wherever else they occur; and the strings
// given as secrets, which may be account names as well. Look at the file before
// you publish it all the same.
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
	made exchanges
}

// RoundTrip sends the request.
func (r *recording) RoundTrip(req *http.Request) (*http.Response, error) {
	sent, err := takeBody(req)
	if err != nil {
		return nil, err
	}
	s := newScrubber(r.secrets, req)
	e := &exchange{Method: req.Method, URL: s.url(req.URL), Header: s.header(req.Header), Body: s.bytes(sent)}
	r.mu.Lock()
	r.made.Exchanges = append(r.made.Exchanges, e)
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
	resp.Body = &recordedBody{ReadCloser: resp.Body, done: func(data []byte, failure error) {
		r.mu.Lock()
		defer r.mu.Unlock()
		e.Response = response{Status: resp.StatusCode, Header: s.header(resp.Header), Body: s.bytes(data)}
		if failure != nil {
			e.Response.Broken = s.text(failure.Error())
		}
	}}
	return resp, nil
}

func (r *recording) save(path string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var whole exchanges
	for _, e := range r.made.Exchanges {
		if e.Response.Status == 0 {
			return errors.New(e.Method + " " + e.URL + " got no reply, or its reply was not closed")
		}
		whole.Exchanges = append(whole.Exchanges, e)
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
	io.ReadCloser
	kept    bytes.Buffer
	failure error // what ended the body; io.EOF if it ended well
	closed  bool
	done    func(data []byte, failure error)
}

func (b *recordedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.kept.Write(p[:n])
	if err != nil {
		b.failure = err
	}
	return n, err
}

func (b *recordedBody) Close() error {
	if b.closed {
		return b.ReadCloser.Close()
	}
	b.closed = true
	if b.failure == nil {
		n, err := io.Copy(io.Discard, io.LimitReader(b, maxRest)) // Read keeps what it reads
		if n == maxRest && err == nil {
			err = errors.New("the reader has left, and the rest was too much to record")
		}
		b.failure = err
	}
	err := b.ReadCloser.Close()
	if b.failure == io.EOF {
		b.failure = nil
	}
	b.done(b.kept.Bytes(), b.failure)
	return err
}

// maxRest is how much is read of a reply that its reader has left, in bytes.
const maxRest = 1 << 20
