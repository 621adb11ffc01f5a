package gemini_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/parley-llm/parley/internal/providertest"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/gemini"
)

// Helpers that the tests of all providers share.
var (
	equal     = providertest.Equal
	wantError = providertest.WantError
	fromJSON  = providertest.FromJSON
	says      = providertest.Says
	handled   = providertest.Handled
)

type roundTrip = providertest.RoundTrip

const key = "AIzaSy-test-0123456789abcdef"

func provider(t testing.TB, config gemini.Config) *gemini.Provider {
	t.Helper()
	p, err := gemini.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// serve starts a server on loopback and returns a provider of the Gemini API for it.
func serve(t testing.TB, handler http.HandlerFunc) *gemini.Provider {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return provider(t, gemini.Config{BaseURL: server.URL, APIKey: key})
}

// streams returns a handler that replies with these frames in Google's format.
func streams(frames ...string) http.HandlerFunc {
	return says(http.StatusOK, "text/event-stream", sse(frames...))
}

func sse(frames ...string) string {
	var b strings.Builder
	for _, f := range frames {
		b.WriteString("data: " + f + "\r\n\r\n")
	}
	return b.String()
}

// parts returns a chunk with these parts in JSON.
func parts(list ...string) string {
	return `{"candidates": [{"content": {"parts": [` + strings.Join(list, ",") + `],"role": "model"},"index": 0}],` +
		`"usageMetadata": {"promptTokenCount": 7,"totalTokenCount": 7},"modelVersion": "gemini-2.5-flash","responseId": "abcDEF"}`
}

// stopped is a final chunk.
const stopped = `{"candidates": [{"content": {"parts": [{"text": ""}],"role": "model"},"finishReason": "STOP","index": 0}],` +
	`"usageMetadata": {"promptTokenCount": 7,"candidatesTokenCount": 10,"totalTokenCount": 17},"modelVersion": "gemini-2.5-flash","responseId": "abcDEF"}`

// finished returns a final chunk without content, with these members of its candidate.
func finished(members string) string {
	return `{"candidates": [{` + members + `,"index": 0}],"usageMetadata": {"promptTokenCount": 7,"candidatesTokenCount": 10,"totalTokenCount": 17}}`
}

func text(s string) string {
	quoted, _ := json.Marshal(s)
	return `{"text": ` + string(quoted) + `}`
}

const model = "gemini-2.5-flash"

// ask sends a request to a model of the provider.
func ask(t testing.TB, p llm.Provider, req *llm.Request) (*llm.Response, error) {
	t.Helper()
	return llm.New(p, model).Generate(t.Context(), req)
}

// mustAsk is like ask, but fails the test after an error.
func mustAsk(t testing.TB, p llm.Provider, req *llm.Request) *llm.Response {
	t.Helper()
	resp, err := ask(t, p, req)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

// with returns a short request with a modification.
func with(change func(*llm.Request)) *llm.Request {
	req := llm.Prompt("hi")
	change(req)
	return req
}

func options(o gemini.Options) []llm.Options { return []llm.Options{o} }

// request is the HTTP request of a call.
type request struct {
	Method, URL string
	Header      http.Header
	Body        string
}

// sent returns the request of a call. The server rejects it.
func sent(t testing.TB, config gemini.Config, call func(context.Context, *gemini.Provider) error) request {
	t.Helper()
	var got request
	config.HTTPClient = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		got = request{Method: r.Method, URL: r.URL.String(), Header: r.Header}
		if r.Body != nil {
			data, err := io.ReadAll(r.Body)
			if err != nil {
				return nil, err
			}
			got.Body = string(data)
		}
		w := httptest.NewRecorder()
		says(http.StatusTeapot, "application/json", `{"error":{"message":"only looking"}}`)(w, r)
		return w.Result(), nil
	})}
	if config.APIKey == "" && config.TokenSource == nil {
		config.APIKey = key
	}
	if err := call(t.Context(), provider(t, config)); err == nil || got.URL == "" {
		t.Fatalf("the request was not rejected by the server; it was sent to %q and gave the error: %v", got.URL, err)
	}
	return got
}

// sentChat returns the body of a chat to the Gemini API.
func sentChat(t testing.TB, model string, req *llm.Request) any {
	t.Helper()
	return fromJSON(t, sent(t, gemini.Config{}, chats(model, req)).Body)
}

// chats returns a call for a chat.
func chats(model string, req *llm.Request) func(context.Context, *gemini.Provider) error {
	return func(ctx context.Context, p *gemini.Provider) error {
		_, err := llm.New(p, model).Generate(ctx, req)
		return err
	}
}

func mustJSON(t testing.TB, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
