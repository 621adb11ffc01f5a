package interop

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/parley-llm/parley/internal/interop/llamacpptest"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/middleware"
	"github.com/parley-llm/parley/providers/llamacpp"
	parleyollama "github.com/parley-llm/parley/providers/ollama"
)

// Interrupted answers of real servers are continued, and the result must equal the
// uninterrupted answer.
func TestCutAnswersAreResumed(t *testing.T) {
	const question = "hi\n" // a prompt without a format ends with it, as the model requires
	llamaCpp := llamacpptest.Start(t, "chain").URL
	for name, provide := range map[string]func(client *http.Client) (llm.Provider, error){
		"llama.cpp, a chat": func(client *http.Client) (llm.Provider, error) {
			return llamacpp.New(llamacpp.Config{BaseURL: llamaCpp, HTTPClient: client})
		},
		"llama.cpp, a prompt": func(client *http.Client) (llm.Provider, error) {
			return llamacpp.New(llamacpp.Config{BaseURL: llamaCpp, HTTPClient: client, Template: "plain"})
		},
		"Ollama, a prompt": func(client *http.Client) (llm.Provider, error) {
			return parleyollama.New(parleyollama.Config{BaseURL: ollama.Server(t).URL, HTTPClient: client, Template: "plain"})
		},
	} {
		t.Run(name, func(t *testing.T) {
			cut := &cutAfter{mark: []byte("🦙"), next: &http.Transport{}}
			t.Cleanup(cut.next.CloseIdleConnections)
			p, err := provide(&http.Client{Transport: cut})
			if err != nil {
				t.Fatal(err)
			}
			resume := &middleware.Resume{NoReset: true}
			req := llm.Prompt(question)
			req.Temperature = new(0.0)
			s := llm.New(p, "chain", llm.WithMiddleware(resume)).Stream(t.Context(), req)
			var text strings.Builder
			for piece, err := range s.Text() {
				if err != nil {
					t.Fatal(err)
				}
				text.WriteString(piece)
			}
			if want := script(t, "chain"); text.String() != want || len(s.Response().Attempts) != 2 || !cut.done.Load() {
				t.Errorf("the answer is %q after %d attempts, want %q after 2", text.String(), len(s.Response().Attempts), want)
			}
		})
	}
}

// cutAfter is a transport that interrupts the first reply after the frame that contains a
// mark.
type cutAfter struct {
	mark []byte
	next *http.Transport
	done atomic.Bool
}

func (c *cutAfter) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := c.next.RoundTrip(r)
	if err == nil && !c.done.Load() {
		frameEnd := []byte("\n")
		if resp.Header.Get("Content-Type") == "text/event-stream" {
			frameEnd = []byte("\n\n")
		}
		resp.Body = &cutBody{ReadCloser: resp.Body, cut: c, frameEnd: frameEnd}
	}
	return resp, err
}

// cutBody returns a body byte by byte, so that it can stop at the exact position.
type cutBody struct {
	io.ReadCloser
	cut             *cutAfter
	frame, frameEnd []byte
}

func (b *cutBody) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if bytes.HasSuffix(b.frame, b.frameEnd) {
		if bytes.Contains(b.frame, b.cut.mark) {
			b.cut.done.Store(true)
			return 0, io.ErrUnexpectedEOF
		}
		b.frame = b.frame[:0]
	}
	n, err := b.ReadCloser.Read(p[:1])
	b.frame = append(b.frame, p[:n]...)
	return n, err
}
