package openai_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/parley-llm/parley/internal/providertest"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/openai"
)

// ending is how a body ends that is cut.
type ending string

const (
	cleanEnd ending = "clean end" // as if it had been whole: the connection closes, and no length was promised
	reset    ending = "reset"     // in the middle of what was promised
)

// serveCut answers every connection with the first n bytes of a body, ended in
// that way. The values of n come from cuts, one for each connection.
func serveCut(listener net.Listener, body string, end ending, cuts <-chan int) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		n := <-cuts
		if req, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
			io.Copy(io.Discard, req.Body)
		}
		header := "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n"
		if end == reset {
			header += fmt.Sprintf("Content-Length: %d\r\n", len(body)+1)
		}
		io.WriteString(conn, header+"\r\n"+body[:n])
		if tcp, ok := conn.(*net.TCPConn); ok && end == reset {
			tcp.SetLinger(0) // a real reset
		}
		conn.Close()
	}
}

// reading is what an independent reading of the first bytes of a body gives.
type reading struct {
	text     string // of the frames that are whole
	ended    bool   // a finish reason, or [DONE] after content
	hasUsage bool
	calls    int // tool calls that are whole if the answer is
}

// read reads what there is of a body whose frames are "data: JSON\n\n". At a
// clean end a frame counts that lacks its newlines; at a reset it does not.
func read(t testing.TB, body string, end ending) reading {
	t.Helper()
	var r reading
	frames := strings.Split(body, "\n\n")
	for i, frame := range frames {
		if i == len(frames)-1 && end == reset {
			break
		}
		data, isData := strings.CutPrefix(strings.TrimSuffix(frame, "\n"), "data:")
		data = strings.TrimPrefix(data, " ")
		if data == "[DONE]" {
			r.ended = r.ended || r.text != "" || r.calls > 0
			break
		}
		var c struct {
			Choices []struct {
				Delta struct {
					Content   string
					ToolCalls []struct{ ID string } `json:"tool_calls"`
				}
				FinishReason string `json:"finish_reason"`
			}
			Usage map[string]any
		}
		if !isData || json.Unmarshal([]byte(data), &c) != nil {
			continue
		}
		r.hasUsage = r.hasUsage || len(c.Usage) > 0
		for _, choice := range c.Choices {
			r.text += choice.Delta.Content
			r.ended = r.ended || choice.FinishReason != ""
			for _, call := range choice.Delta.ToolCalls {
				if call.ID != "" {
					r.calls++
				}
			}
		}
	}
	return r
}

// checkCut asks a model whose answer is cut after n bytes, and compares what
// comes of it with an independent reading of those bytes.
func checkCut(t testing.TB, m *llm.Model, body string, n int, end ending) {
	t.Helper()
	where := fmt.Sprintf("cut at byte %d of %d (%s), after %q", n, len(body), end, body[max(0, n-40):n])
	want := read(t, body[:n], end)
	s := m.Stream(context.Background(), llm.Prompt("hi"))
	var err error
	var last llm.EventType
	for ev, failed := range s.Events() {
		if last == llm.EventDone {
			t.Fatalf("%s: after the last event there is one of type %v, and the error %v", where, ev.Type, failed)
		}
		last, err = ev.Type, failed
	}
	resp := s.Response()
	if !want.ended {
		if llm.KindOf(err) != llm.Incomplete {
			t.Fatalf("%s: the error is %v, want one of kind %q", where, err, llm.Incomplete)
		}
		if calls := resp.ToolCalls(); len(calls) > 0 {
			t.Fatalf("%s: an incomplete answer has the tool calls %v", where, calls)
		}
	} else {
		if err != nil {
			t.Fatalf("%s: the answer had ended, and the error is %v", where, err)
		}
		if len(resp.ToolCalls()) != want.calls {
			t.Fatalf("%s: the answer has the tool calls %v, want %d", where, resp.ToolCalls(), want.calls)
		}
		if known := !resp.Usage.IsZero(); known != want.hasUsage {
			t.Fatalf("%s: the usage is known: %t, want %t", where, known, want.hasUsage)
		}
		var warnings []llm.Warning
		if !want.hasUsage {
			warnings = []llm.Warning{usageUnknown}
		}
		if !slices.Equal(resp.Warnings, warnings) {
			t.Fatalf("%s: the warnings are %v, want %v", where, resp.Warnings, warnings)
		}
	}
	if got := resp.Text(); got != want.text {
		t.Fatalf("%s: the text is %q, want %q", where, got, want.text)
	}
}

// cutBodies are bodies of less than 4 KB, each with another way to end.
var cutBodies = map[string]string{
	"text":      events(chunk(`"role":"assistant","content":""`), text("Hel"), text("lo"), text(" wörld 🦙"), text("!"), finish("stop"), usage, done),
	"no [DONE]": events(text("a"), text("b"), text("c"), `{"choices":[{"index":0,"delta":{"content":"d"},"finish_reason":"length"}],"usage":{"prompt_tokens":7,"completion_tokens":5}}`),
	"no finish": events(text("a"), text("b"), usage, done),
	"tool calls": events(
		calls(`{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":""}}`), calls(`{"index":0,"function":{"arguments":"{\"x\""}}`),
		calls(`{"index":0,"function":{"arguments":":1}"}}`), calls(`{"index":1,"id":"b","type":"function","function":{"name":"g","arguments":"{}"}}`),
		finish("tool_calls"), usage, done),
	"reasoning": events(chunk(`"reasoning_content":"h"`), chunk(`"reasoning_content":"m"`), text("a"), finish("stop"), usage, done),
	"one line":  events(`{"choices":[{"index":0,"delta":{"content":"answer"},"finish_reason":"stop"}]}`),
}

