package stream

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
	"testing/iotest"
)

func TestLongLinesPass(t *testing.T) {
	for _, size := range []int{minBuffer - 1, minBuffer, minBuffer + 1, 300 << 10, 2 << 20, 10 << 20} {
		long := strings.Repeat("x", size)
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			got, err := readAll(NewSSE(strings.NewReader("data: a\n\ndata: "+long+"\n\ndata: b\n\n"), 0))
			if err != nil {
				t.Fatal(err)
			}
			wantFrames(t, "event stream", got, []Frame{data("a"), data(long), data("b")})

			got, err = readAll(NewNDJSON(strings.NewReader("a\n"+long+"\nb\n"), 0))
			if err != nil {
				t.Fatal(err)
			}
			wantFrames(t, "NDJSON", got, []Frame{data("a"), data(long), data("b")})
		})
	}
}

// wantTooLong expects frames, then a *TooLongError for ever.
func wantTooLong(t *testing.T, frames Frames, limit int, want ...Frame) {
	t.Helper()
	got, err := readAll(frames)
	var tooLong *TooLongError
	if !errors.As(err, &tooLong) || tooLong.Limit != limit {
		t.Errorf("error %v, want a TooLongError of limit %d", err, limit)
	}
	wantFrames(t, "before the error", got, want)
	if _, again := frames.Next(); again != err {
		t.Errorf("the next call: error %v, want %v again", again, err)
	}
}

func TestLimitIsExact(t *testing.T) {
	for _, limit := range []int{10, minBuffer - 1, minBuffer, minBuffer + 1, 3 * minBuffer, 1 << 20} {
		t.Run(fmt.Sprint(limit), func(t *testing.T) {
			fits := "data:" + strings.Repeat("x", limit-5)
			value := fits[5:]
			got, err := readAll(NewSSE(strings.NewReader("data:a\n\n"+fits+"\n\n"), limit))
			if err != nil {
				t.Error(err)
			}
			wantFrames(t, "a line as long as the limit", got, []Frame{data("a"), data(value)})

			wantTooLong(t, NewSSE(strings.NewReader("data:a\n\n"+fits+"x\n\n"), limit), limit, data("a"))
			wantTooLong(t, NewSSE(strings.NewReader("data:a\n\n"+fits+"x"), limit), limit, data("a"))
			wantTooLong(t, NewSSE(strings.NewReader("data:a\n\n"+fits+strings.Repeat("x", 100)), limit), limit, data("a"))
			wantTooLong(t, NewNDJSON(strings.NewReader("a\n"+fits+"x\n"), limit), limit, data("a"))

			got, err = readAll(NewNDJSON(strings.NewReader("\xEF\xBB\xBF"+fits), limit))
			if err != nil {
				t.Error(err)
			}
			wantFrames(t, "a line as long as the limit, at the end", got, []Frame{cut(data(fits))})
		})
	}
}

func TestLimitCountsTheWholeEvent(t *testing.T) {
	const limit = 100
	line := "data:" + strings.Repeat("x", 40) + "\n"
	got, err := readAll(NewSSE(strings.NewReader(strings.Repeat(line, 2)+"\n"+line+"\n"), limit))
	if err != nil || len(got) != 2 || len(got[0].Data) != 81 {
		t.Errorf("two lines: %s, error %v, want 81 bytes and 40", show(got), err)
	}
	wantTooLong(t, NewSSE(strings.NewReader(line+"\n"+strings.Repeat(line, 3)+"\n"), limit), limit, data(line[5:45]))
	wantTooLong(t, NewSSE(strings.NewReader("{\n"+strings.Repeat(" \"some\": 1,\n", 20)+"}"), limit), limit)
}

func TestLimitIsIndependentOfChunks(t *testing.T) {
	body := "\xEF\xBB\xBFdata: abc\ndata: def\r\n\r\n: comment\r\r{\n\"a\":\n1}\n\ndata: long enough\n\n"
	for limit := 1; limit < 24; limit++ {
		want, wantErr := slowSSE(body, limit)
		eachChunking(body, func(how string, r io.Reader) {
			got, err := readAll(NewSSE(r, limit))
			if fmt.Sprint(err) != fmt.Sprint(wantErr) {
				t.Errorf("limit %d, %s: error %v, want %v", limit, how, err, wantErr)
			}
			wantFrames(t, how, got, want)
		})
	}
}

func TestHugeAndNegativeLimits(t *testing.T) {
	for _, limit := range []int{math.MaxInt, -1, math.MinInt, 0} {
		long := strings.Repeat("x", 100_000)
		got, err := readAll(NewNDJSON(strings.NewReader(long+"\nb\n"), limit))
		if err != nil {
			t.Errorf("limit %d: %v", limit, err)
		}
		wantFrames(t, fmt.Sprint("limit ", limit), got, []Frame{data(long), data("b")})
	}
	wantTooLong(t, NewNDJSON(loop("x"), 0), 32<<20)
}

// counted counts what is read.
type counted struct {
	r io.Reader
	n int
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += n
	return n, err
}

func TestEndlessLineStopsAtTheLimit(t *testing.T) {
	const limit = 1 << 20
	r := &counted{r: loop("x")}
	wantTooLong(t, NewSSE(r, limit), limit)
	if most := limit + minBuffer; r.n > most {
		t.Errorf("%d bytes read of an endless line, want at most %d", r.n, most)
	}
	// An event that never ends, in short lines.
	r = &counted{r: loop("data: xxxx\n")}
	wantTooLong(t, NewSSE(r, limit), limit)
	if most := 3 * limit; r.n > most {
		t.Errorf("%d bytes read of an endless event, want at most %d", r.n, most)
	}
}

