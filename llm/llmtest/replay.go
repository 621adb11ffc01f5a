package llmtest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/parley-llm/parley/llm/llmtest/internal/jsontext"
)

// Replay returns a transport that answers from a file that [Record] wrote. A request is
// answered with the first unused recording that has the same method, path, parameters and
// body. JSON bodies are compared by value. Hosts, headers and secrets are not compared. The
// bodies of replies are returned byte for byte.
//
// The test fails if the file does not exist, if a request has no recording, or if a recording
// is unused at the end of the test. The transport is safe for concurrent use.
func Replay(t testing.TB, path string, secrets ...string) http.RoundTripper {
	t.Helper()
	x, err := loadExchanges(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		t.Fatalf("llmtest: the recording %s does not exist: to make it, run the test against the real server with llmtest.Record, "+
			"or, if it uses llmtest.RecordOrReplay, with the environment variable %s=1", path, RecordVariable)
	case err != nil:
		t.Fatalf("llmtest: %v", err)
	}
	r := &replaying{t: t, path: path, scrubber: newScrubber(secrets), recorded: x.Exchanges, used: make([]bool, len(x.Exchanges))}
	t.Cleanup(r.wantUsed)
	return r
}

// replaying is a transport that replays.
type replaying struct {
	t        testing.TB
	path     string
	recorded []*exchange

	mu       sync.Mutex
	scrubber *scrubber // has the secrets in the requests so far
	used     []bool
}

// RoundTrip answers the request, or fails the test.
func (r *replaying) RoundTrip(req *http.Request) (*http.Response, error) {
	sent, err := takeBody(req)
	if err != nil {
		return nil, err
	}
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	asked := r.withoutSecrets(&exchange{Method: req.Method, URL: req.URL.String(), Header: req.Header, Body: sent})
	found := r.find(asked)
	if found == nil {
		problem := r.explain(asked)
		r.t.Error(problem)
		return nil, errors.New(problem)
	}
	return found.reply(req), nil
}

func (r *replaying) withoutSecrets(e *exchange) *exchange {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.scrubber.learn(e)
	return r.scrubber.exchange(e)
}

// find returns an unused recording of an exchange and marks it as used, or returns nil.
func (r *replaying) find(asked *exchange) *exchange {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, e := range r.recorded {
		if !r.used[i] && e.sameTarget(asked) && jsontext.Equal(e.Body, asked.Body) {
			r.used[i] = true
			return e
		}
	}
	return nil
}

func (e *exchange) sameTarget(other *exchange) bool {
	return e.Method == other.Method && target(e.URL) == target(other.URL)
}

// target returns the path and the parameters of a URL.
func target(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return raw
	}
	u.RawQuery = u.Query().Encode()
	return u.RequestURI()
}

// reply returns the recorded reply.
func (e *exchange) reply(req *http.Request) *http.Response {
	resp := &http.Response{
		Status:     strconv.Itoa(e.Response.Status) + " " + http.StatusText(e.Response.Status),
		StatusCode: e.Response.Status,
		Proto:      "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:        e.Response.Header.Clone(),
		ContentLength: -1,
		Body:          &replayedBody{ctx: req.Context(), rest: e.Response.Body, broken: e.Response.Broken},
		Request:       req,
	}
	if resp.Header == nil {
		resp.Header = http.Header{}
	}
	if resp.Header.Get("Content-Length") != "" && e.Response.Broken == "" { // the length may have changed when a secret was removed
		resp.ContentLength = int64(len(e.Response.Body))
		resp.Header.Set("Content-Length", strconv.Itoa(len(e.Response.Body)))
	}
	return resp
}

// replayedBody is a body that ends like the recorded one.
type replayedBody struct {
	ctx    context.Context // of the request: its end is the end of the body
	rest   []byte
	broken string
}

func (b *replayedBody) Read(p []byte) (int, error) {
	if err := b.ctx.Err(); err != nil {
		return 0, context.Cause(b.ctx)
	}
	if len(b.rest) > 0 {
		n := copy(p, b.rest)
		b.rest = b.rest[n:]
		return n, nil
	}
	if b.broken != "" {
		return 0, fmt.Errorf("%s (recorded): %w", b.broken, io.ErrUnexpectedEOF)
	}
	return 0, io.EOF
}

func (b *replayedBody) Close() error { return nil }

// wantUsed fails the test if there are unused recordings.
func (r *replaying) wantUsed() {
	r.mu.Lock()
	defer r.mu.Unlock()
	var left []string
	for i, e := range r.recorded {
		if !r.used[i] {
			left = append(left, fmt.Sprintf("%d: %s %s", i, e.Method, target(e.URL)))
		}
	}
	if len(left) > 0 {
		r.t.Errorf("llmtest: of the %d recordings in %s, these were not requested:\n\t%s",
			len(r.recorded), r.path, strings.Join(left, "\n\t"))
	}
}

// explain returns the reason for a missing recording.
func (r *replaying) explain(asked *exchange) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	used := false
	var nearest *exchange
	for i, e := range r.recorded {
		switch {
		case !e.sameTarget(asked):
		case r.used[i]:
			used = used || jsontext.Equal(e.Body, asked.Body)
		case nearest == nil:
			nearest = e
		}
	}
	what := fmt.Sprintf("llmtest: %s has no recording of this request: %s %s", r.path, asked.Method, target(asked.URL))
	switch {
	case used:
		return what + "\nthere was one, and another request has used it"
	case nearest == nil:
		return what + "\nthere is none for this method and path that is not used yet; its body is\n" + jsontext.Indent(string(asked.Body))
	}
	return what + "\nthe next one for this method and path has another body (-recorded +asked):\n" +
		lineDiff(pretty(nearest.Body), pretty(asked.Body))
}

// pretty returns JSON with one member a line, sorted by name. Other text is returned
// unchanged.
func pretty(data []byte) string {
	v, ok := jsontext.Parse(data)
	if !ok {
		return string(data)
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if enc.Encode(v) != nil {
		return string(data)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// lineDiff returns the lines that differ between two texts, with a few lines around them.
func lineDiff(before, after string) string {
	const around = 3
	a, b := strings.Split(before, "\n"), strings.Split(after, "\n")
	head, tail := 0, 0
	for head < min(len(a), len(b)) && a[head] == b[head] {
		head++
	}
	for tail < min(len(a), len(b))-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	var out strings.Builder
	write := func(mark string, lines []string) {
		for _, line := range lines {
			out.WriteString(mark + line + "\n")
		}
	}
	write("  ", a[max(0, head-around):head])
	write("- ", a[head:len(a)-tail])
	write("+ ", b[head:len(b)-tail])
	write("  ", a[len(a)-tail:len(a)-max(0, tail-around)])
	return out.String()
}
