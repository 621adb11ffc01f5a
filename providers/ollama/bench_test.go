package ollama_test

import (
	"crypto/rand"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/parley-llm/parley/llm"
)

const benchChunks = 1000

// thousand is a reply of 1,000 pieces.
func thousand() string {
	lines := make([]string, 0, benchChunks+1)
	for i := range benchChunks {
		lines = append(lines, strings.Replace(text(" word"+strconv.Itoa(i)), "005944351", strconv.Itoa(100000000+i*7919), 1))
	}
	return strings.Join(append(lines, done), "\n") + "\n"
}

// read reads an answer to its end and returns the length of its text.
func read(t testing.TB, model *llm.Model) (n int) {
	for piece, err := range model.Stream(t.Context(), llm.Prompt("hi")).Text() {
		if err != nil {
			t.Fatal(err)
		}
		n += len(piece)
	}
	return n
}

// BenchmarkStream reads 1,000 pieces from a server on loopback, whose own
// allocations count as well.
func BenchmarkStream(b *testing.B) {
	model := llm.New(serve(b, says(200, "application/x-ndjson", thousand())), "m")
	b.ReportAllocs()
	for b.Loop() {
		read(b, model)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*benchChunks), "ns/chunk")
}

// BenchmarkShortAnswer is a call as it is most often in tests and tools: the
// cost of a request and of three lines, without a connection.
func BenchmarkShortAnswer(b *testing.B) {
	body := text("a") + "\n" + text("b") + "\n" + done + "\n"
	model := llm.New(provider(b, configWith(roundTrip(func(*http.Request) (*http.Response, error) {
		return respond(200, "application/x-ndjson", strings.NewReader(body)), nil
	}))), "m")
	b.ReportAllocs()
	for b.Loop() {
		read(b, model)
	}
}

func TestAllocationsOfAPiece(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates as well")
	}
	body := thousand()
	model := llm.New(provider(t, configWith(roundTrip(func(*http.Request) (*http.Response, error) {
		return respond(200, "application/x-ndjson", strings.NewReader(body)), nil
	}))), "m")
	const most = 0.3
	if got := testing.AllocsPerRun(20, func() { read(t, model) }) / benchChunks; got > most {
		t.Errorf("a piece of a long answer costs %.2f allocations, want at most %.1f", got, most)
	}
}

// BenchmarkFiveImages makes and sends a request with five images of 1 MB, without a
// connection.
func BenchmarkFiveImages(b *testing.B) {
	body := text("a") + "\n" + done + "\n"
	model := llm.New(provider(b, configWith(roundTrip(func(*http.Request) (*http.Response, error) {
		return respond(200, "application/x-ndjson", strings.NewReader(body)), nil
	}))), "m")
	req := &llm.Request{Messages: []llm.Message{llm.User("Compare them.")}}
	for range 5 {
		data := make([]byte, 1<<20)
		rand.Read(data)
		req.Messages[0].Parts = append(req.Messages[0].Parts, llm.Image{MediaType: "image/png", Data: data})
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := model.Generate(b.Context(), req); err != nil {
			b.Fatal(err)
		}
	}
}
