package gemini_test

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/gemini"
)

const benchChunks = 1000

// thousand is a reply of 1,000 pieces, with counts that grow.
func thousand() string {
	frames := make([]string, 0, benchChunks+1)
	for i := range benchChunks {
		counts := `"candidatesTokenCount": ` + strconv.Itoa(i+1) + `,"totalTokenCount": ` + strconv.Itoa(i+8)
		frames = append(frames, strings.Replace(parts(text(" word"+strconv.Itoa(i))), `"totalTokenCount": 7`, counts, 1))
	}
	return sse(append(frames, stopped)...)
}

// read reads an answer to its end and returns the length of its text.
func read(t testing.TB, m *llm.Model) (n int) {
	for piece, err := range m.Stream(t.Context(), llm.Ask("hi")).Text() {
		if err != nil {
			t.Fatal(err)
		}
		n += len(piece)
	}
	return n
}

// unconnected returns a model whose every answer is this body, without a connection.
func unconnected(t testing.TB, body string) *llm.Model {
	return llm.New(provider(t, gemini.Config{APIKey: key, HTTPClient: &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
		return &http.Response{
			StatusCode: 200, ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{"Content-Type": {"text/event-stream"}},
			Body: io.NopCloser(strings.NewReader(body)), ContentLength: -1,
		}, nil
	})}}), model)
}

// BenchmarkStream reads 1,000 pieces from a server on loopback, whose own
// allocations count as well.
func BenchmarkStream(b *testing.B) {
	m := llm.New(serve(b, says(200, "text/event-stream", thousand())), model)
	b.ReportAllocs()
	for b.Loop() {
		read(b, m)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*benchChunks), "ns/chunk")
}

// BenchmarkShortAnswer is a call as it is most often in tests and tools: the
// cost of a request and of three frames, without a connection.
func BenchmarkShortAnswer(b *testing.B) {
	m := unconnected(b, sse(parts(text("a")), parts(text("b")), stopped))
	b.ReportAllocs()
	for b.Loop() {
		read(b, m)
	}
}

func TestAllocationsOfAPiece(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates as well")
	}
	m := unconnected(t, thousand())
	const most = 0.3
	if got := testing.AllocsPerRun(20, func() { read(t, m) }) / benchChunks; got > most {
		t.Errorf("a piece of a long answer costs %.2f allocations, want at most %.1f", got, most)
	}
}
