package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
)

func get(t *testing.T, reply llmtest.Reply, path string) (int, string) {
	t.Helper()
	server := httptest.NewServer(handler(llmtest.New(reply).Model()))
	defer server.Close()
	resp, err := http.Get(server.URL + path)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func TestEvents(t *testing.T) {
	for _, test := range []struct {
		name, path string
		reply      llmtest.Reply
		status     int
		want       string
	}{
		{"an answer", "/ask?q=hi", llmtest.Text("Two\n", "lines.").Usage(3, 4), 200,
			"event: message\ndata: \"Two\\n\"\n\nevent: message\ndata: \"lines.\"\n\nevent: done\ndata: \"3 in, 4 out\"\n\n"},
		{"a failure", "/ask?q=hi", llmtest.Error(&llm.Error{Kind: llm.Overloaded, Message: "internal.example is busy"}), 200,
			"event: failed\ndata: \"overloaded\"\n\n"},
		{"no question", "/ask", llmtest.Echo(), 400, "missing parameter q: use /ask?q=…\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			status, body := get(t, test.reply, test.path)
			if status != test.status || body != test.want {
				t.Errorf("the reply is %d %q,\nwant %d %q", status, body, test.status, test.want)
			}
		})
	}
}

// TestDisconnectEndsCall uses a model with an endless answer.
func TestDisconnectEndsCall(t *testing.T) {
	ended := make(chan struct{})
	endless := llmtest.Func(func(ctx context.Context, _ *llm.Call) llm.Events {
		return func(yield func(llm.Event, error) bool) {
			defer close(ended)
			for ctx.Err() == nil && yield(llm.Event{Type: llm.EventText, Text: "and "}, nil) {
			}
		}
	})
	server := httptest.NewServer(handler(llmtest.New(endless).Model()))
	defer server.Close()
	ctx, cancel := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/ask?q=hi", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if line, err := bufio.NewReader(resp.Body).ReadString('\n'); !strings.HasPrefix(line, "event: message") {
		t.Fatalf("the first line is %q (%v)", line, err)
	}
	cancel()
	<-ended
}
