package openai_test

import (
	"io"
	"net/http"
	"testing"

	"github.com/parley-llm/parley/internal/providertest"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/openai"
)

// A server that labels its stream as JSON, or sends one newline between events, must not
// delay the answer.
func TestPiecesAreDeliveredAtOnce(t *testing.T) {
	for name, tt := range map[string]struct{ contentType, newlines string }{
		"labeled as JSON":          {"application/json", "\n\n"},
		"labeled as text":          {"text/plain", "\n\n"},
		"without blank lines":      {"text/event-stream", "\n"},
		"both":                     {"application/json; charset=utf-8", "\n"},
		"an ordinary event stream": {"text/event-stream", "\r\n\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			received := make(chan struct{})
			client := providertest.InMemory(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", tt.contentType)
				send := func(data string) {
					io.WriteString(w, "data: "+data+tt.newlines)
					w.(http.Flusher).Flush()
				}
				send(text("a"))
				send(text("b")) // tells that the first event has ended, if there is no blank line
				for range 2 {
					select {
					case <-received:
					case <-r.Context().Done():
						return
					}
					send(text("c"))
				}
				send(finish("stop"))
				send(usage)
				send(done)
			})
			m := llm.New(provider(t, openai.Config{BaseURL: "http://test", HTTPClient: client}), "m")
			got := ""
			for piece, err := range m.Stream(t.Context(), llm.Prompt("hi")).Text() {
				if err != nil {
					t.Fatal(err)
				}
				if got += piece; got == "ab" || got == "abc" {
					received <- struct{}{}
				}
			}
			equal(t, "text", got, "abcc")
		})
	}
}
