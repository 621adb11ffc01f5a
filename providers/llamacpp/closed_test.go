package llamacpp_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/llamacpp"
)

// llama.cpp's server closes connections after streams, although it promises to
// keep them. A call must not fail for having been made on one of these.
func TestConnectionsThatTheServerClosedFailNoCall(t *testing.T) {
	var mu sync.Mutex
	used := make(map[string]int) // requests by connection
	closed := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		used[r.RemoteAddr]++
		again := used[r.RemoteAddr] > 1
		if again {
			closed++
		}
		mu.Unlock()
		if _, sent := r.Header["Idempotency-Key"]; sent {
			t.Error("the header that is for net/http alone is sent")
		}
		if again {
			panic(http.ErrAbortHandler)
		}
		switch r.URL.Path {
		case "/tokenize":
			io.WriteString(w, `{"tokens":[1,2]}`)
		case "/completion":
			w.Header().Set("Content-Type", "text/event-stream")
			io.WriteString(w, piece+end)
		default:
			w.Header().Set("Content-Type", "text/event-stream")
			io.WriteString(w, `data: {"choices":[{"index":0,"delta":{"content":"Hello"},"finish_reason":"stop"}]}`+"\n\ndata: [DONE]\n\n")
		}
	}))
	defer server.Close()
	p := provider(t, llamacpp.Config{BaseURL: server.URL})
	for _, o := range []llamacpp.Options{{}, {}, {Template: "plain"}, {Template: "plain"}} {
		if got := mustAsk(t, p, with(o)).Text(); got != "Hello" {
			t.Errorf("the answer is %q", got)
		}
	}
	if closed == 0 {
		t.Error("no connection was used again, so that none was found closed")
	}

	// An answer that has begun is never asked for anew.
	requests := 0
	broken := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests++
		w.Header().Set("Content-Type", "text/event-stream")
		io.WriteString(w, `data: {"choices":[{"index":0,"delta":{"content":"Hel"}}]}`+"\n\n")
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}))
	defer broken.Close()
	_, err := llm.New(provider(t, llamacpp.Config{BaseURL: broken.URL}), "m").Generate(t.Context(), llm.Prompt("x"))
	wantError(t, err, llm.Incomplete)
	if requests != 1 {
		t.Errorf("an answer that broke off was asked for %d times", requests)
	}
}
