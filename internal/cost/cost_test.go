package cost

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/parley-llm/parley/internal/cputime"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/anthropic"
	"github.com/parley-llm/parley/providers/gemini"
	"github.com/parley-llm/parley/providers/ollama"
	"github.com/parley-llm/parley/providers/openai"
)

// A contest compares the library and the floor on one reply.
type contest struct {
	name   string
	chunks int
	calls  int // calls in one measurement, about 50 ms in total; shorter measurements vary too much
	floor  func(testing.TB)
	ours   func(testing.TB)

	// goal is the ratio that the library aims at. The test fails at tolerance above it,
	// because a loaded machine moves the median by as much.
	goal       float64
	mostAllocs float64 // per chunk; 0 is unchecked
}

// tolerance is how far above its goal a ratio fails.
const tolerance = 0.15

// maxRounds is how often the pairs of a reply are measured if the ratio is above its limit. On
// a shared machine, the medians of two rounds differed by up to 0.14. The median of all pairs
// counts.
const maxRounds = 4

const prompt = "Why is the sky blue?"

func contests(t testing.TB, base string) []contest {
	transport := http.DefaultTransport.(*http.Transport).Clone() // the settings of a program that sets nothing
	t.Cleanup(transport.CloseIdleConnections)
	client := &http.Client{Transport: transport}

	openAI := func(path string) *llm.Model {
		p, err := openai.New(openai.Config{BaseURL: base + path, APIKey: "sk-0123456789"})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { p.Close() })
		return llm.New(p, "gpt-4o")
	}
	ollamaModel := func(path string) *llm.Model {
		p, err := ollama.New(ollama.Config{BaseURL: base + path})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { p.Close() })
		return llm.New(p, "llama3.2:1b")
	}
	unstreamed := func(m *llm.Model) func(testing.TB) {
		req := llm.Prompt(prompt)
		req.NonStreaming = true
		return func(t testing.TB) {
			resp, err := m.Generate(context.Background(), req)
			if err != nil {
				t.Fatal(err)
			}
			checkLength(t, len(resp.Text()))
		}
	}
	streamed := func(m *llm.Model) func(testing.TB) {
		return func(t testing.TB) {
			n := 0
			for text, err := range m.Stream(context.Background(), llm.Prompt(prompt)).Text() {
				if err != nil {
					t.Fatal(err)
				}
				n += len(text)
			}
			checkLength(t, n)
		}
	}
	geminiModel := func(path string) *llm.Model {
		p, err := gemini.New(gemini.Config{BaseURL: base + path, APIKey: "AIza-0123456789"})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { p.Close() })
		return llm.New(p, "gemini-2.5-flash")
	}
	anthropicModel := func(path string) *llm.Model {
		p, err := anthropic.New(anthropic.Config{BaseURL: base + path, APIKey: "sk-ant-0123456789"})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { p.Close() })
		return llm.New(p, "claude-sonnet-5")
	}
	responses := func(path string) *llm.Model {
		p, err := openai.New(openai.Config{API: openai.APIResponses, BaseURL: base + path, APIKey: "sk-0123456789"})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { p.Close() })
		return llm.New(p, "gpt-4o")
	}
	floor := func(path string, f format) func(testing.TB) {
		return func(t testing.TB) {
			n := 0
			if err := floorStream(client, newRequest(t, base+path, true), f, func(text string) { n += len(text) }); err != nil {
				t.Fatal(err)
			}
			checkLength(t, n)
		}
	}
	whole := func(path string, new func() interface{ answer() (string, bool) }) func(testing.TB) {
		return func(t testing.TB) {
			text, err := floorWhole(client, newRequest(t, base+path, false), new())
			if err != nil {
				t.Fatal(err)
			}
			checkLength(t, len(text))
		}
	}
	limited := withChain(t, base)
	return []contest{
		{"OpenAI, 1000 chunks", 1000, 80, floor("/openai/1000/chat/completions", openAIFormat), streamed(openAI("/openai/1000")), 0.5, 0.25},
		{"OpenAI, 5 chunks", 5, 400, floor("/openai/5/chat/completions", openAIFormat), streamed(openAI("/openai/5")), 1.25, 0},
		{"OpenAI, 1 chunk", 1, 400, floor("/openai/1/chat/completions", openAIFormat), streamed(openAI("/openai/1")), 1.25, 0},
		{"Ollama, 1000 chunks", 1000, 80, floor("/ollama/1000/api/chat", ollamaFormat), streamed(ollamaModel("/ollama/1000")), 0.6, 0.25},
		{"Ollama, 5 chunks", 5, 400, floor("/ollama/5/api/chat", ollamaFormat), streamed(ollamaModel("/ollama/5")), 1.25, 0},
		{"Ollama, 1 chunk", 1, 400, floor("/ollama/1/api/chat", ollamaFormat), streamed(ollamaModel("/ollama/1")), 1.25, 0},
		{"Gemini, 1000 chunks", 1000, 80, floor(geminiPath("1000"), geminiFormat), streamed(geminiModel("/gemini/1000")), 0.5, 0.25},
		{"Gemini, 5 chunks", 5, 400, floor(geminiPath("5"), geminiFormat), streamed(geminiModel("/gemini/5")), 1.25, 0},
		{"Gemini, 1 chunk", 1, 400, floor(geminiPath("1"), geminiFormat), streamed(geminiModel("/gemini/1")), 1.25, 0},
		{"Anthropic, 1000 chunks", 1000, 80, floor("/anthropic/1000/v1/messages", anthropicFormat), streamed(anthropicModel("/anthropic/1000")), 0.6, 0.25},
		{"Anthropic, 5 chunks", 5, 400, floor("/anthropic/5/v1/messages", anthropicFormat), streamed(anthropicModel("/anthropic/5")), 1.25, 0},
		{"Anthropic, 1 chunk", 1, 400, floor("/anthropic/1/v1/messages", anthropicFormat), streamed(anthropicModel("/anthropic/1")), 1.25, 0},
		{"Responses, 1000 chunks", 1000, 80, floor("/responses/1000/responses", responsesFormat), streamed(responses("/responses/1000")), 0.6, 0.25},
		{"Responses, 5 chunks", 5, 400, floor("/responses/5/responses", responsesFormat), streamed(responses("/responses/5")), 1.25, 0},
		{"Responses, 1 chunk", 1, 400, floor("/responses/1/responses", responsesFormat), streamed(responses("/responses/1")), 1.25, 0},
		{"Responses, unstreamed", 0, 400, whole("/whole/responses", func() interface{ answer() (string, bool) } { return new(responsesWhole) }), unstreamed(responses("/whole/responses")), 1.15, 0},
		{"Anthropic, unstreamed", 0, 400, whole("/whole/anthropic/v1/messages", func() interface{ answer() (string, bool) } { return new(anthropicWhole) }), unstreamed(anthropicModel("/whole/anthropic")), 1.15, 0},
		{"OpenAI, unstreamed", 0, 400, whole("/whole/openai", func() interface{ answer() (string, bool) } { return new(openAIWhole) }), unstreamed(openAI("/whole/openai")), 1.15, 0},
		{"Ollama, unstreamed", 0, 400, whole("/whole/ollama", func() interface{ answer() (string, bool) } { return new(ollamaWhole) }), unstreamed(ollamaModel("/whole/ollama")), 1.15, 0},
		{"Gemini, unstreamed", 0, 400, whole("/whole/gemini", func() interface{ answer() (string, bool) } { return new(geminiWhole) }), unstreamed(geminiModel("/whole/gemini")), 1.15, 0},
		{"OpenAI, 1000 chunks, chain", 1000, 80, floor("/openai/1000/chat/completions", openAIFormat), streamed(limited.openAI), 0.65, 0.25},
		{"Ollama, 1000 chunks, chain", 1000, 80, floor("/ollama/1000/api/chat", ollamaFormat), streamed(limited.ollama), 0.75, 0.25},
		{"Gemini, 1000 chunks, chain", 1000, 80, floor(geminiPath("1000"), geminiFormat), streamed(limited.gemini), 0.65, 0.25},
	}
}

