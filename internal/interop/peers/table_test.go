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

// fault is something that goes wrong, or that looks odd and is right.
type fault struct {
	name string
	// pieces are those of the answer; nil is words.
	pieces []string
	// wire changes the reply: its frames, one for a piece and the rest for its end.
	wire func(t *testing.T, c *client, frames [][]byte) llmtest.HTTPReply
	// say adds what else there is to say of an error.
	say func(err error) string
	// kind is that of this library's error.
	kind llm.Kind
}

// crash is the error that servers send inside a stream.
var crash = &llm.Error{Kind: llm.Server, Message: "the engine has stalled"}

var faults = []fault{
	{name: "nothing goes wrong", wire: whole},
	{name: "the stream ends after half of its pieces", kind: llm.Incomplete, wire: func(_ *testing.T, c *client, frames [][]byte) llmtest.HTTPReply { return stream(c, half(frames)) }},
	{name: "the stream ends inside a piece", kind: llm.Incomplete, wire: func(_ *testing.T, c *client, frames [][]byte) llmtest.HTTPReply {
		w := stream(c, half(frames))
		return w.CutClean(len(w.Body) - 20)
	}},
	{name: "the connection breaks after half of its pieces", kind: llm.Incomplete, wire: func(_ *testing.T, c *client, frames [][]byte) llmtest.HTTPReply {
		w := stream(c, half(frames))
		return w.CutReset(len(w.Body))
	}},
	{name: "an error instead of the second half", kind: crash.Kind, wire: func(_ *testing.T, c *client, frames [][]byte) llmtest.HTTPReply {
		broken := append(half(frames), []byte(c.dialect.ErrorFrames(crash)[0].Data))
		if c.list {
			broken[len(broken)-1] = append(append([]byte(",\r\n"), c.dialect.RenderError(crash)...), ']')
		}
		return stream(c, broken)
	}, say: says("the engine has stalled", "says why", "does not say why")},
	{name: "the last line has no end", wire: func(_ *testing.T, c *client, frames [][]byte) llmtest.HTTPReply {
		w := stream(c, frames)
		w.Body = bytes.TrimRight(w.Body, "\n")
		return w
	}},
	{name: "400 comments, as signs of life", wire: func(_ *testing.T, c *client, frames [][]byte) llmtest.HTTPReply {
		w := stream(c, frames)
		if c.dialect.StreamType != "text/event-stream" || c.list {
			return w.Insert(0, strings.Repeat("\n", 400)) // which has no comments
		}
		return w.Insert(0, strings.Repeat(": ping\n\n", 400))
	}},
	{name: "a piece of 2 MB", pieces: []string{words[0], strings.Repeat("x", 2<<20), words[1]}, wire: whole},
	{name: "a web page with status 200", kind: llm.Protocol, wire: func(*testing.T, *client, [][]byte) llmtest.HTTPReply { return llmtest.WebPage() }},
	{name: "status 500 without a body", kind: llm.Server, wire: func(*testing.T, *client, [][]byte) llmtest.HTTPReply { return llmtest.Empty(500) }},
	{name: "status 429 with Retry-After: 37", kind: llm.RateLimited, wire: func(_ *testing.T, c *client, _ [][]byte) llmtest.HTTPReply {
		return c.dialect.ErrorReply(&llm.Error{Status: 429, Message: "slow down", RetryAfter: 37 * time.Second})
	}, say: says("37", "says how long to wait", "does not say how long")},
	{name: "a refusal that repeats the key", kind: llm.InvalidRequest, wire: func(_ *testing.T, c *client, _ [][]byte) llmtest.HTTPReply {
		return c.dialect.ErrorReply(&llm.Error{Status: 400, Message: "no such key: " + key})
	}, say: says(key, "shows the key", "hides the key")},
}

// says returns a function that says whether an error shows something.
func says(what, yes, no string) func(error) string {
	return func(err error) string {
		if strings.Contains(fmt.Sprintf("%v %+v", err, err), what) {
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
	return append([][]byte{}, frames[:first+2]...) // two pieces of five, and what comes before them
}

// whole is a reply that is as it should be.
func whole(_ *testing.T, c *client, frames [][]byte) llmtest.HTTPReply { return stream(c, frames) }

// stream is a reply with these frames.
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

// outcome says in words what the user of a client gets.
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
	got := "part of the text"
	switch {
	case text == "":
		got = "no text"
	case text == whole:
		got = "all of the text"
	case !strings.HasPrefix(whole, text):
		got = "another text"
	}
	if err == nil {
		if got == "all of the text" {
			return got
		}
		return "**" + got + ", as a success**"
	}
	outcome := got + ", an error"
	if f.say != nil {
		outcome += " that " + f.say(err)
	}
	return outcome
}

// checkError checks what docs/peers.md says of this library's errors: their kind,
// and that they hold the text that had arrived.
func (f *fault) checkError(t *testing.T, c *client, text string, err error) {
	t.Helper()
	if kind := llm.KindOf(err); kind != f.kind {
		t.Errorf("%s, when %s: the error is %v, of kind %q, want %q", c.name, f.name, err, kind, f.kind)
	}
	held := ""
	if e, ok := errors.AsType[*llm.Error](err); ok && e.Partial != nil {
		held = e.Partial.Text()
	}
	if err != nil && held != text {
		t.Errorf("%s, when %s: the error holds the text %q, and %q had arrived", c.name, f.name, held, text)
	}
}

// TestPeers prints the table, checks what this library promises, and that
// docs/peers.md has the table.
func TestPeers(t *testing.T) {
	for _, name := range []string{"GOOGLE_API_KEY", "GEMINI_API_KEY", "GOOGLE_GEMINI_BASE_URL", "GOOGLE_GENAI_USE_VERTEXAI", "GOOGLE_GENAI_USE_ENTERPRISE"} {
		t.Setenv(name, "") // which Google's clients read
	}
	var table strings.Builder
	table.WriteString("| what happens |")
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
				t.Errorf("%s, when %s: %s; want %s", c.name, f.name, got, promised[f.name])
			}
		}
		table.WriteString("\n")
	}
	t.Logf("\n%s", table.String())
	checkDocs(t, table.String())
}

// promised is what this library makes of each fault, whatever the server.
var promised = map[string]string{
	"nothing goes wrong":                             "all of the text",
	"the stream ends after half of its pieces":       "part of the text, an error",
	"the stream ends inside a piece":                 "part of the text, an error",
	"the connection breaks after half of its pieces": "part of the text, an error",
	"an error instead of the second half":            "part of the text, an error that says why",
	"the last line has no end":                       "all of the text",
	"400 comments, as signs of life":                 "all of the text",
	"a piece of 2 MB":                                "all of the text",
	"a web page with status 200":                     "no text, an error",
	"status 500 without a body":                      "no text, an error",
	"status 429 with Retry-After: 37":                "no text, an error that says how long to wait",
	"a refusal that repeats the key":                 "no text, an error that hides the key",
}

// What parts the table from the text around it in docs/peers.md.
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
		t.Fatalf("%s has no place for the table, between %q and %q", file, begin, end)
	}
	if os.Getenv("PARLEY_UPDATE") != "" {
		if err := os.WriteFile(file, []byte(before+begin+table+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if kept != table {
		t.Errorf("the table in docs/peers.md is not what was just measured; PARLEY_UPDATE=1 writes it anew")
	}
}
