package all_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/parley-llm/parley/internal/growthtest"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/openai"
)

// says starts a server that sends the same reply to every request.
func says(t *testing.T, mediaType, body string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", mediaType)
		io.WriteString(w, body)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// TestVectorsAreWholeOrAnError checks replies with vectors that an index must not take.
func TestVectorsAreWholeOrAnError(t *testing.T) {
	for _, c := range []struct{ dialect, name, body string }{
		{"openai", "null", `{"data":[{"index":0,"embedding":[null,null]},{"index":1,"embedding":[1,null]}]}`},
		{"llamacpp", "null", `{"data":[{"index":0,"embedding":[null,null]},{"index":1,"embedding":[1,null]}]}`},
		{"ollama", "null", `{"model":"m","embeddings":[[null,null],[1,null]]}`},
		{"gemini", "null", `{"embeddings":[{"values":[null,null]},{"values":[1,null]}]}`},
		{"openai", "twice", `{"data":[{"index":0,"embedding":[1,2]},{"index":0,"embedding":[3,4]},{"index":1,"embedding":[5,6]}]}`},
		{"openai", "too many", `{"data":[{"index":0,"embedding":[1,2]},{"index":1,"embedding":[3,4]},{"index":2,"embedding":[5,6]}]}`},
		{"openai", "gap", `{"data":[{"index":0,"embedding":[1,2]},{"index":2,"embedding":[3,4]}]}`},
		{"openai", "too few", `{"data":[{"index":0,"embedding":[1,2]}]}`},
		{"openai", "null vector", `{"data":[{"index":0,"embedding":null},{"index":1,"embedding":[3,4]}]}`},
		{"openai", "lengths", `{"data":[{"index":0,"embedding":[1,2]},{"index":1,"embedding":[3,4,5]}]}`},
		{"llamacpp", "lengths", `{"data":[{"index":0,"embedding":[1,2]},{"index":1,"embedding":[3,4,5]}]}`},
		{"ollama", "lengths", `{"model":"m","embeddings":[[1,2],[3,4,5]]}`},
		{"gemini", "lengths", `{"embeddings":[{"values":[1,2]},{"values":[3,4,5]}]}`},
		{"openai", "infinite", `{"data":[{"index":0,"embedding":[1,1e39]},{"index":1,"embedding":[3,4]}]}`},
	} {
		t.Run(c.dialect+"/"+c.name, func(t *testing.T) {
			p, err := dialects[c.dialect](says(t, "application/json", c.body))
			if err != nil {
				t.Fatal(err)
			}
			r, err := llm.New(p, "m").Embed(t.Context(), &llm.EmbedRequest{Inputs: []string{"a", "b"}})
			if err == nil {
				t.Errorf("%s: the vectors are %v", c.body, r.Vectors)
			}
		})
	}
}

func TestVectorsWithoutIndexAreInOrder(t *testing.T) {
	p, err := dialects["openai"](says(t, "application/json", `{"data":[{"embedding":[1,2]},{"embedding":[3,4]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	r, err := llm.New(p, "m").Embed(t.Context(), &llm.EmbedRequest{Inputs: []string{"a", "b"}})
	if err != nil || r.Vectors[0][0] != 1 || r.Vectors[1][0] != 3 {
		t.Errorf("the vectors are %v, with the error %v", r, err)
	}
}

// repeated returns a list of n bytes of the item.
func repeated(item string, n int) string {
	return "[" + strings.TrimSuffix(strings.Repeat(item+",", n/(len(item)+1)), ",") + "]"
}

// TestMemoryOfReplies checks that no reply takes more than 16 times its size and 1 MB.
func TestMemoryOfReplies(t *testing.T) {
	const size = 2 << 20
	const stream, whole, lines = "text/event-stream", "application/json", "application/x-ndjson"
	list := func(item string) string { return repeated(item, size) }
	event := func(data string) string { return "data: " + data + "\n\n" }
	for _, c := range []struct{ dialect, name, mediaType, body string }{
		{"openai", "models", whole, `{"data":` + list(`{}`) + `}`},
		{"openai", "named models", whole, `{"data":` + list(`{"id":"a"}`) + `}`},
		{"llamacpp", "models", whole, `{"data":` + list(`{}`) + `}`},
		{"ollama", "models", whole, `{"models":` + list(`{}`) + `}`},
		{"gemini", "models", whole, `{"models":` + list(`{}`) + `}`},
		{"openai", "vectors", whole, `{"data":` + list(`{}`) + `}`},
		{"ollama", "vectors", whole, `{"embeddings":` + list(`[]`) + `}`},
		{"gemini", "vectors", whole, `{"embeddings":` + list(`{}`) + `}`},
		{"openai", "numbers", whole, `{"data":[{"embedding":` + list(`1`) + `}]}`},
		{"openai", "choices", whole, `{"choices":` + list(`{}`) + `}`},
		{"openai", "choices", stream, event(`{"choices":` + list(`{}`) + `}`)},
		{"openai", "tool calls", stream, event(`{"choices":[{"index":0,"delta":{"tool_calls":` + list(`{}`) + "}}]}")},
		{"openai", "tool calls with functions", stream, event(`{"choices":[{"index":0,"delta":{"tool_calls":` + list(`{"function":{}}`) + "}}]}")},
		{"openai", "logprobs", stream, event(`{"choices":[{"index":0,"delta":{},"logprobs":{"content":` + list(`{}`) + "}}]}")},
		{"openai", "images", stream, event(`{"choices":[{"index":0,"delta":{"images":` + list(`{}`) + "}}]}")},
		{"openai", "annotations", whole, `{"choices":[{"index":0,"message":{"content":"x","annotations":` + list(`{"url_citation":{}}`) + `}}]}`},
		{"responses", "items", whole, `{"object":"response","status":"completed","output":` + list(`{}`) + `}`},
		{"responses", "items of the end", stream, event(`{"type":"response.completed","response":{"status":"completed","output":` + list(`{}`) + `}}`)},
		{"responses", "messages", whole, `{"object":"response","status":"completed","output":` + list(`{"type":"message","content":[]}`) + `}`},
		{"responses", "unknown items", whole, `{"object":"response","status":"completed","output":` + list(`{"type":"x"}`) + `}`},
		{"responses", "calls", whole, `{"object":"response","status":"completed","output":` + list(`{"type":"function_call","name":"f"}`) + `}`},
		{"responses", "parts", stream, event(`{"type":"response.output_item.done","output_index":0,"item":{"type":"message","content":` + list(`{"type":"output_text"}`) + `}}`)},
		{"responses", "summaries", stream, event(`{"type":"response.output_item.done","output_index":0,"item":{"type":"reasoning","summary":` + list(`{"text":"a"}`) + `}}`)},
		{"responses", "annotations", stream, event(`{"type":"response.output_item.done","output_index":0,"item":{"type":"message","content":[{"type":"output_text","text":"x","annotations":` + list(`{"url":"u"}`) + `}]}}`)},
		{"responses", "logprobs", stream, event(`{"type":"response.output_text.delta","output_index":0,"delta":"a","logprobs":` + list(`{}`) + `}`)},
		{"responses", "outputs of code", stream, event(`{"type":"response.output_item.done","output_index":0,"item":{"type":"code_interpreter_call","outputs":` + list(`{"type":"logs"}`) + `}}`)},
		{"gemini", "candidates", stream, event(`{"candidates":` + list(`{}`) + `}`)},
		{"gemini", "parts", stream, event(`{"candidates":[{"content":{"parts":` + list(`{}`) + `}}]}`)},
		{"gemini", "text parts", stream, event(`{"candidates":[{"content":{"parts":` + list(`{"text":"a"}`) + `}}]}`)},
		{"gemini", "chunks", whole, list(`{}`)},
		{"ollama", "tool calls", lines, `{"message":{"tool_calls":` + list(`{}`) + "}}\n"},
		{"llamacpp", "probabilities", stream, event(`{"content":"a","completion_probabilities":` + list(`{}`) + `}`)},
	} {
		t.Run(c.dialect+"/"+c.name+"/"+c.mediaType, func(t *testing.T) {
			p, err := dialects[c.dialect](says(t, c.mediaType, c.body))
			if err != nil {
				t.Fatal(err)
			}
			m := llm.New(p, "m")
			taken := growthtest.Peak(func() { // errors are fine
				switch {
				case strings.Contains(c.name, "models"):
					_, _ = m.ListModels(t.Context())
				case c.name == "vectors" || c.name == "numbers":
					_, _ = m.Embed(t.Context(), &llm.EmbedRequest{Inputs: []string{"a"}})
				default:
					_, _ = m.Generate(t.Context(), llm.Prompt("x"))
				}
			})
			if limit := uint64(16*len(c.body) + 1<<20); taken > limit {
				t.Errorf("a reply of %d KB took %d KB, %d times as much", len(c.body)>>10, taken>>10, taken/uint64(len(c.body)))
			}
		})
	}
}

// TestReplyBytesLimitsAWholeAnswer checks the limit for the sum of all frames.
func TestReplyBytesLimitsAWholeAnswer(t *testing.T) {
	frame := `data: {"id":"1","model":"m","choices":[{"index":0,"delta":{"content":"` + strings.Repeat("a", 1000) + `"}}]}` + "\n\n"
	url := says(t, "text/event-stream", strings.Repeat(frame, 100))
	p, err := openai.New(openai.Config{BaseURL: url + "/v1", APIKey: "sk-12345678", Limits: llm.Limits{ReplyBytes: 50_000}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = llm.New(p, "m").Generate(context.Background(), llm.Prompt("x"))
	if llm.KindOf(err) != llm.Protocol || !strings.Contains(err.Error(), "Limits.ReplyBytes") {
		t.Errorf("the error is %v", err)
	}
}

// TestCancelWithinAFrame checks that a call ends with its context between the events of one
// frame.
func TestCancelWithinAFrame(t *testing.T) {
	const events = 10_000
	token := `{"token":"` + strings.Repeat("a", 100) + `"}`
	tokens := repeated(token, events*(len(token)+1))
	url := says(t, "application/json", `{"choices":[{"index":0,"message":{"content":"a"},"logprobs":{"content":`+tokens+`},"finish_reason":"stop"}]}`)
	p, err := dialects["openai"](url)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n := 0
	for _, err = range llm.New(p, "m").Stream(ctx, llm.Prompt("x")).Events() {
		if n++; n == 10 {
			cancel()
		}
	}
	if llm.KindOf(err) != llm.Canceled || n > 100 {
		t.Errorf("the call ended after %d events with the error %v", n, err)
	}
}
