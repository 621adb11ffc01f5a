package stream

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// named is a frame with an event name.
func named(event, s string) Frame { return Frame{Event: event, Data: []byte(s)} }

// cut is f without its end.
func cut(f Frame) Frame { f.Unterminated = true; return f }

func bare(s string) Frame { return Frame{Data: []byte(s), Bare: true} }

var sseCases = []struct {
	name string
	body string
	want []Frame
}{
	// The examples of the grammar's own page.
	{"page: three data lines are joined", "data: YHOO\ndata: +2\ndata: 10\n\n", []Frame{data("YHOO\n+2\n10")}},
	{"page: comment, ids, one space removed, last event without blank line",
		": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n",
		[]Frame{data("first event"), data("second event"), cut(data(" third event"))}},
	{"page: empty data is data", "data\n\ndata\ndata\n\ndata:", []Frame{data(""), data("\n"), cut(data(""))}},
	{"page: space after the colon is optional", "data:test\n\ndata: test\n\n", []Frame{data("test"), data("test")}},
	{"page: event names", "event: add\ndata: 73857293\n\nevent: remove\ndata: 2153\n\nevent: add\ndata: 113411\n\n",
		[]Frame{named("add", "73857293"), named("remove", "2153"), named("add", "113411")}},

	{"empty body", "", nil},
	{"only blank lines", "\n\r\n\r\n\n", nil},
	{"CRLF", "data: a\r\n\r\ndata: b\r\ndata: c\r\n\r\n", []Frame{data("a"), data("b\nc")}},
	{"CR alone", "data: a\r\rdata: b\rdata: c\r\r", []Frame{data("a"), data("b\nc")}},
	{"newlines mixed", "data: a\r\n\ndata: b\r\r\ndata: c\n\r", []Frame{data("a"), data("b"), data("c")}},
	{"CR LF CR ends a line and a blank line", "data: a\r\n\rdata: b\n\n", []Frame{data("a"), data("b")}},
	{"byte order mark", "\xEF\xBB\xBFdata: a\n\n", []Frame{data("a")}},
	{"byte order mark alone", "\xEF\xBB\xBF", nil},
	{"only the first byte order mark is dropped", "\xEF\xBB\xBF\xEF\xBB\xBFdata: a\n\ndata: b\n\n", []Frame{data("b")}},
	{"byte order mark after a blank line stays", "\n\xEF\xBB\xBFdata: a\n\n", nil},
	{"half a byte order mark", "\xEF\xBB", nil},
	{"comments everywhere", ": ping\n\n:\ndata: a\n: ping\ndata: b\n:x\n\n: ping\n\n", []Frame{data("a\nb")}},
	{"unknown fields are not data", "datum: x\nDATA: y\n data: z\ndata : w\ndata: a\nfoo\n\n", []Frame{data("a")}},
	{"retry and id", "retry: 100\nid: 7\ndata: a\n\n", []Frame{data("a")}},
	{"the last event line counts", "event: a\nevent: b\ndata: x\nevent\n\nevent: a\nevent: b\ndata: x\n\n", []Frame{data("x"), named("b", "x")}},
	{"event name after the data", "data: x\nevent: late\n\n", []Frame{named("late", "x")}},
	{"event without data is none", "event: a\n\ndata: x\n\n", []Frame{data("x")}},
	{"only one space is removed", "data:   x \nevent:  e\n\n", []Frame{named(" e", "  x ")}},
	{"colons in data", "data: a: b:\ndata::\n\n", []Frame{data("a: b:\n:")}},
	{"NUL and invalid UTF-8 are left alone", "data: \x00\xff\n\n", []Frame{data("\x00\xff")}},
	{"bracket inside data", "data: {\ndata: [\ndata: }\n\n", []Frame{data("{\n[\n}")}},

	// https://github.com/anomalyco/opencode/issues/27365
	{"JSON values without blank lines", "data: {\"a\":1}\ndata: {\"b\":2}\ndata: [3]\ndata: [DONE]\n",
		[]Frame{data(`{"a":1}`), data(`{"b":2}`), data("[3]"), data("[DONE]")}},
	{"end mark without a blank line before it", "data: {\"a\":1}\n\ndata: {\"b\":2}\ndata: [DONE]\n\n", []Frame{data(`{"a":1}`), data(`{"b":2}`), data("[DONE]")}},
	{"a value on two lines, then others", "data: {\"a\":\ndata: 1}\ndata: {\ndata: }\n\ndata: {}\n\n", []Frame{data("{\"a\":\n1}"), data("{\n}"), data("{}")}},
	{"brackets in strings and in text", "data: {\"a\":\"}\ndata: \"}\ndata: see {x}\ndata: y\n\n", []Frame{data("{\"a\":\"}\n\"}"), data("see {x}\ny")}},
	{"names of events without blank lines", "event: a\ndata: {}\nevent: b\ndata: {}\nevent: c\ndata: {}\n\n", []Frame{named("a", "{}"), named("b", "{}"), named("c", "{}")}},
	{"an error event without a blank line before it", "data: {}\nevent: error\ndata: {\"code\":1}\n\n", []Frame{data("{}"), named("error", `{"code":1}`)}},
	{"a late name after a value", "data: {}\nevent: late\n\ndata: {}\n\n", []Frame{named("late", "{}"), data("{}")}},

	{"last line without newline", "data: a\n\ndata: [DONE]", []Frame{data("a"), cut(data("[DONE]"))}},
	{"last event with CR only", "data: a\r", []Frame{cut(data("a"))}},
	{"cut in a field name", "data: a\n\ndat", []Frame{data("a")}},
	{"cut in the name of an event with data", "data: a\neve", []Frame{cut(data("a"))}},
	{"cut after the event name", "event: a\n", nil},

	{"bare value", "data: a\n\n{\"error\":{\"code\":400}}\n\ndata: b\n\n", []Frame{data("a"), bare(`{"error":{"code":400}}`), data("b")}},
	{"bare value first, at the end, without newline", `{"error":{"code":400}}`, []Frame{bare(`{"error":{"code":400}}`)}},
	{"bare value on many lines", "[{\n  \"error\": {\r\n\r\n    \"message\": \"a } \\\" ] {\"\r  }\n}]\n\ndata: b\n\n",
		[]Frame{bare("[{\n  \"error\": {\n\n    \"message\": \"a } \\\" ] {\"\n  }\n}]"), data("b")}},
	{"bare value that is cut", "{\n  \"error\": {\n", []Frame{cut(bare("{\n  \"error\": {"))}},
	{"bare value that is cut in a line", "{\n  \"err", []Frame{cut(bare("{\n  \"err"))}},
	{"bare value left open does not swallow events", "{\"error\": {\n\ndata: b\n\n", []Frame{cut(bare("{\"error\": {\n")), data("b")}},
	{"bare value after data without blank line", "event: x\ndata: a\n{\"error\":1}\n\n", []Frame{cut(named("x", "a")), bare(`{"error":1}`)}},
	{"bare value after an event name", "event: error\n{\"error\":1}\n\n", []Frame{{Event: "error", Data: []byte(`{"error":1}`), Bare: true}}},
	{"two bare values", "{}\n{}\n", []Frame{bare("{}"), bare("{}")}},
	{"text after a bare value on its line", "{} x\n", []Frame{bare("{} x")}},
	{"bare end mark", "data: a\n\n[DONE]\n", []Frame{data("a"), bare("[DONE]")}},

	{"error field", "data: a\n\nerror: {\"code\":500}\n\ndata: b\n\n", []Frame{data("a"), named("error", `{"code":500}`), data("b")}},
	{"error field on two lines", "error: {\nerror: }\n\n", []Frame{named("error", "{\n}")}},
	{"error field keeps its name", "event: x\nerror: e\nevent: y\n\n", []Frame{named("error", "e")}},
	{"error field after data without blank line", "data: a\nerror: e\ndata: b\n\n", []Frame{cut(data("a")), cut(named("error", "e")), data("b")}},
	{"event named error", "event: error\ndata: e\n\n", []Frame{named("error", "e")}},
}

