package middleware_test

import (
	"context"
	"flag"
	"fmt"
	"math"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"text/tabwriter"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/trace"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
	"github.com/parley-llm/parley/llm/llmtest/conformance"
	"github.com/parley-llm/parley/llm/middleware"
	"github.com/parley-llm/parley/llm/otel"
	"github.com/parley-llm/parley/providers/openai"
)

var update = flag.Bool("update", false, "write the table of testdata/matrix.txt and the plot of docs/outage.svg anew")

// matrixFile shows the effect of every piece on every fault. A cell is
//
//	2 aSttD 0.5s        two requests to the faulty server; an attempt, a start, two texts, done; within half a second
//	1 St!incomplete…    one request; a start, a text, and then an error of that kind
//
// and "=" if the piece changes nothing. The events are S start, t text, E result, W warning,
// A attempt, R reset, D done. Waits are rounded up to half a second to hide their jitter.
const matrixFile = "testdata/matrix.txt"

// tracing and metering discard the data of telemetry.
var (
	tracing  = trace.NewTracerProvider()
	metering = metric.NewMeterProvider(metric.WithReader(metric.NewManualReader()))
)

// column is one piece of middleware in the matrix.
type column struct {
	name     string
	settings func(other *llm.Model) piece
}

var columns = []column{
	{"none", nil},
	{"timeout", func(*llm.Model) piece { return &middleware.Timeout{FirstEvent: 5 * time.Second, Idle: 5 * time.Second} }},
	{"retry", func(*llm.Model) piece { return &middleware.Retry{} }},
	{"fallback", func(other *llm.Model) piece {
		return &middleware.Fallback{To: []middleware.FallbackTarget{{Model: other}}}
	}},
	{"balance", func(other *llm.Model) piece {
		return &middleware.Balance{Over: []middleware.Backend{{}, {Model: other}}}
	}},
	{"keys", func(*llm.Model) piece { return &middleware.Keys{Keys: []llm.Secret{"a", "b"}} }},
	{"hedge", func(*llm.Model) piece { return &middleware.Hedge{Initial: time.Second, MaxShare: 1} }},
	{"breaker", func(*llm.Model) piece { return &middleware.Breaker{Failures: 1} }},
	{"ratelimit", func(*llm.Model) piece { return &middleware.RateLimit{Requests: 60, Tokens: 60000} }},
	{"concurrency", func(*llm.Model) piece { return &middleware.Concurrency{Max: 1} }},
	{"budget", func(*llm.Model) piece { return &middleware.Budget{PerProcess: 1e9, Prices: prices} }},
	{"cache", func(*llm.Model) piece { return &middleware.Cache{Sampled: true} }},
	{"log", func(*llm.Model) piece { return &middleware.Log{Logger: discard} }},
	{"telemetry", func(*llm.Model) piece { return &otel.Telemetry{TracerProvider: tracing, MeterProvider: metering} }},
	{"trim", func(*llm.Model) piece { return &middleware.Trim{ContextWindow: 8000} }},
	{"resume", func(*llm.Model) piece { return &middleware.Resume{} }},
	{"chain", func(other *llm.Model) piece {
		return &middleware.Chain{
			Log: &middleware.Log{Logger: discard}, Cache: &middleware.Cache{Sampled: true},
			Timeout: &middleware.Timeout{FirstEvent: 5 * time.Second, Idle: 5 * time.Second, Total: time.Minute},
			Trim:    &middleware.Trim{ContextWindow: 8000}, Budget: &middleware.Budget{PerProcess: 1e9, Prices: prices},
			Resume: &middleware.Resume{}, Fallback: &middleware.Fallback{To: []middleware.FallbackTarget{{Model: other}}},
			Retry: &middleware.Retry{}, Breaker: &middleware.Breaker{}, RateLimit: &middleware.RateLimit{Requests: 600},
			Concurrency: &middleware.Concurrency{Max: 1},
		}
	}},
}

// fault is a fault of the first reply. All further replies are good.
type fault struct {
	name string
	make func(good llmtest.HTTPReply) llmtest.HTTPReply
}

