package peers

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
)

// words are the pieces of the answer.
var words = []string{"The sky ", "is blue ", "because of ", "Rayleigh ", "scattering."}

// fault is a fault of the server or the connection, or an unusual but valid reply.
type fault struct {
	name string
	// pieces are the pieces of the answer. The default is words.
	pieces []string
	// wire changes the reply. frames has one frame for each piece, and more for the end.
	wire func(t *testing.T, c *client, frames [][]byte) llmtest.HTTPReply
	// say describes a further property of an error.
	say func(err error) string
	// kind is the expected kind of this library's error.
	kind llm.Kind
}

// crash is the error that servers send inside a stream.
var crash = &llm.Error{Kind: llm.Server, Message: "the engine has stalled"}

var faults = []fault{
	{name: "no fault", wire: whole},
	{name: "the stream ends after half of the chunks", kind: llm.Incomplete, wire: func(_ *testing.T, c *client, frames [][]byte) llmtest.HTTPReply { return stream(c, half(frames)) }},
	{name: "the stream ends inside a chunk", kind: llm.Incomplete, wire: func(_ *testing.T, c *client, frames [][]byte) llmtest.HTTPReply {
		w := stream(c, half(frames))
		return w.CutClean(len(w.Body) - 20)
	}},
	{name: "the connection is reset after half of the chunks", kind: llm.Incomplete, wire: func(_ *testing.T, c *client, frames [][]byte) llmtest.HTTPReply {
		w := stream(c, half(frames))
		return w.CutReset(len(w.Body))
	}},
	{name: "an error frame after half of the chunks", kind: crash.Kind, wire: func(_ *testing.T, c *client, frames [][]byte) llmtest.HTTPReply {
		broken := append(half(frames), []byte(c.dialect.ErrorFrames(crash)[0].Data))
		if c.list {
			broken[len(broken)-1] = append(append([]byte(",\r\n"), c.dialect.RenderError(crash)...), ']')
		}
		return stream(c, broken)
	}, say: says("the engine has stalled", "with the reason", "without the reason")},
	{name: "no newline after the last line", wire: func(_ *testing.T, c *client, frames [][]byte) llmtest.HTTPReply {
		w := stream(c, frames)
		w.Body = bytes.TrimRight(w.Body, "\n")
		return w
	}},
	{name: "400 keep-alive comments", wire: func(_ *testing.T, c *client, frames [][]byte) llmtest.HTTPReply {
		w := stream(c, frames)
		if c.dialect.StreamType != "text/event-stream" || c.list {
			return w.Insert(0, strings.Repeat("\n", 400)) // NDJSON and JSON lists have no comments
		}
		return w.Insert(0, strings.Repeat(": ping\n\n", 400))
	}},
	{name: "a chunk of 2 MB", pieces: []string{words[0], strings.Repeat("x", 2<<20), words[1]}, wire: whole},
	{name: "an HTML page with status 200", kind: llm.Protocol, wire: func(*testing.T, *client, [][]byte) llmtest.HTTPReply { return llmtest.WebPage() }},
	{name: "status 500 without a body", kind: llm.Server, wire: func(*testing.T, *client, [][]byte) llmtest.HTTPReply { return llmtest.Empty(500) }},
	{name: "status 429 with Retry-After: 37", kind: llm.RateLimited, wire: func(_ *testing.T, c *client, _ [][]byte) llmtest.HTTPReply {
		return c.dialect.ErrorReply(&llm.Error{Status: 429, Message: "slow down", RetryAfter: 37 * time.Second})
	}, say: says("37", "with the wait time", "without the wait time")},
	{name: "an error reply that contains the API key", kind: llm.InvalidRequest, wire: func(_ *testing.T, c *client, _ [][]byte) llmtest.HTTPReply {
		return c.dialect.ErrorReply(&llm.Error{Status: 400, Message: "no such key: " + key})
	}, say: says(key, "with the key", "without the key")},
}

// says returns a function that checks whether the text of an error contains want, and
// returns yes or no accordingly.
func says(want, yes, no string) func(error) string {
	return func(err error) string {
		if strings.Contains(fmt.Sprintf("%v %+v", err, err), want) {
			return yes
		}
		return no
	}
}

func half(frames [][]byte) [][]byte {
	first := 0
	for i, f := range frames {
		if bytes.Contains(f, []byte(words[0])) {
			first = i
		}
	}
	return append([][]byte{}, frames[:first+2]...) // two chunks of five, and the frames before them
}

// whole is the unchanged reply.
func whole(_ *testing.T, c *client, frames [][]byte) llmtest.HTTPReply { return stream(c, frames) }