// missedGoals has the limits of the replies that have not reached their goals yet. The limits
// keep them from getting slower. Remove a row when its reply has reached its goal.
var missedGoals = map[string]float64{
	"Responses, 1000 chunks": 0.95,
	"Responses, 5 chunks":    1.65,
	"Responses, 1 chunk":     1.6,
}

// geminiPath returns the path of chats in Gemini's API, for a reply with the given number
// of chunks.
func geminiPath(chunks string) string {
	return "/gemini/" + chunks + "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse"
}

func newRequest(t testing.TB, url string, stream bool) *http.Request {
	body, err := json.Marshal(map[string]any{
		"model": "gpt-4o", "stream": stream, "messages": []map[string]string{{"role": "user", "content": prompt}},
	})
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequest(http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer sk-0123456789")
	return req
}

func checkLength(t testing.TB, n int) {
	if n == 0 {
		t.Fatal("the answer is empty")
	}
}

func TestCostBesideTheFloor(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector changes the cost of everything; run without -race")
	}
	pairs, timed := 31, true
	switch long, err := strconv.Atoi(os.Getenv("PARLEY_COST")); {
	case os.Getenv("PARLEY_COST") == "":
		pairs, timed = 3, false
	case err != nil || long < 1:
		t.Fatalf("PARLEY_COST is %q, want a factor for the number of measurements", os.Getenv("PARLEY_COST"))
	default:
		pairs *= long
	}
	for _, c := range contests(t, startServer(t)) {
		c.floor(t)
		c.ours(t)
		limit := max(c.goal+tolerance, missedGoals[c.name])
		var ratios, ours, floors []float64
		var ratio float64
		for round := 1; round == 1 || timed && ratio > limit && round <= maxRounds; round++ {
			for range pairs {
				f := processorTime(t, c.calls, c.floor)
				o := processorTime(t, c.calls, c.ours)
				ratios, floors, ours = append(ratios, o/f), append(floors, f), append(ours, o)
			}
			ratio = median(ratios)
		}
		unit, per := "call", 1.0
		if c.chunks > 0 {
			unit, per = "chunk", float64(c.chunks)
		}
		allocs, bytes := allocations(t, c.ours)
		floorAllocs, _ := allocations(t, c.floor)
		t.Logf("%-26s floor %8.0f ns a %s, ours %8.0f ns: ratio %.2f (%.2f to %.2f; goal %.2f); %.2f allocs and %.0f B a %s (floor %.2f)",
			c.name, median(floors)/per, unit, median(ours)/per, ratio, slices.Min(ratios), slices.Max(ratios), c.goal,
			allocs/per, bytes/per, unit, floorAllocs/per)
		if c.mostAllocs > 0 && allocs/per > c.mostAllocs {
			t.Errorf("%s: %.2f allocations a chunk, want at most %.2f", c.name, allocs/per, c.mostAllocs)
		}
		if timed && ratio > limit {
			t.Errorf("%s: %.2f times the floor's processor time, the limit is %.2f and the goal %.2f", c.name, ratio, limit, c.goal)
		}
	}
}