// faults returns the faults before any content, and those after some content.
func faults() (before, after []fault) {
	d := conformance.OpenAI()
	refuse := func(e llm.Error) func(llmtest.HTTPReply) llmtest.HTTPReply {
		return func(llmtest.HTTPReply) llmtest.HTTPReply { return d.ErrorReply(&e) }
	}
	always := func(w llmtest.HTTPReply) func(llmtest.HTTPReply) llmtest.HTTPReply {
		return func(llmtest.HTTPReply) llmtest.HTTPReply { return w }
	}
	inStream := d.ErrorFrames(&llm.Error{Message: "the engine has crashed", Code: "server_error"})[0].Data
	before = []fault{
		{"none", func(good llmtest.HTTPReply) llmtest.HTTPReply { return good }},
		{"400", refuse(llm.Error{Status: 400, Message: "bad"})},
		{"400 too long", refuse(llm.Error{Status: 400, Code: "context_length_exceeded", Message: "too long"})},
		{"401", refuse(llm.Error{Status: 401, Message: "who?"})},
		{"408", refuse(llm.Error{Status: 408, Message: "slow"})},
		{"409", refuse(llm.Error{Status: 409, Message: "conflict"})},
		{"429 in 2s", refuse(llm.Error{Status: 429, Message: "slow down", RetryAfter: 2 * time.Second})},
		{"429 in 61s", refuse(llm.Error{Status: 429, Message: "slow down", RetryAfter: 61 * time.Second})},
		{"429 quota", refuse(llm.Error{Status: 429, Code: "insufficient_quota", Message: "pay"})},
		{"500 empty", always(llmtest.Empty(http.StatusInternalServerError))},
		{"503", refuse(llm.Error{Status: 503, Message: "busy"})},
		{"503 don't retry", always(d.ErrorReply(&llm.Error{Status: 503, Message: "busy"}).WithHeader("X-Should-Retry", "false"))},
		{"web page", always(llmtest.WebPage())},
		{"hang up", always(llmtest.HangUp())},
		{"not HTTP", always(llmtest.NotHTTP("SSH-2.0-OpenSSH\r\n"))},
		{"silence", always(llmtest.NoResponse())},
		{"slow, 3s", func(good llmtest.HTTPReply) llmtest.HTTPReply { return good.SlowHeader(3 * time.Second) }},
		{"stall at 0", func(good llmtest.HTTPReply) llmtest.HTTPReply { return good.Stall(0) }},
		{"reset at 0", func(good llmtest.HTTPReply) llmtest.HTTPReply { return good.CutReset(0) }},
		{"clean end at 0", func(good llmtest.HTTPReply) llmtest.HTTPReply { return good.CutClean(0) }},
	}
	middle := func(good llmtest.HTTPReply) int { // after the first text of a stream, or in the middle of another body
		frames := good.Frames()
		if len(frames) < 3 {
			return len(good.Body) / 2
		}
		return len(frames[0]) + len(frames[1])
	}
	after = []fault{
		{"reset", func(good llmtest.HTTPReply) llmtest.HTTPReply { return good.CutReset(middle(good)) }},
		{"reset in a frame", func(good llmtest.HTTPReply) llmtest.HTTPReply { return good.CutReset(middle(good) + 9) }},
		{"clean end", func(good llmtest.HTTPReply) llmtest.HTTPReply { return good.CutClean(middle(good)) }},
		{"stall", func(good llmtest.HTTPReply) llmtest.HTTPReply { return good.Stall(middle(good)) }},
		{"garbage", func(good llmtest.HTTPReply) llmtest.HTTPReply {
			return good.Insert(middle(good), "data: {\"choices\": oops\n\n")
		}},
		{"error in it", func(good llmtest.HTTPReply) llmtest.HTTPReply {
			return good.CutClean(middle(good)).Insert(1<<30, inStream)
		}},
		{"slow pieces, 2s", func(good llmtest.HTTPReply) llmtest.HTTPReply { return good.Pace(2 * time.Second) }},
	}
	return before, after
}

// mode is a kind of call, with a good reply of the server.
type mode struct {
	name string
	good llmtest.HTTPReply
	call *llm.Call
}

