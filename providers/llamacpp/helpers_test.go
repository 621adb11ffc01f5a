package llamacpp_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/parley-llm/parley/internal/providertest"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/llamacpp"
)

// What the tests of all providers share.
var (
	equal     = providertest.Equal
	wantError = providertest.WantError
	fromJSON  = providertest.FromJSON
	respond   = providertest.Respond
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func provider(t testing.TB, config llamacpp.Config) *llamacpp.Provider {
	t.Helper()
	p, err := llamacpp.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// asked is a request that a server has received: its path, and its body as JSON.
type asked struct {
	Path string
	Body any
}

// server is a server on loopback that answers each path with a body, and notes
// what it is asked.
type server struct {
	replies map[string]string
	asked   []asked
	url     string
}

// serve starts a server. A reply that begins with "data:" is a stream; one that
// begins with a status, as in "501 {…}", has that.
func serve(t testing.TB, replies map[string]string) *server {
	t.Helper()
	s := &server{replies: replies}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		request := asked{Path: r.URL.Path}
		if len(body) > 0 {
			request.Body = fromJSON(t, string(body))
		}
		s.asked = append(s.asked, request)
		reply, ok := s.replies[r.URL.Path]
		status := http.StatusOK
		switch {
		case !ok:
			status, reply = http.StatusNotFound, `{"error":{"message":"File Not Found","type":"not_found_error","code":404}}`
		case strings.HasPrefix(reply, "400 "), strings.HasPrefix(reply, "501 "):
			status, reply = map[byte]int{'4': 400, '5': 501}[reply[0]], reply[4:]
		}
		contentType := "application/json; charset=utf-8"
		if strings.HasPrefix(reply, "data:") {
			contentType = "text/event-stream"
		}
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		io.WriteString(w, reply)
	}))
	t.Cleanup(srv.Close)
	s.url = srv.URL
	return s
}

// body returns what the server was asked at that path, the last time.
func (s *server) body(t testing.TB, path string) map[string]any {
	t.Helper()
	for i := len(s.asked) - 1; i >= 0; i-- {
		if s.asked[i].Path == path {
			body, _ := s.asked[i].Body.(map[string]any)
			return body
		}
	}
	t.Fatalf("nothing was asked at %s; it was: %+v", path, s.asked)
	return nil
}

const (
	piece = `data: {"index":0,"content":"Hello","tokens":[384],"stop":false,"id_slot":-1,"tokens_predicted":1,"tokens_evaluated":9}` + "\n\n"
	end   = `data: {"index":0,"content":"","tokens":[],"id_slot":3,"stop":true,"model":"tiny","tokens_predicted":4,"tokens_evaluated":9,` +
		`"stop_type":"limit","stopping_word":"","truncated":false,"timings":{"cache_n":8,"prompt_n":1,"prompt_ms":0.585,"predicted_n":4,"predicted_ms":1.327}}` + "\n\n"
)

func mustAsk(t testing.TB, p llm.Provider, req *llm.Request) *llm.Response {
	t.Helper()
	resp, err := llm.New(p, "m").Generate(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

// with returns a question with these options.
func with(o llamacpp.Options) *llm.Request {
	req := llm.Prompt("Why?")
	req.Options = []llm.Options{o}
	return req
}

// withText returns a request for a completion with the bytes of its prompt's
// tokens as a text, too.
func withText(r *http.Request) *http.Request {
	body, _ := io.ReadAll(r.Body)
	var completion map[string]any
	if json.Unmarshal(body, &completion) == nil {
		var text []byte
		ids, _ := completion["prompt"].([]any)
		for _, id := range ids {
			if n, ok := id.(float64); ok {
				text = append(text, byte(n))
			}
		}
		completion["text"] = string(text)
		body, _ = json.Marshal(completion)
	}
	clone := r.Clone(r.Context())
	clone.Body, clone.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	clone.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	return clone
}

// asError finds the *llm.Error in err, which there must be.
func asError(err error, to **llm.Error) {
	if !errors.As(err, to) {
		*to = &llm.Error{Message: fmt.Sprintf("not an *llm.Error: %v", err)}
	}
}