// processorTime returns the processor time of a call in nanoseconds, including the kernel
// and the garbage collector.
func processorTime(t testing.TB, calls int, f func(testing.TB)) float64 {
	runtime.GC()
	return float64(cputime.Of(t, func() {
		for range calls {
			f(t)
		}
	})) / float64(calls)
}

// allocations returns the allocations and bytes of a call.
func allocations(t testing.TB, f func(testing.TB)) (n, bytes float64) {
	const calls = 10
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range calls {
		f(t)
	}
	runtime.ReadMemStats(&after)
	return float64(after.Mallocs-before.Mallocs) / calls, float64(after.TotalAlloc-before.TotalAlloc) / calls
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

// The comparison is only fair if the floor detects incomplete answers.
func TestFloorNoticesWhatIsNoAnswer(t *testing.T) {
	const text = `data: {"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":null}]}` + "\n\n"
	const line = `{"message":{"role":"assistant","content":"Hi"},"done":false}` + "\n"
	for name, tt := range map[string]struct {
		body   string
		format format
	}{
		"an event stream that is cut":     {text, openAIFormat},
		"an event stream cut in a line":   {text + text[:40], openAIFormat},
		"an error as data":                {text + `data:{"error":{"message":"boom"}}` + "\n\n", openAIFormat},
		"an error event":                  {text + "event: error\ndata: {\"message\":\"boom\"}\n\ndata: [DONE]\n\n", openAIFormat},
		"NDJSON that is cut":              {line, ollamaFormat},
		"NDJSON cut in a line":            {line + line[:len(line)-4], ollamaFormat},
		"an error as a line":              {line + `{"error":"boom"}` + "\n", ollamaFormat},
		"an error as a line, after a key": {line + `{"model":"m", "error" : {"message":"boom"},"done":true}` + "\n", ollamaFormat},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, tt.body) }))
		if err := floorStream(server.Client(), newRequest(t, server.URL, true), tt.format, func(string) {}); err == nil {
			t.Errorf("%s is accepted as a complete answer", name)
		}
		server.Close()
	}
}

// The comparison is only fair if the floor is correct.
func TestFloorReadsWhatWasSent(t *testing.T) {
	var want strings.Builder
	for i := range 1000 {
		var word string
		if err := json.Unmarshal([]byte(`"`+words[i%len(words)]+`"`), &word); err != nil {
			t.Fatal(err)
		}
		want.WriteString(word)
	}
	for _, tt := range []struct {
		path   string
		format format
	}{{"/openai/1000", openAIFormat}, {"/ollama/1000", ollamaFormat}, {geminiPath("1000"), geminiFormat}} {
		var got strings.Builder
		req := newRequest(t, startServer(t)+tt.path, true)
		if err := floorStream(http.DefaultClient, req, tt.format, func(text string) { got.WriteString(text) }); err != nil {
			t.Fatal(err)
		}
		if got.String() != want.String() {
			t.Errorf("%s: the floor reads %.60q…, want %.60q…", tt.path, got.String(), want.String())
		}
	}
}