func modes() []mode {
	d := conformance.OpenAI()
	hello := d.Stream(llmtest.Text("Hel", "lo").Usage(3, 2))
	remote := llm.Prompt("Hi")
	remote.Options = []llm.Options{openai.Options{CountBy: openai.CountRemote}}
	vector := d.Whole(llmtest.Embedding([]float32{1, 0.5}).Usage(1, 0))
	return []mode{
		{"streamed chat", hello, &llm.Call{Op: llm.OpChat, Request: llm.Prompt("Hi")}},
		{"whole chat", hello, &llm.Call{Op: llm.OpChat, Request: llm.Prompt("Hi"), Buffered: true}},
		{"embedding", vector, &llm.Call{Op: llm.OpEmbed, Embed: &llm.EmbedRequest{Inputs: []string{"Hi"}}, Buffered: true}},
		{"token count", llmtest.JSON(200, `{"object":"response.input_tokens","input_tokens":7}`),
			&llm.Call{Op: llm.OpCountTokens, Request: remote, Buffered: true}},
	}
}

// Every piece, with every fault before and after content, for every kind of call.
func TestMatrixOfMiddlewareAndFaults(t *testing.T) {
	var table strings.Builder
	for _, m := range modes() {
		fmt.Fprintf(&table, "%s\n\n", strings.ToUpper(m.name))
		w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
		fmt.Fprint(w, "fault")
		for _, c := range columns {
			fmt.Fprintf(w, "\t%s", c.name)
		}
		fmt.Fprintln(w)
		before, after := faults()
		for _, f := range slices.Concat(before, after) {
			fmt.Fprint(w, f.name)
			alone := ""
			for _, c := range columns {
				var cell string
				t.Run(m.name+"/"+f.name+"/"+c.name, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) { cell = meet(t, m, f, c) })
				})
				switch {
				case c.settings == nil:
					alone = cell
				case cell == alone:
					cell = "="
				}
				fmt.Fprintf(w, "\t%s", cell)
			}
			fmt.Fprintln(w)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(&table)
	}
	got := trimLines(table.String())
	if *update {
		if err := os.WriteFile(matrixFile, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(matrixFile)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("the table of %s differs; if that is meant, write it anew with -update (-want +got):\n%s", matrixFile, d)
	}
}

func trimLines(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	return b.String()
}

// meet returns the cell for a piece and a fault. The bubble of synctest fails the test if a
// goroutine is left running.
func meet(t *testing.T, m mode, f fault, c column) string {
	srv := llmtest.NewServer(t)
	srv.Handle(func(*llmtest.Request) llmtest.HTTPReply {
		if len(srv.Requests()) == 1 {
			return f.make(m.good)
		}
		return m.good
	})
	model := overHTTP(t, srv)
	if c.settings != nil {
		model = model.With(use(t, c.settings(replica(t, m))))
	}
	begun := time.Now()
	events, content, err := letters(model.Do(t.Context(), m.call))
	took := time.Since(begun)
	requests := len(srv.Requests())

	if err != nil && content && !m.call.Buffered && requests > 1 && c.name != "hedge" {
		t.Errorf("a call was made again after content, and failed all the same: %s", events)
	}
	if err == nil && strings.Count(events, "D") != 1 {
		t.Errorf("the answer is not whole, or more than that: %s", events)
	}
	srv.Client().CloseIdleConnections()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := srv.WaitClosed(ctx); err != nil {
		t.Errorf("100 ms after the call: %v", err)
	}

	cell := fmt.Sprintf("%d %s", requests, events)
	if err != nil {
		cell += "!" + string(llm.KindOf(err))
	}
	if half := math.Ceil(took.Seconds()*2) / 2; half > 0 {
		cell += fmt.Sprintf(" %gs", half)
	}
	return cell
}

// replica returns a model on another server that gives a good reply to such calls.
func replica(t *testing.T, m mode) *llm.Model {
	srv := llmtest.NewServer(t)
	srv.Handle(func(*llmtest.Request) llmtest.HTTPReply { return m.good })
	t.Cleanup(srv.Client().CloseIdleConnections)
	return overHTTP(t, srv, llm.WithName("replica"))
}

// letters returns the events in the notation of the table.
func letters(events llm.Events) (said string, content bool, last error) {
	var b strings.Builder
	for ev, err := range events {
		if err != nil {
			return b.String(), content, err
		}
		content = content || ev.Type.Content()
		b.WriteString(map[llm.EventType]string{
			llm.EventText: "t", llm.EventStart: "S", llm.EventWarning: "W", llm.EventAttempt: "A",
			llm.EventReset: "R", llm.EventResult: "E", llm.EventDone: "D",
		}[ev.Type])
	}
	return b.String(), content, nil
}
