package ollama_test

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
	"github.com/parley-llm/parley/providers/ollama"
)

// What the tests of all providers share.
var (
	equal     = providertest.Equal
	wantError = providertest.WantError
	fromJSON  = providertest.FromJSON
	says      = providertest.Says
	handled   = providertest.Handled
	respond   = providertest.Respond
)

type roundTrip = providertest.RoundTrip

// serve starts a server on loopback and returns a provider for it.
func serve(t testing.TB, handler http.HandlerFunc) *ollama.Provider {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return provider(t, ollama.Config{BaseURL: server.URL})
}

func provider(t testing.TB, config ollama.Config) *ollama.Provider {
	t.Helper()
	p, err := ollama.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// handledWith returns a provider with these limits, without a connection.
func handledWith(t testing.TB, limits llm.Limits, handler http.HandlerFunc) *ollama.Provider {
	return provider(t, ollama.Config{Limits: limits, HTTPClient: &http.Client{Transport: handled(handler)}})
}

// streams is a handler that replies with these lines.
func streams(lines ...string) http.HandlerFunc {
	return says(http.StatusOK, "application/x-ndjson", strings.Join(lines, "\n")+"\n")
}

// text is a line with a piece of text, as the server writes it.
func text(s string) string {
	quoted, _ := json.Marshal(s)
	return `{"model":"m","created_at":"2026-11-23T16:44:04.005944351Z","message":{"role":"assistant","content":` + string(quoted) + `},"done":false}`
}

const done = `{"model":"m","created_at":"2026-11-23T16:44:04.41777301Z","message":{"role":"assistant","content":""},"done":true,` +
	`"done_reason":"stop","total_duration":816030693,"load_duration":344584400,"prompt_eval_count":23,"prompt_eval_duration":55558186,"eval_count":32,"eval_duration":407963443}`

// ask asks the model "m" of a provider.
func ask(t testing.TB, p llm.Provider, req *llm.Request) (*llm.Response, error) {
	t.Helper()
	return llm.New(p, "m").Generate(t.Context(), req)
}

// mustAsk is ask for an answer that must come.
func mustAsk(t testing.TB, p llm.Provider, req *llm.Request) *llm.Response {
	t.Helper()
	resp, err := ask(t, p, req)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

// sent returns the path and the body that a call sends. The reply is of no use.
func sent(t *testing.T, config ollama.Config, call func(context.Context, *ollama.Provider) error) (path string, body any, header http.Header) {
	t.Helper()
	config.HTTPClient = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		path, header = r.Method+" "+r.URL.Path, r.Header
		data, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		if len(data) > 0 {
			body = fromJSON(t, string(data))
		}
		return respond(http.StatusTeapot, "application/json", strings.NewReader(`{"error":"only looking"}`)), nil
	})}
	if err := call(t.Context(), provider(t, config)); err == nil || path == "" {
		t.Fatalf("the call was to be sent and refused; it was sent to %q and gave the error: %v", path, err)
	}
	return path, body, header
}

// sentChat returns the body that a chat sends.
func sentChat(t *testing.T, req *llm.Request) any {
	t.Helper()
	path, body, _ := sent(t, ollama.Config{}, func(ctx context.Context, p *ollama.Provider) error {
		_, err := llm.New(p, "m").Generate(ctx, req)
		return err
	})
	if path != "POST /api/chat" {
		t.Errorf("the chat was sent to %q, want POST /api/chat", path)
	}
	return body
}

// configWith returns the configuration of a provider that sends this way.
func configWith(transport http.RoundTripper) ollama.Config {
	return ollama.Config{HTTPClient: &http.Client{Transport: transport}}
}

// embeds is a call for embeddings.
func embeds(req *llm.EmbedRequest, model string) func(context.Context, *ollama.Provider) error {
	return func(ctx context.Context, p *ollama.Provider) error {
		_, err := llm.New(p, model).Embed(ctx, req)
		return err
	}
}