func TestSSE(t *testing.T) {
	for _, c := range sseCases {
		t.Run(c.name, func(t *testing.T) {
			eachChunking(c.body, func(how string, r io.Reader) {
				got, err := readAll(NewSSE(r, 0))
				if err != nil {
					t.Errorf("%s: error %v", how, err)
				}
				wantFrames(t, how, got, c.want)
			})
			got, err := slowSSE(c.body, DefaultLimit)
			if err != nil {
				t.Errorf("reference: error %v", err)
			}
			wantFrames(t, "reference", got, c.want)
		})
	}
}

func TestSSEKnowsABodyThatEndsBeforeData(t *testing.T) {
	for rest, want := range map[string]bool{
		"d": true, "dat": true, "data": true, "data:": true, "data: ": true,
		"": false, "\n": false, "data: {": false, "data: \n": false, ": pin": false, "{": false, "event": false, "dates": false,
	} {
		eachChunking("data: a\n\n"+rest, func(how string, r io.Reader) {
			s := NewSSE(r, 0)
			if _, err := readAll(s); err != nil {
				t.Errorf("%s, %q: error %v", how, rest, err)
			}
			if s.Cut() != want {
				t.Errorf("%s: the body ends with %q: Cut is %v, want %v", how, rest, s.Cut(), want)
			}
		})
	}
}

