package llamacpp_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/llamacpp"
)

// replies is a transport that gives completions this body as a stream.
type replies struct{ body *string }

func (r replies) RoundTrip(*http.Request) (*http.Response, error) {
	return respond(http.StatusOK, "text/event-stream", strings.NewReader(*r.body)), nil
}

// FuzzCompletion gives the provider whatever body as a stream. It must not
// panic, and may make an answer of it only if a frame says stop:true; then the text
// is what encoding/json reads from the frames.
func FuzzCompletion(f *testing.F) {
	f.Add(piece + end)
	f.Add(strings.Repeat(piece, 10) + strings.Replace(piece, "Hello", `\ud83e\udd99`, 1) + end)
	f.Add(piece + `data: {"error":{"code":500,"message":"boom","type":"server_error"}}` + "\n\n")
	f.Add(`data: {"content":"a","stop":true,"completion_probabilities":[{"token":"a","bytes":[1]}]}` + "\n\n")
	f.Add("data: null\n\ndata: []\n\ndata: {}\n\n")
	var body string
	p := provider(f, llamacpp.Config{Template: "plain", HTTPClient: &http.Client{Transport: tokenizer{replies{&body}}}})
	f.Fuzz(func(t *testing.T, fuzzed string) {
		for i, line := range strings.Split(fuzzed, "\n") { // package reply is fuzzed for all else that lines can be
			if strings.ContainsAny(line, "\r\ufeff") || i%2 == 0 && line != "" && !strings.HasPrefix(line, "data: ") || i%2 == 1 && line != "" {
				t.Skip()
			}
		}
		body = fuzzed
		resp, err := llm.New(p, "m").Generate(t.Context(), llm.Prompt("x"))
		if err != nil {
			if llm.KindOf(err) == "" {
				t.Errorf("the error %v has no kind", err)
			}
			return
		}
		text, ended := "", false
		for line := range strings.Lines(fuzzed) {
			var c struct {
				Content string `json:"content"`
				Stop    bool   `json:"stop"`
			}
			if data, ok := strings.CutPrefix(line, "data: "); ok && !ended && json.Unmarshal([]byte(data), &c) == nil {
				text += c.Content
				ended = c.Stop
			}
		}
		if !ended || text != resp.Text() {
			t.Errorf("the answer is %q (ended: %v), want %q", resp.Text(), ended, text)
		}
	})
}

const benchChunks = 1000

func thousand() string {
	var b strings.Builder
	for i := range benchChunks {
		frame := map[string]any{"index": 0, "content": " word", "tokens": []int{300 + i}, "stop": false, "id_slot": -1, "tokens_predicted": i + 1, "tokens_evaluated": 9}
		data, _ := json.Marshal(frame)
		b.WriteString("data: " + strings.Replace(string(data), " word", " word"+string(rune('a'+i%26)), 1) + "\n\n")
	}
	return b.String() + end
}

// BenchmarkCompletion reads 1,000 pieces of a completion, without a connection.
func BenchmarkCompletion(b *testing.B) {
	body := thousand()
	m := llm.New(provider(b, llamacpp.Config{Template: "plain", HTTPClient: &http.Client{Transport: tokenizer{replies{&body}}}}), "m")
	b.ReportAllocs()
	for b.Loop() {
		for _, err := range m.Stream(b.Context(), llm.Prompt("x")).Text() {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*benchChunks), "ns/chunk")
}

func TestAllocationsOfAPiece(t *testing.T) {
	body := thousand()
	m := llm.New(provider(t, llamacpp.Config{Template: "plain", HTTPClient: &http.Client{Transport: tokenizer{replies{&body}}}}), "m")
	most := 0.35
	if raceEnabled {
		most = 20 // the race detector allocates as well
	}
	got := testing.AllocsPerRun(20, func() {
		for _, err := range m.Stream(t.Context(), llm.Prompt("x")).Text() {
			if err != nil {
				t.Fatal(err)
			}
		}
	}) / benchChunks
	if got > most {
		t.Errorf("a piece of a long answer costs %.2f allocations, want at most %.2f", got, most)
	}
}
