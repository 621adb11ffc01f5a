package anthropic_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/parley-llm/parley/internal/providertest"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/anthropic"
)

// The helpers that the tests of all providers share.
var (
	equal     = providertest.Equal
	wantError = providertest.WantError
	fromJSON  = providertest.FromJSON
	says      = providertest.Says
)

const (
	key       = "sk-ant-0123456789abcdef"
	eventType = "text/event-stream; charset=utf-8"
	jsonType  = "application/json"
	modelName = "claude-sonnet-5"
)

func provider(t testing.TB, config anthropic.Config) *anthropic.Provider {
	t.Helper()
	p, err := anthropic.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// handledBy returns a provider whose requests are answered by the handler, without a
// connection.
func handledBy(t testing.TB, handler http.HandlerFunc) *anthropic.Provider {
	return provider(t, anthropic.Config{APIKey: key, HTTPClient: &http.Client{Transport: providertest.Handled(handler)}})
}

// event returns an event of a stream, named by the type in its data.
func event(data string) string {
	var head struct {
		Type string `json:"type"`
	}
	if json.Unmarshal([]byte(data), &head) != nil || head.Type == "" {
		panic("not an event: " + data)
	}
	return "event: " + head.Type + "\ndata: " + data + "\n\n"
}

func events(data ...string) string {
	var b strings.Builder
	for _, d := range data {
		b.WriteString(event(d))
	}
	return b.String()
}

const (
	begin = `{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"claude-sonnet-5","content":[],` +
		`"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":12,"output_tokens":1}}}`
	ping = `{"type":"ping"}`
	stop = `{"type":"message_stop"}`
)

// start and delta return the events of block 0.
func start(block string) string { return startAt(0, block) }
func delta(d string) string     { return deltaAt(0, d) }

func startAt(index int, block string) string {
	return `{"type":"content_block_start","index":` + itoa(index) + `,"content_block":` + block + `}`
}

func deltaAt(index int, d string) string {
	return `{"type":"content_block_delta","index":` + itoa(index) + `,"delta":` + d + `}`
}

func stopAt(index int) string { return `{"type":"content_block_stop","index":` + itoa(index) + `}` }

func itoa(n int) string {
	data, _ := json.Marshal(n)
	return string(data)
}

func textDelta(s string) string {
	quoted, _ := json.Marshal(s)
	return `{"type":"text_delta","text":` + string(quoted) + `}`
}

func inputDelta(s string) string {
	quoted, _ := json.Marshal(s)
	return `{"type":"input_json_delta","partial_json":` + string(quoted) + `}`
}

// end returns the events after the last block.
func end(reason string) []string {
	return []string{`{"type":"message_delta","delta":{"stop_reason":"` + reason + `","stop_sequence":null},"usage":{"output_tokens":7}}`, stop}
}

// ask asks a model of a provider.
func ask(t testing.TB, p llm.Provider, req *llm.Request) (*llm.Response, error) {
	t.Helper()
	return llm.New(p, modelName).Generate(t.Context(), req)
}

// read returns the answer that a stream is read as.
func read(t testing.TB, data ...string) (*llm.Response, error) {
	t.Helper()
	return ask(t, handledBy(t, says(http.StatusOK, eventType, events(data...))), llm.Prompt("hi"))
}

// mustRead is read for an answer that must come.
func mustRead(t testing.TB, data ...string) *llm.Response {
	t.Helper()
	resp, err := read(t, data...)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

// request is a request as the server received it.
type request struct {
	path   string
	header http.Header
	body   map[string]any
}

// received returns the request of a call, and the warnings of its answer.
func received(t testing.TB, config anthropic.Config, call func(context.Context, *anthropic.Provider) error) request {
	t.Helper()
	var got request
	config.HTTPClient = &http.Client{Transport: providertest.Handled(func(w http.ResponseWriter, r *http.Request) {
		got.path, got.header = r.Method+" "+r.URL.RequestURI(), r.Header
		if r.Body != nil {
			data, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			if len(data) > 0 {
				got.body = fromJSON(t, string(data)).(map[string]any)
			}
		}
		says(http.StatusOK, jsonType, `{"type":"message","content":[{"type":"text","text":"ok"}],"stop_reason":"end_turn","usage":{"input_tokens":1,"output_tokens":1},`+
			`"input_tokens":3,"data":[]}`)(w, r)
	})}
	if err := call(t.Context(), provider(t, config)); err != nil {
		t.Fatal(err)
	}
	return got
}

// sent returns the body that a chat sends to a model, and the warnings of its answer.
func sent(t testing.TB, model string, req *llm.Request) (map[string]any, []llm.Warning) {
	t.Helper()
	var warnings []llm.Warning
	got := received(t, anthropic.Config{APIKey: key}, func(ctx context.Context, p *anthropic.Provider) error {
		resp, err := llm.New(p, model).Generate(ctx, req)
		if err == nil {
			warnings = resp.Warnings
		}
		return err
	})
	equal(t, "the path", got.path, "POST /v1/messages")
	return got.body, warnings
}

// configWith returns the configuration of a provider that sends with a client.
func configWith(client *http.Client) anthropic.Config {
	return anthropic.Config{APIKey: key, HTTPClient: client}
}
