package openai_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/openai"
)

func TestBadInputIsAnErrorBeforeAnythingIsSent(t *testing.T) {
	for _, tt := range []struct {
		name string
		req  *llm.Request
		want string
	}{
		{"a nil request", nil, "the request is nil"},
		{"no messages", &llm.Request{}, "the request has no messages"},
		{"an unknown role", &llm.Request{Messages: []llm.Message{{Role: "robot", Parts: []llm.Part{llm.Text{Text: "hi"}}}}}, `unknown role "robot"`},
		{"a tool result without its call", &llm.Request{Messages: []llm.Message{llm.User("hi"), llm.ToolResults(llm.ToolResult{CallID: "c"})}}, `the tool result has the id "c"`},
		{"a tool result without id and call", &llm.Request{Messages: []llm.Message{llm.User("hi"), llm.ToolResults(llm.ToolResult{Name: "f"})}}, `the tool result has no id and the name "f", but no earlier tool call has it`},
		{"text that is not UTF-8", llm.Prompt("a\xffb"), "not valid UTF-8 at byte 1"},
		{"a nil part", &llm.Request{Messages: user(nil)}, "part 0 is nil"},
		{"extra that is not JSON", &llm.Request{Messages: hi, Options: []llm.Options{openai.Options{Extra: map[string]any{"x": func() {}}}}}, "cannot be encoded as JSON"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := wantError(t, sendNothing(t, openai.Config{}, tt.req), llm.InvalidRequest, tt.want)
			equal(t, "provider, model, op, status", []any{e.Provider, e.Model, e.Op, e.Status}, []any{"openai", "m", llm.OpChat, 0})
		})
	}
}

func TestCancelledCallIsNotSent(t *testing.T) {
	m := model(t, openai.Config{}, func(http.ResponseWriter, *http.Request) { t.Error("the request was sent") })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := m.Generate(ctx, llm.Prompt("hi"))
	wantError(t, err, llm.Canceled)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("the error %v does not match context.Canceled", err)
	}
}

func TestPromptOf50MBReachesTheServerWhole(t *testing.T) {
	prompt := strings.Repeat("0123456789abcdef", 50<<20/16)
	var got string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got = string(body)
		streams(events(text("ok"), finish("stop"), usage, done))(w, r)
	}))
	t.Cleanup(server.Close)
	m := llm.New(provider(t, openai.Config{BaseURL: server.URL}), "m")
	equal(t, "answer", answer(t, m, llm.Prompt(prompt)).Text(), "ok")
	if !strings.Contains(got, `{"role":"user","content":"`+prompt+`"}`) {
		t.Errorf("the server got a body of %d bytes, whose text is not the prompt", len(got))
	}
}

func TestPromptThatIsTooLargeIsARefusalNotABrokenPipe(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close")
		says(413, "text/html", "<html><head><title>413 Request Entity Too Large</title></head></html>")(w, r)
	}))
	t.Cleanup(server.Close)
	m := llm.New(provider(t, openai.Config{BaseURL: server.URL}), "m")
	_, err := m.Generate(t.Context(), llm.Prompt(strings.Repeat("x", 50<<20)))
	e := wantError(t, err, llm.InvalidRequest, "413 Request Entity Too Large")
	equal(t, "status", e.Status, 413)
}

func TestNothingIsSentBeforeTheStreamIsRead(t *testing.T) {
	n := 0
	m := model(t, openai.Config{}, func(w http.ResponseWriter, r *http.Request) {
		n++
		streams(events(text("ok"), finish("stop"), usage, done))(w, r)
	})
	s := m.Stream(t.Context(), llm.Prompt("hi"))
	equal(t, "requests before the range", n, 0)
	for range s.Events() {
	}
	equal(t, "requests after the range", n, 1)
	for _, err := range s.Events() {
		wantError(t, err, llm.InvalidRequest, "was read before")
	}
	equal(t, "requests after a second range", n, 1)
}