func TestSSESplitsOfARealisticStream(t *testing.T) {
	var body strings.Builder
	var want []Frame
	add := func(text string, f ...Frame) {
		body.WriteString(text)
		want = append(want, f...)
	}
	add(": OPENROUTER PROCESSING\n\n")
	for i, text := range []string{"Olá", "!", `a\n\"b\" 🦙`, ""} {
		chunk := openAIChunk(text, strings.Repeat("x", i))
		add("data: "+chunk+"\n\n", data(chunk))
	}
	add("event: error\r\ndata: {\r\ndata: \"error\":1}\r\n\r\n", named("error", "{\n\"error\":1}"))
	add("data: [DONE]\n\n", data("[DONE]"))
	eachChunking(body.String(), func(how string, r io.Reader) {
		got, err := readAll(NewSSE(r, 0))
		if err != nil {
			t.Errorf("%s: error %v", how, err)
		}
		wantFrames(t, how, got, want)
	})
}

func TestSSEDeliversWithoutReadingOn(t *testing.T) {
	for _, c := range []struct {
		name, body string
		want       []Frame
	}{
		{"LF", "data: a\n\ndata: b\n\n", []Frame{data("a"), data("b")}},
		{"CRLF", "data: a\r\n\r\ndata: b\r\n\r\n", []Frame{data("a"), data("b")}},
		{"CRLF whose last LF has not come", "data: a\r\n\r\ndata: b\r\n\r", []Frame{data("a"), data("b")}},
		{"CR", "data: a\r\rdata: b\r\r", []Frame{data("a"), data("b")}},
		{"many lines", "event: x\ndata: a\ndata: b\n\n", []Frame{named("x", "a\nb")}},
		{"bare value", "{\n\"error\":1\n}\n", []Frame{bare("{\n\"error\":1\n}")}},
		{"bare value, the CR come", "{\"error\":1}\r", []Frame{bare(`{"error":1}`)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, cutting := range []func(io.Reader) io.Reader{
				func(r io.Reader) io.Reader { return r }, iotest.OneByteReader, iotest.HalfReader,
			} {
				frames := NewSSE(cutting(io.MultiReader(strings.NewReader(c.body), noMore{t})), 0)
				var got []Frame
				for range c.want {
					f, err := frames.Next()
					if err != nil {
						t.Fatal(err)
					}
					f.Data = []byte(string(f.Data))
					got = append(got, f)
				}
				wantFrames(t, "frames", got, c.want)
			}
		})
	}
}

func TestSSEReadErrorComesAfterWholeEventsOnly(t *testing.T) {
	reset := errors.New("connection reset")
	for _, rest := range []string{"", "d", "data: b", "data: b\n", "data: b\r", "{\"err", "{\n", "event: x\n"} {
		for _, cutting := range []func(io.Reader) io.Reader{
			func(r io.Reader) io.Reader { return r }, iotest.OneByteReader, iotest.DataErrReader,
		} {
			frames := NewSSE(cutting(io.MultiReader(strings.NewReader("data: a\n\n"+rest), iotest.ErrReader(reset))), 0)
			got, err := readAll(frames)
			if err != reset {
				t.Errorf("after %q: error %v, want %v", rest, err, reset)
			}
			wantFrames(t, "after "+rest, got, []Frame{data("a")})
			if _, err := frames.Next(); err != reset {
				t.Errorf("after %q, second time: error %v, want %v", rest, err, reset)
			}
		}
	}
}

func TestSSEDataIsNotCopied(t *testing.T) {
	s := NewSSE(strings.NewReader("data: a\n\ndata: bc\n\n"), 0)
	for range 2 {
		f, err := s.Next()
		if err != nil {
			t.Fatal(err)
		}
		if &f.Data[0] != &s.lines.buf[s.lines.heldAt] {
			t.Errorf("the data %q is not in the line buffer", f.Data)
		}
		if cap(f.Data) != len(f.Data) {
			t.Errorf("appending to the data %q would write into the buffer", f.Data)
		}
	}
}

func TestSSEAllocatesNothingPerEvent(t *testing.T) {
	for _, event := range []string{
		"data: {\"a\":1}\n\n",
		"event: response.output_text.delta\r\ndata: {\"a\":1}\r\n\r\n",
		": ping\n\nid: 1\ndata: {\ndata: }\n\n",
		"{\n\"error\":1\n}\n",
	} {
		s := NewSSE(loop(event), 0)
		if n := testing.AllocsPerRun(1000, func() {
			if _, err := s.Next(); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%q: %v allocations an event, want none", event, n)
		}
	}
}

func TestSSEKeepsFewEventNames(t *testing.T) {
	var body strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&body, "event: e%d\ndata: x\n\n", i)
	}
	s := NewSSE(strings.NewReader("event: "+strings.Repeat("n", 1000)+"\ndata: x\n\n"+body.String()), 0)
	got, err := readAll(s)
	if err != nil || len(got) != 1001 || got[1000].Event != "e999" || len(got[0].Event) != 1000 {
		t.Fatalf("got %d frames, error %v, want 1001 frames with their names", len(got), err)
	}
	if len(s.names) != maxNames || len(s.names[0]) > maxNameLen {
		t.Errorf("%d names kept, the first of %d bytes; want %d of at most %d", len(s.names), len(s.names[0]), maxNames, maxNameLen)
	}
}
