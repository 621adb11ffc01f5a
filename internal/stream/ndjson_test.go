package stream

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

var ndjsonCases = []struct {
	name string
	body string
	want []Frame
}{
	{"empty body", "", nil},
	{"one value a line", "{\"a\":1}\n{\"b\":2}\n", []Frame{data(`{"a":1}`), data(`{"b":2}`)}},
	{"last line without newline", "{\"a\":1}\n{\"b\":2}", []Frame{data(`{"a":1}`), cut(data(`{"b":2}`))}},
	{"cut line", "{\"a\":1}\n{\"b", []Frame{data(`{"a":1}`), cut(data(`{"b`))}},
	{"blank lines", "\n\r\n  \n\t\n{}\n\n \t", []Frame{data("{}")}},
	{"CRLF", "{}\r\n[]\r\n", []Frame{data("{}"), data("[]")}},
	{"CR alone is white space", "{\"a\":\r1}\r\n", []Frame{data("{\"a\":\r1}")}},
	{"CR at the end", "{}\r", []Frame{cut(data("{}"))}},
	{"white space around a value", " \t{} \n", []Frame{data("{}")}},
	{"byte order mark", "\xEF\xBB\xBF{}\n", []Frame{data("{}")}},
	{"no field names here", "data: {}\n: x\n", []Frame{data("data: {}"), data(": x")}},
}

func TestNDJSON(t *testing.T) {
	for _, c := range ndjsonCases {
		t.Run(c.name, func(t *testing.T) {
			eachChunking(c.body, func(how string, r io.Reader) {
				got, err := readAll(NewNDJSON(r, 0))
				if err != nil {
					t.Errorf("%s: error %v", how, err)
				}
				wantFrames(t, how, got, c.want)
			})
		})
	}
}

func TestNDJSONSplitsOfARealisticStream(t *testing.T) {
	var body string
	var want []Frame
	for _, text := range []string{"G", `\u003cb\u003e`, "🦙", ""} {
		chunk := ollamaChunk(text, "2026-11-23T16:44:04.005944351Z")
		body += chunk + "\n"
		want = append(want, data(chunk))
	}
	eachChunking(body, func(how string, r io.Reader) {
		got, err := readAll(NewNDJSON(r, 0))
		if err != nil {
			t.Errorf("%s: error %v", how, err)
		}
		wantFrames(t, how, got, want)
	})
}

func TestNDJSONDeliversWithoutReadingOn(t *testing.T) {
	for _, cutting := range []func(io.Reader) io.Reader{
		func(r io.Reader) io.Reader { return r }, iotest.OneByteReader,
	} {
		n := NewNDJSON(cutting(io.MultiReader(strings.NewReader("{\"a\":1}\n{\"b\":2}\r\n"), noMore{t})), 0)
		for _, want := range []string{`{"a":1}`, `{"b":2}`} {
			if f, err := n.Next(); err != nil || string(f.Data) != want || f.Unterminated {
				t.Errorf("got %+v, %v, want %s", f, err, want)
			}
		}
	}
}

func TestNDJSONReadErrorComesAfterWholeLinesOnly(t *testing.T) {
	reset := errors.New("connection reset")
	got, err := readAll(NewNDJSON(io.MultiReader(strings.NewReader("{}\n{\"a\""), iotest.ErrReader(reset)), 0))
	if err != reset {
		t.Errorf("error %v, want %v", err, reset)
	}
	wantFrames(t, "before the error", got, []Frame{data("{}")})
}

func TestNDJSONAllocatesNothingPerLine(t *testing.T) {
	n := NewNDJSON(loop("{\"a\":1}\n"), 0)
	if allocs := testing.AllocsPerRun(1000, func() {
		if _, err := n.Next(); err != nil {
			t.Fatal(err)
		}
	}); allocs != 0 {
		t.Errorf("%v allocations a line, want none", allocs)
	}
}
