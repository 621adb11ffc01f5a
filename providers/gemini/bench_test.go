package gemini_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"google.golang.org/genai"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/gemini"
)

const benchChunks = 1000

// thousand is a reply of 1,000 chunks with increasing token counts.
func thousand() string {
	frames := make([]string, 0, benchChunks+1)
	for i := range benchChunks {
		counts := `"candidatesTokenCount": ` + strconv.Itoa(i+1) + `,"totalTokenCount": ` + strconv.Itoa(i+8)
		frames = append(frames, strings.Replace(parts(text(" word"+strconv.Itoa(i))), `"totalTokenCount": 7`, counts, 1))
	}
	return sse(append(frames, stopped)...)
}

// read consumes an answer and returns the length of its text.
func read(t testing.TB, m *llm.Model) (n int) {
	for piece, err := range m.Stream(t.Context(), llm.Prompt("hi")).Text() {
		if err != nil {
			t.Fatal(err)
		}
		n += len(piece)
	}
	return n
}

// unconnected returns a model that always replies with this body, without a network connection.
func unconnected(t testing.TB, body string) *llm.Model {
	return llm.New(provider(t, gemini.Config{APIKey: key, HTTPClient: &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
		return &http.Response{
			StatusCode: 200, ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{"Content-Type": {"text/event-stream"}},
			Body: io.NopCloser(strings.NewReader(body)), ContentLength: -1,
		}, nil
	})}}), model)
}

// BenchmarkStream reads 1,000 chunks from a server on loopback. The allocations include those
// of the server.
func BenchmarkStream(b *testing.B) {
	m := llm.New(serve(b, says(200, "text/event-stream", thousand())), model)
	b.ReportAllocs()
	for b.Loop() {
		read(b, m)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*benchChunks), "ns/chunk")
}

// BenchmarkShortAnswer measures a short call: one request and three frames, without a
// network connection.
func BenchmarkShortAnswer(b *testing.B) {
	m := unconnected(b, sse(parts(text("a")), parts(text("b")), stopped))
	b.ReportAllocs()
	for b.Loop() {
		read(b, m)
	}
}

// BenchmarkRequest builds and sends a request that fails immediately, with the vendor's client
// and with the provider.
func BenchmarkRequest(b *testing.B) {
	refuse := &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return nil, err
		}
		return nil, errors.New("only looking")
	})}
	small := llm.Prompt("hi")
	large := &llm.Request{Temperature: new(0.5)}
	var contents []*genai.Content
	for i := range 20 {
		large.Messages = append(large.Messages, llm.User("a question of some length, number "+strconv.Itoa(i)))
		contents = append(contents, genai.NewContentFromText(large.Messages[i].Text(), genai.RoleUser))
	}
	config := &genai.GenerateContentConfig{Temperature: genai.Ptr[float32](0.5)}
	for _, name := range []string{"a", "b", "c", "d"} {
		large.Tools = append(large.Tools, llm.Tool{Name: name, Description: "does something", Parameters: json.RawMessage(aSchema)})
		config.Tools = append(config.Tools, &genai.Tool{FunctionDeclarations: []*genai.FunctionDeclaration{
			{Name: name, Description: "does something", ParametersJsonSchema: fromJSON(b, aSchema)},
		}})
	}
	client, err := genai.NewClient(b.Context(), &genai.ClientConfig{APIKey: key, Backend: genai.BackendGeminiAPI, HTTPClient: refuse})
	if err != nil {
		b.Fatal(err)
	}
	m := llm.New(provider(b, gemini.Config{APIKey: key, HTTPClient: refuse}), model)
	ours := func(req *llm.Request) func(context.Context) error {
		return func(ctx context.Context) error {
			for _, err := range m.Stream(ctx, req).Events() {
				return err
			}
			return nil
		}
	}
	theirs := func(contents []*genai.Content, config *genai.GenerateContentConfig) func(context.Context) error {
		return func(ctx context.Context) error { return generates(model, contents, config)(ctx, client) }
	}
	for name, send := range map[string]func(context.Context) error{
		"small/genai": theirs(genai.Text("hi"), nil), "small/parley": ours(small),
		"20 messages, 4 tools/genai": theirs(contents, config), "20 messages, 4 tools/parley": ours(large),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if send(b.Context()) == nil {
					b.Fatal("the request was not refused")
				}
			}
		})
	}
}

const aSchema = `{"type":"object","properties":{"city":{"type":"string","description":"the city"},"days":{"type":"integer"}},"required":["city"]}`

func TestAllocationsPerChunk(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates as well")
	}
	m := unconnected(t, thousand())
	const most = 0.3
	if got := testing.AllocsPerRun(20, func() { read(t, m) }) / benchChunks; got > most {
		t.Errorf("a chunk of a long answer costs %.2f allocations, want at most %.1f", got, most)
	}
}

// BenchmarkFiveImages builds and sends a request with five images of 1 MB, without a network
// connection.
func BenchmarkFiveImages(b *testing.B) {
	m := unconnected(b, sse(parts(text("a")), stopped))
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
