package openai_test

import (
	"crypto/rand"
	"net/http"
	"strings"
	"testing"

	"github.com/parley-llm/parley/internal/providertest"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/openai"
)

// BenchmarkFiveImages makes and sends a request with five images of 1 MB, without a
// connection.
func BenchmarkFiveImages(b *testing.B) {
	reply := events(text("ok"), finish("stop"), usage, done)
	client := &http.Client{Transport: providertest.RoundTrip(func(r *http.Request) (*http.Response, error) {
		return providertest.Respond(200, "text/event-stream", strings.NewReader(reply)), nil
	})}
	m := llm.New(provider(b, openai.Config{HTTPClient: client}), "m")
	req := &llm.Request{Messages: []llm.Message{llm.User("Compare them.")}}
	for range 5 {
		data := make([]byte, 1<<20)
		rand.Read(data)
		req.Messages[0].Parts = append(req.Messages[0].Parts, llm.Image{MediaType: "image/png", Data: data})
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := m.Generate(b.Context(), req); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRequest makes and sends a short request, without a connection.
func BenchmarkRequest(b *testing.B) {
	reply := events(text("ok"), finish("stop"), usage, done)
	client := &http.Client{Transport: providertest.RoundTrip(func(r *http.Request) (*http.Response, error) {
		return providertest.Respond(200, "text/event-stream", strings.NewReader(reply)), nil
	})}
	m := llm.New(provider(b, openai.Config{HTTPClient: client}), "m")
	req := &llm.Request{
		Messages: []llm.Message{llm.System("Be brief."), llm.User("Why is the sky blue?")}, Temperature: new(0.7),
		Tools: []llm.Tool{{Name: "weather", Description: "Returns the weather.", Parameters: []byte(`{"type":"object"}`)}},
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := m.Generate(b.Context(), req); err != nil {
			b.Fatal(err)
		}
	}
}
