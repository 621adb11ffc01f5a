package openai_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/parley-llm/parley/internal/providertest"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/openai"
)

// What the tests of all providers share.
var (
	equal     = providertest.Equal
	wantError = providertest.WantError
	says      = providertest.Says
	handled   = providertest.Handled
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const testKey = "sk-test-0123456789abcdef"

// provider returns a provider that closes with the test. It has a key unless
// the config says where else a credential comes from.
func provider(t testing.TB, config openai.Config) *openai.Provider {
	t.Helper()
	if config.APIKey == "" && config.TokenSource == nil {
		config.APIKey = testKey
	}
	p, err := openai.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// model returns the model "m" of a server that answers in memory.
func model(t testing.TB, config openai.Config, handler http.HandlerFunc) *llm.Model {
	t.Helper()
	config.HTTPClient = &http.Client{Transport: handled(handler)}
	if config.Server == openai.Azure && config.BaseURL == "" {
		config.BaseURL = "https://acme.openai.azure.com"
	}
	return llm.New(provider(t, config), "m")
}

// streams is a handler that replies with this event stream.
func streams(body string) http.HandlerFunc { return says(200, "text/event-stream", body) }

// events makes an event stream of the data of its events.
func events(data ...string) string {
	var b strings.Builder
	for _, d := range data {
		b.WriteString("data: " + d + "\n\n")
	}
	return b.String()
}

// chunk is a chunk with this delta: the members of a JSON object.
func chunk(delta string) string {
	return `{"id":"c1","object":"chat.completion.chunk","created":1,"model":"m-1","choices":[{"index":0,"delta":{` + delta + `},"finish_reason":null}]}`
}

// text is a chunk with a piece of text.
func text(piece string) string { return chunk(`"content":` + quote(piece)) }

// finish is a chunk with a finish reason.
func finish(reason string) string {
	return `{"id":"c1","object":"chat.completion.chunk","created":1,"model":"m-1","choices":[{"index":0,"delta":{},"finish_reason":` + quote(reason) + `}]}`
}

const (
	usage = `{"id":"c1","object":"chat.completion.chunk","created":1,"model":"m-1","choices":[],"usage":{"prompt_tokens":7,"completion_tokens":5,"total_tokens":12}}`
	done  = "[DONE]"
)

var usage7and5 = llm.Usage{Input: llm.Known(7), Output: llm.Known(5)}

func quote(s string) string {
	data, err := json.Marshal(s)
	if err != nil {
		panic(err) // strings are always written
	}
	return string(data)
}

// ask asks the model a question.
func ask(t testing.TB, m *llm.Model) (*llm.Response, error) {
	t.Helper()
	return m.Generate(t.Context(), llm.Prompt("hi"))
}

// answer is ask for an answer that must come.
func answer(t testing.TB, m *llm.Model, req *llm.Request) *llm.Response {
	t.Helper()
	resp, err := m.Generate(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

// fromJSON decodes JSON, with numbers as they are written.
func fromJSON(t testing.TB, text string) any {
	t.Helper()
	var v any
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return v
}

// sent is what a call sends.
type sent struct {
	Method, URL string
	Header      http.Header
	Body        string
	Warnings    []llm.Warning
}

// capture returns what a chat sends to a provider of this configuration.
func capture(t testing.TB, config openai.Config, modelName string, req *llm.Request) sent {
	t.Helper()
	var got sent
	m := model(t, config, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = sent{Method: r.Method, URL: r.URL.String(), Header: r.Header.Clone(), Body: string(body)}
		streams(events(text("ok"), finish("stop"), usage, done))(w, r)
	}).With(llm.WithName(modelName))
	resp, err := m.Generate(t.Context(), req)
	if err != nil {
		t.Fatalf("the request was not sent: %v", err)
	}
	got.Warnings = resp.Warnings
	return got
}

// piped returns the model "m" of a server on an in-memory network. Both end
// with the test.
func piped(t testing.TB, config openai.Config, handler http.HandlerFunc) *llm.Model {
	t.Helper()
	config.BaseURL, config.HTTPClient = "http://server.test/v1", providertest.InMemory(t, handler)
	return llm.New(provider(t, config), "m")
}
