package ollama_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/ollama"
)

func TestBadInputIsAnErrorBeforeAnythingIsSent(t *testing.T) {
	p := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("the request was sent") })
	for name, test := range map[string]struct {
		req  *llm.Request
		says string
	}{
		"a nil request":                  {nil, "the request is nil"},
		"no messages":                    {&llm.Request{}, "no messages"},
		"an unknown role":                {&llm.Request{Messages: []llm.Message{{Role: "robot"}}}, `unknown role "robot"`},
		"a tool result without its call": {&llm.Request{Messages: []llm.Message{llm.User("hi"), llm.ToolResults(llm.ToolResult{CallID: "c"})}}, `the tool result has the id "c"`},
		"text that is not UTF-8":         {llm.Prompt("a\xffb"), "not valid UTF-8 at byte 1"},
		"extra that is not JSON":         {with(func(r *llm.Request) { r.Options = []llm.Options{ollama.Options{Extra: map[string]any{"x": func() {}}}} }), "cannot be encoded as JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ask(t, p, test.req)
			wantError(t, err, llm.InvalidRequest, test.says)
		})
	}
}

func TestPromptOf50MBReachesTheServerWhole(t *testing.T) {
	prompt := strings.Repeat("0123456789abcdef", 50<<20/16)
	var got []byte
	p := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got, _ = io.ReadAll(r.Body)
		streams(text("ok"), done)(w, r)
	})
	if _, err := ask(t, p, llm.Prompt(prompt)); err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(got, []byte(`"content":"`+prompt+`"`)) {
		t.Errorf("the server got %d bytes, without the whole prompt of %d", len(got), len(prompt))
	}
}

func TestLongLines(t *testing.T) {
	for _, size := range []int{300 << 10, 2 << 20, 10 << 20} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			long := strings.Repeat("x", size)
			resp, err := ask(t, serve(t, streams(text("a"), text(long), text("b"), done)), llm.Prompt("hi"))
			if err != nil {
				t.Fatal(err)
			}
			if resp.Text() != "a"+long+"b" {
				t.Errorf("the text has %d bytes, want %d, or others", len(resp.Text()), size+2)
			}
		})
	}
}