func TestAnswerCutAtEveryByte(t *testing.T) {
	for name, body := range cutBodies {
		for _, end := range []ending{cleanEnd, reset} {
			t.Run(name+", "+string(end), func(t *testing.T) {
				if len(body) > 4<<10 {
					t.Fatalf("the body has %d bytes: too many for every one of them", len(body))
				}
				var all []int
				for n := range len(body) + 1 {
					all = append(all, n)
				}
				synctest.Test(t, func(t *testing.T) { cutAt(t, body, end, all) })
			})
		}
	}
}

// cutAt cuts a body at each of these places, over a network in memory.
func cutAt(t *testing.T, body string, end ending, places []int) {
	t.Helper()
	cuts := make(chan int, 1)
	network := providertest.NewPipeNet()
	defer network.Close()
	go serveCut(network, body, end, cuts)
	m := llm.New(provider(t, openai.Config{
		BaseURL:    "http://server.test/v1",
		HTTPClient: &http.Client{Transport: &http.Transport{DialContext: network.Dial}},
	}), "m")
	for _, n := range places {
		cuts <- n
		checkCut(t, m, body, n, end)
	}
}

// longBody is an answer of more than 4 KB with frames of all sizes.
func longBody() string {
	rng := rand.New(rand.NewPCG(1, 2))
	data := []string{chunk(`"role":"assistant","content":""`)}
	for range 60 {
		data = append(data, text(strings.Repeat("wörd ", rng.IntN(60))))
	}
	return events(append(data, text(strings.Repeat("x", 6<<10)), finish("stop"), usage, done)...)
}

// offsets are where a long body is cut: around every frame's edges, and at
// random places.
func offsets(body string, random int) []int {
	var cuts []int
	for i := 0; i < len(body); {
		j := strings.Index(body[i:], "\n\n")
		if j < 0 {
			break
		}
		i += j + 2
		cuts = append(cuts, i-3, i-2, i-1, i, i+1)
	}
	rng := rand.New(rand.NewPCG(3, 4))
	for range random {
		cuts = append(cuts, rng.IntN(len(body)+1))
	}
	slices.Sort(cuts)
	return slices.DeleteFunc(slices.Compact(cuts), func(n int) bool { return n < 0 || n > len(body) })
}

func TestLongAnswerCutAtEdgesAndAnywhere(t *testing.T) {
	body := longBody()
	for _, end := range []ending{cleanEnd, reset} {
		t.Run(string(end), func(t *testing.T) {
			all := offsets(body, 200)
			synctest.Test(t, func(t *testing.T) { cutAt(t, body, end, all) })
			t.Logf("%d bytes cut at %d places", len(body), len(all))
		})
	}
}

func TestAnswerCutOverRealSockets(t *testing.T) {
	body := cutBodies["text"]
	for _, end := range []ending{cleanEnd, reset} {
		t.Run(string(end), func(t *testing.T) {
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			cuts := make(chan int, 1)
			served := make(chan struct{})
			go func() {
				defer close(served)
				serveCut(listener, body, end, cuts)
			}()
			t.Cleanup(func() { listener.Close(); <-served })
			m := llm.New(provider(t, openai.Config{BaseURL: "http://" + listener.Addr().String()}), "m")
			for n := 0; n <= len(body); n += 37 {
				cuts <- n
				if end == reset {
					checkReset(t, m, body, n)
				} else {
					checkCut(t, m, body, n, end)
				}
			}
		})
	}
}

// checkReset is checkCut for a real reset, which may overtake what was sent
// before it: there may be less than those bytes, even no reply, and never more.
func checkReset(t testing.TB, m *llm.Model, body string, n int) {
	t.Helper()
	want := read(t, body[:n], reset)
	resp, err := m.Generate(context.Background(), llm.Prompt("hi"))
	if err == nil {
		if !want.ended || resp.Text() != want.text {
			t.Fatalf("reset after byte %d: the answer is complete with the text %q, want an error", n, resp.Text())
		}
		return
	}
	kind := llm.KindOf(err)
	e := wantError(t, err, kind)
	if kind != llm.Incomplete && (kind != llm.Network || e.Partial != nil) {
		t.Fatalf("reset after byte %d: the error is %v, want an incomplete reply, or none", n, err)
	}
	if e.Partial != nil && !strings.HasPrefix(want.text, e.Partial.Text()) {
		t.Fatalf("reset after byte %d: the partial text is %q, which does not begin %q", n, e.Partial.Text(), want.text)
	}
}

func TestUnstreamedAnswerCutAtEveryByte(t *testing.T) {
	body := whole(`{"role":"assistant","content":"Hi","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}]}`, `"tool_calls"`, wholeUsage)
	n := 0
	models := map[string]*llm.Model{
		"clean end": model(t, openai.Config{}, func(w http.ResponseWriter, r *http.Request) {
			says(200, "application/json", body[:n])(w, r)
		}),
		"shorter than its length": piped(t, openai.Config{}, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", fmt.Sprint(len(body)))
			says(200, "application/json", body[:n])(w, r)
		}),
	}
	for ; n < len(body); n++ {
		for name, m := range models {
			resp, err := m.Generate(t.Context(), &llm.Request{Messages: hi, NonStreaming: true})
			if err == nil || llm.KindOf(err) != llm.Incomplete {
				t.Fatalf("cut at byte %d (%s): the answer is %v and the error %v, want one of kind %q", n, name, resp, err, llm.Incomplete)
			}
		}
	}
}
