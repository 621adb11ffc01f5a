package httpcall

import (
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/parley-llm/parley/llm"
)

func TestBeginsWith(t *testing.T) {
	long := strings.Repeat("x", 5000)
	for _, tt := range []struct {
		body string
		want bool
	}{
		{"data: {}\n\n" + long, true}, {"\uFEFF \r\n\tevent: x", true}, {": ping", true}, {"data:", true},
		{"", false}, {"dat", false}, {"date: x", false}, {"{\"data:\":1}" + long, false}, {"[1]", false}, {"<html>", false},
		{strings.Repeat(" ", 100) + "{}", false}, {"  ", false}, {strings.Repeat("\n", 30) + "data: x", false},
	} {
		for how, reader := range map[string]func(io.Reader) io.Reader{
			"at once": func(r io.Reader) io.Reader { return r }, "byte by byte": iotest.OneByteReader, "with the error": iotest.DataErrReader,
		} {
			r := &Reply{body: body{reader: reader(strings.NewReader(tt.body)), watch: new(watch), left: 1 << 20}}
			if got := r.BeginsWith("data:", "event:", ":"); got != tt.want {
				t.Errorf("%s: BeginsWith of %.40q is %v, want %v", how, tt.body, got, tt.want)
			}
			if rest, err := io.ReadAll(r.Body()); string(rest) != tt.body || err != nil {
				t.Errorf("%s: afterwards the body is %.40q with the error %v, want %.40q", how, rest, err, tt.body)
			}
		}
	}
	r := &Reply{body: body{reader: iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader("da"))), watch: new(watch), left: 1 << 20}}
	if r.BeginsWith("data:") {
		t.Error("a body that fails begins with data:")
	}
	if rest, err := io.ReadAll(r.Body()); string(rest) != "d" || err != iotest.ErrTimeout {
		t.Errorf("the body of a reader that fails is %q with the error %v", rest, err)
	}
}

func TestBeginsWithWaitsOnlyForTheBytesItNeeds(t *testing.T) {
	c := client(t, inMemory(t, says(200, "application/json", `{"a":1}`)), llm.Limits{})
	r, err := c.Do(t.Context(), post(anyURL, "{}"))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if r.BeginsWith("data:") {
		t.Error("an object begins with data:")
	}
	data, err := r.ReadAll(100)
	equal(t, "body", []any{string(data), err}, []any{`{"a":1}`, nil})
}