func TestBufferGrowsAsNeededAndShrinksBack(t *testing.T) {
	short := strings.Repeat("short\n", 2000)
	l := newLines(&smallReads{strings.NewReader(short + strings.Repeat("x", 10<<20) + "\n" + short), 1000}, 0, false)
	var before, with, after int // the long line: sizes of the buffer
	for {
		line, _, err := l.next()
		if err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		switch {
		case len(line) > 5:
			with = len(l.buf)
		case with == 0:
			before = max(before, len(l.buf))
		default:
			after = len(l.buf)
		}
	}
	if before != minBuffer || after != minBuffer {
		t.Errorf("buffer of %d bytes before the long line and %d after, want %d", before, after, minBuffer)
	}
	if with < 10<<20 || with > 20<<20 {
		t.Errorf("buffer of %d bytes for a line of 10 MB, want less than twice that", with)
	}
	if l.buf != nil {
		t.Errorf("buffer of %d bytes after the end, want none", len(l.buf))
	}
}

func TestBufferIsDroppedAfterTheLastFrame(t *testing.T) {
	s := NewSSE(strings.NewReader("data: a"), 0)
	f, err := s.Next()
	if err != nil || string(f.Data) != "a" {
		t.Fatalf("got %q, %v, want a", f.Data, err)
	}
	for range 3 {
		if _, err := s.Next(); err != io.EOF {
			t.Errorf("error %v, want EOF", err)
		}
	}
	if s.lines.buf != nil {
		t.Error("the buffer is kept after the end")
	}
}

// These would take minutes if any byte were searched or moved once per line.
func TestTimeIsLinear(t *testing.T) {
	const size = 3 << 20
	count := func(name string, frames Frames, want int) {
		got, err := 0, error(nil)
		for err == nil {
			if _, err = frames.Next(); err == nil {
				got++
			}
		}
		if got != want || err != io.EOF {
			t.Errorf("%s: %d frames, error %v, want %d", name, got, err, want)
		}
	}
	count("lone CRs behind a long line", NewSSE(strings.NewReader("data: "+strings.Repeat("x", size)+strings.Repeat("\rdata: x\r", size/9)), 0), size/9)
	short := strings.Repeat(": comment\n", size/10)
	count("many comments in a long event", NewSSE(&smallReads{strings.NewReader("data: " + strings.Repeat("x", size) + "\n" + short + "\n"), 20}, 0), 1)
	count("many lines in one event", NewSSE(strings.NewReader(strings.Repeat("data: x\n", size/8)+"\n"), 0), 1)
	count("many lines in a bare value", NewSSE(strings.NewReader("[\n"+strings.Repeat("[\n]\n", size/4)+"]\n"), 0), 1)
	count("a bare value in small reads", NewSSE(&smallReads{strings.NewReader("[" + strings.Repeat(" ", size) + "]\n"), 20}, 0), 1)
}

// smallReads returns at most so many bytes at a time.
type smallReads struct {
	r    io.Reader
	most int
}

func (s *smallReads) Read(p []byte) (int, error) { return s.r.Read(p[:min(len(p), s.most)]) }

// script is a reader that does what its steps say, then fails.
type script []func(p []byte) (int, error)

func (s *script) Read(p []byte) (int, error) {
	if len(*s) == 0 {
		return 0, errors.New("read after the script's end")
	}
	step := (*s)[0]
	*s = (*s)[1:]
	return step(p)
}

func TestOddReaders(t *testing.T) {
	says := func(text string, err error) func([]byte) (int, error) {
		return func(p []byte) (int, error) { return copy(p, text), err }
	}
	lies := func(n int) func([]byte) (int, error) {
		return func([]byte) (int, error) { return n, nil }
	}
	reset := errors.New("connection reset")
	never := make(script, 0, 2*maxEmptyReads)
	for range 2 * maxEmptyReads {
		never = append(never, says("", nil))
	}
	for _, c := range []struct {
		name   string
		reader script
		want   []Frame
		err    error
	}{
		{"data together with EOF", script{says("a\nb", io.EOF)}, []Frame{data("a"), cut(data("b"))}, nil},
		{"data together with an error", script{says("a\nb", reset)}, []Frame{data("a")}, reset},
		{"nothing at times", script{says("", nil), says("a", nil), says("", nil), says("\n", nil), says("", io.EOF)}, []Frame{data("a")}, nil},
		{"nothing for ever", never, nil, io.ErrNoProgress},
		{"more than was asked for", script{says("a\n", nil), lies(1 << 30)}, []Frame{data("a")}, errBadCount},
		{"less than nothing", script{says("a\n", nil), lies(-1)}, []Frame{data("a")}, errBadCount},
		{"unexpected EOF is an error", script{says("a\nb", io.ErrUnexpectedEOF)}, []Frame{data("a")}, io.ErrUnexpectedEOF},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := readAll(NewNDJSON(&c.reader, 0))
			if err != c.err {
				t.Errorf("error %v, want %v", err, c.err)
			}
			wantFrames(t, "frames", got, c.want)
		})
	}
	got, err := readAll(NewNDJSON(iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader("a\n"))), 0))
	if err != iotest.ErrTimeout || got != nil {
		t.Errorf("a timeout in a line: %s, error %v, want %v", show(got), err, iotest.ErrTimeout)
	}
}
