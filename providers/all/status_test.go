package all_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/anthropic"
	"github.com/parley-llm/parley/providers/gemini"
	"github.com/parley-llm/parley/providers/llamacpp"
	"github.com/parley-llm/parley/providers/ollama"
	"github.com/parley-llm/parley/providers/openai"
	"github.com/parley-llm/parley/providers/palm"
)

// dialects open a provider of each dialect at the address of a server.
var dialects = map[string]func(url string) (llm.Provider, error){
	"openai": func(url string) (llm.Provider, error) {
		return openai.New(openai.Config{BaseURL: url + "/v1", APIKey: "sk-12345678"})
	},
	"responses": func(url string) (llm.Provider, error) {
		return openai.New(openai.Config{API: openai.APIResponses, BaseURL: url + "/v1", APIKey: "sk-12345678"})
	},
	"gemini": func(url string) (llm.Provider, error) {
		return gemini.New(gemini.Config{BaseURL: url, APIKey: "12345678"})
	},
	"ollama":   func(url string) (llm.Provider, error) { return ollama.New(ollama.Config{BaseURL: url}) },
	"llamacpp": func(url string) (llm.Provider, error) { return llamacpp.New(llamacpp.Config{BaseURL: url}) },
	"anthropic": func(url string) (llm.Provider, error) {
		return anthropic.New(anthropic.Config{BaseURL: url, APIKey: "sk-12345678"})
	},
	"palm": func(url string) (llm.Provider, error) { return palm.New(palm.Config{BaseURL: url, APIKey: "12345678"}) },
}

// statusServer answers each request with the status and the behaviour in the path of the base
// URL, for example /101/silence.
func statusServer(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	over := make(chan struct{})
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { defer c.Close(); serveStatus(c, over) })
		}
	})
	t.Cleanup(func() { close(over); l.Close(); serving.Wait() })
	return "http://" + l.Addr().String()
}

func serveStatus(c net.Conn, over <-chan struct{}) {
	req, err := http.ReadRequest(bufio.NewReader(c))
	if err != nil {
		return
	}
	io.Copy(io.Discard, req.Body)
	parts := strings.Split(req.URL.Path, "/")
	fmt.Fprintf(c, "HTTP/1.1 %s Status\r\nUpgrade: x\r\nConnection: Upgrade\r\nLocation: %s\r\nContent-Type: application/json\r\n\r\n", parts[1], req.URL.Path)
	for parts[2] != "close" {
		select {
		case <-over:
			return
		case <-time.After(10 * time.Millisecond):
		}
		if parts[2] == "drip" {
			if _, err := c.Write([]byte(" ")); err != nil {
				return
			}
		}
	}
}

// TestDeadlineHoldsForEachStatus checks that a call ends with its context for every status of
// every dialect, whether the body never comes, comes slowly, or the connection closes. With
// PARLEY_EXHAUSTIVE set, as in the gate, it checks all statuses from 100 to 599.
func TestDeadlineHoldsForEachStatus(t *testing.T) {
	const deadline = 200 * time.Millisecond
	statuses := []int{100, 101, 102, 103, 199, 200, 204, 205, 206, 299, 300, 304, 307, 400, 401, 404, 413, 429, 500, 503, 599}
	if os.Getenv("PARLEY_EXHAUSTIVE") != "" {
		statuses = nil
		for status := 100; status <= 599; status++ {
			statuses = append(statuses, status)
		}
	}
	url := statusServer(t)
	slots := make(chan struct{}, 100) // bounds the open connections
	var running sync.WaitGroup
	defer running.Wait()
	for name, open := range dialects {
		for _, status := range statuses {
			for _, body := range []string{"silence", "drip", "close"} {
				slots <- struct{}{}
				running.Go(func() {
					defer func() { <-slots }()
					p, err := open(fmt.Sprintf("%s/%d/%s", url, status, body))
					if err != nil {
						t.Error(err)
						return
					}
					m := llm.New(p, "m")
					defer m.Close()
					ctx, cancel := context.WithTimeout(context.Background(), deadline)
					defer cancel()
					done := make(chan error, 1)
					go func() { _, err := m.Generate(ctx, llm.Prompt("x")); done <- err }()
					select {
					case err := <-done:
						if err == nil {
							t.Errorf("%s, status %d, %s: the call succeeded", name, status, body)
						}
					case <-time.After(deadline + 10*time.Second): // a loaded machine is late, but not by this much
						t.Errorf("%s, status %d, %s: the call did not end with its context", name, status, body)
					}
				})
			}
		}
	}
}

func TestStatusBelow200IsNoReply(t *testing.T) {
	url := statusServer(t)
	for name, open := range dialects {
		for path, kind := range map[string]llm.Kind{"/101/silence": llm.Protocol, "/206/close": llm.Protocol} {
			t.Run(name+path, func(t *testing.T) {
				p, err := open(url + path)
				if err != nil {
					t.Fatal(err)
				}
				m := llm.New(p, "m")
				defer m.Close()
				_, err = m.Generate(t.Context(), llm.Prompt("x"))
				if llm.KindOf(err) != kind {
					t.Errorf("error %v, want one of kind %s", err, kind)
				}
			})
		}
	}
}