// stream is a reply with the given frames.
func stream(c *client, frames [][]byte) llmtest.HTTPReply {
	mediaType := c.dialect.StreamType
	if c.list {
		mediaType = "application/json; charset=UTF-8"
	}
	return llmtest.HTTPReply{Header: http.Header{"Content-Type": {mediaType}}, Body: bytes.Join(frames, nil)}
}

func framesOf(t *testing.T, c *client, r llmtest.Reply) [][]byte {
	if c.list {
		return asList(t, c.dialect, r)
	}
	return c.dialect.Stream(r).Frames()
}

// outcome describes the result that the user of a client gets.
func (f *fault) outcome(t *testing.T, c *client) string {
	pieces := f.pieces
	if pieces == nil {
		pieces = words
	}
	wire := f.wire(t, c, framesOf(t, c, llmtest.Text(pieces...).Usage(12, 34)))
	srv := llmtest.NewLoopbackServer(t)
	srv.Handle(func(*llmtest.Request) llmtest.HTTPReply { return wire })
	text, err := c.ask(t, srv.URL)
	whole := strings.Join(pieces, "")
	if c.ours() {
		f.checkError(t, c, text, err)
	}
	got := "partial text"
	switch {
	case text == "":
		got = "no text"
	case text == whole:
		got = "complete text"
	case !strings.HasPrefix(whole, text):
		got = "wrong text"
	}
	if err == nil {
		if got == "complete text" {
			return got
		}
		return "**" + got + ", reported as success**"
	}
	outcome := got + ", error"
	if f.say != nil {
		outcome += " " + f.say(err)
	}
	return outcome
}

// checkError checks the statements in docs/peers.md about this library's errors: their
// kind, and the partial text that they contain.
func (f *fault) checkError(t *testing.T, c *client, text string, err error) {
	t.Helper()
	if kind := llm.KindOf(err); kind != f.kind {
		t.Errorf("%s, %s: the error is %v of kind %q, want kind %q", c.name, f.name, err, kind, f.kind)
	}
	held := ""
	if e, ok := errors.AsType[*llm.Error](err); ok && e.Partial != nil {
		held = e.Partial.Text()
	}
	if err != nil && held != text {
		t.Errorf("%s, %s: Partial has the text %q, want %q", c.name, f.name, held, text)
	}
}

// TestPeers prints the table, checks this library's results, and compares the table with
// docs/peers.md.
func TestPeers(t *testing.T) {
	for _, name := range []string{"GOOGLE_API_KEY", "GEMINI_API_KEY", "GOOGLE_GEMINI_BASE_URL", "GOOGLE_GENAI_USE_VERTEXAI", "GOOGLE_GENAI_USE_ENTERPRISE"} {
		t.Setenv(name, "") // read by Google's clients
	}
	var table strings.Builder
	table.WriteString("| fault |")
	for _, c := range clients {
		table.WriteString(" " + c.name + " |")
	}
	table.WriteString("\n|" + strings.Repeat(" --- |", len(clients)+1) + "\n")
	for _, f := range faults {
		table.WriteString("| " + f.name + " |")
		for _, c := range clients {
			got := f.outcome(t, &c)
			table.WriteString(" " + got + " |")
			if c.ours() && got != promised[f.name] {
				t.Errorf("%s, %s: %s; want %s", c.name, f.name, got, promised[f.name])
			}
		}
		table.WriteString("\n")
	}
	t.Logf("\n%s", table.String())
	checkDocs(t, table.String())
}

// promised is this library's result for each fault, for every provider.
var promised = map[string]string{
	"no fault": "complete text",
	"the stream ends after half of the chunks":         "partial text, error",
	"the stream ends inside a chunk":                   "partial text, error",
	"the connection is reset after half of the chunks": "partial text, error",
	"an error frame after half of the chunks":          "partial text, error with the reason",
	"no newline after the last line":                   "complete text",
	"400 keep-alive comments":                          "complete text",
	"a chunk of 2 MB":                                  "complete text",
	"an HTML page with status 200":                     "no text, error",
	"status 500 without a body":                        "no text, error",
	"status 429 with Retry-After: 37":                  "no text, error with the wait time",
	"an error reply that contains the API key":         "no text, error without the key",
}

// The markers around the table in docs/peers.md.
const begin, end = "<!-- table: begin -->\n", "<!-- table: end -->"

func checkDocs(t *testing.T, table string) {
	t.Helper()
	file := filepath.Join("..", "..", "..", "docs", "peers.md")
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(data), begin)
	kept, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s does not contain the markers of the table, %q and %q", file, begin, end)
	}
	if os.Getenv("PARLEY_UPDATE") != "" {
		if err := os.WriteFile(file, []byte(before+begin+table+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if kept != table {
		t.Errorf("the table in docs/peers.md differs from the measured one: update it with PARLEY_UPDATE=1")
	}
}
