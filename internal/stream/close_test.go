package stream

import (
	"strings"
	"testing"
)

// A closed reader's buffer belongs to another stream: nothing may come from it
// any more, and closing twice must not give it away twice.
func TestClosedReadersReadNoMore(t *testing.T) {
	type reader interface {
		Next() (Frame, error)
		Close()
	}
	for name, r := range map[string]reader{
		"SSE":    NewSSE(strings.NewReader("data: one\n\ndata: two\n\n"), 0),
		"NDJSON": NewNDJSON(strings.NewReader("1\n2\n"), 0),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := r.Next(); err != nil {
				t.Fatal(err)
			}
			r.Close()
			r.Close()
			if f, err := r.Next(); err == nil {
				t.Errorf("after Close, Next returns the frame %q", f.Data)
			}
		})
	}
	other := NewNDJSON(strings.NewReader("first\n"), 0)
	another := NewNDJSON(strings.NewReader("second\n"), 0)
	f, _ := other.Next()
	another.Next()
	if string(f.Data) != "first" {
		t.Errorf("a frame reads %q once another stream was read, want %q: they share a buffer", f.Data, "first")
	}
}
