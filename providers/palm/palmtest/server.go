// Package palmtest contains a server of the PaLM protocol, for tests of programs that
// still use the protocol and for tests of the provider.
//
//	srv := palmtest.New(t, palmtest.Answer{Text: "It is short."})
//	p, err := palm.New(palm.Config{BaseURL: srv.URL})
//
// The server accepts and rejects the same requests as Google's server did. It rejects
// authors that do not alternate, settings out of range, and unknown models. The project's
// tests check it with Google's client,
// cloud.google.com/go/ai/generativelanguage/apiv1beta2. Its token counts are numbers of
// words.
package palmtest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// Answer is the answer to one request.
type Answer struct {
	Text string
	// Filter, if set, withholds the answer for the given reason, for example "SAFETY"
	// or "OTHER".
	Filter string
	// Status, if set, is the HTTP status of an error. Text is then the error's message.
	Status int
	// Sources are the citations of the answer.
	Sources []Source
}

// Source is a citation. Start and End are the range in the answer's text that it applies
// to, in bytes.
type Source struct {
	URI        string
	Start, End int
}

// Request is a request that the server received.
type Request struct {
	Path   string
	Header http.Header
	Body   map[string]any
}

// Server is a server of the protocol. It supports v1beta2 and v1beta3 of the Generative
// Language API, and Vertex AI. It is safe for concurrent use. Set Key before the first
// request.
type Server struct {
	// URL is the server's address without a trailing slash.
	URL string
	// Key, if set, is the API key that the server requires.
	Key string

	t        testing.TB
	mu       sync.Mutex
	answers  []Answer
	requests []Request
}

// New starts a server on a loopback address that returns the answers in order. A request
// after the last answer fails the test. The server is closed when the test ends.
func New(t testing.TB, answers ...Answer) *Server {
	t.Helper()
	s := &Server{t: t, answers: answers}
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	s.URL = srv.URL
	return s
}

// Requests returns the requests received so far, oldest first.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Request(nil), s.requests...)
}

var place = regexp.MustCompile(`^/(v1beta2|v1beta3|v1/projects/[^/]+/locations/[^/]+/publishers/google)/models/([^/:]+):(\w+)$`)

// ServeHTTP answers a request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	reply, failed := s.answer(r)
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	if failed != nil {
		w.WriteHeader(failed.status)
		reply = object{"error": object{"code": failed.status, "message": failed.message, "status": failed.word, "details": failed.details}}
	}
	_ = json.NewEncoder(w).Encode(reply) // the client may have disconnected
}

type object = map[string]any

// refusal is an error in the format of Google's APIs:
// https://cloud.google.com/apis/design/errors
type refusal struct {
	status  int
	word    string
	message string
	details []object
}

func invalid(format string, args ...any) *refusal {
	return &refusal{status: http.StatusBadRequest, word: "INVALID_ARGUMENT", message: fmt.Sprintf(format, args...)}
}

func (s *Server) answer(r *http.Request) (object, *refusal) {
	at := place.FindStringSubmatch(r.URL.Path)
	if at == nil || r.Method != http.MethodPost {
		return nil, &refusal{status: http.StatusNotFound, word: "NOT_FOUND", message: "unknown method " + r.Method + " " + r.URL.Path}
	}
	if s.Key != "" && r.Header.Get("X-Goog-Api-Key") != s.Key {
		refused := invalid("API key not valid. Please pass a valid API key.")
		refused.details = []object{{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID", "domain": "googleapis.com"}}
		return nil, refused
	}
	data, err := io.ReadAll(r.Body)
	var body question
	if err == nil {
		err = json.Unmarshal(data, &body)
	}
	if err != nil {
		return nil, invalid("Invalid JSON payload received: %v", err)
	}
	request := Request{Path: r.URL.Path, Header: r.Header}
	_ = json.Unmarshal(data, &request.Body) // cannot fail, because the data was just decoded
	s.mu.Lock()
	s.requests = append(s.requests, request)
	s.mu.Unlock()

	model, method := at[2], at[3]
	text := strings.HasPrefix(model, "text-bison")
	if !text && !strings.HasPrefix(model, "chat-bison") {
		return nil, &refusal{status: http.StatusNotFound, word: "NOT_FOUND", message: "models/" + model + " is not found"}
	}
	vertex := strings.HasPrefix(at[1], "v1/")
	switch {
	case vertex && method == "predict":
		return s.predict(&body, text)
	case !vertex && !text && method == "generateMessage":
		return s.generateMessage(&body)
	case !vertex && !text && method == "countMessageTokens":
		if err := body.Prompt.check(); err != nil {
			return nil, err
		}
		return object{"tokenCount": body.Prompt.words()}, nil
	case !vertex && text && method == "generateText":
		return s.generateText(&body)
	}
	return nil, &refusal{status: http.StatusNotFound, word: "NOT_FOUND", message: method + " is not supported by models/" + model}
}

// next returns the next answer. If the answer has a status, it also returns the error.
func (s *Server) next() (Answer, *refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.answers) == 0 {
		s.t.Error("palmtest: there are more requests than answers")
		return Answer{}, &refusal{status: http.StatusInternalServerError, word: "INTERNAL", message: "the test server has no more answers"}
	}
	a := s.answers[0]
	s.answers = s.answers[1:]
	if a.Status != 0 {
		return a, &refusal{status: a.Status, word: strings.ToUpper(strings.ReplaceAll(http.StatusText(a.Status), " ", "_")), message: a.Text}
	}
	return a, nil
}
