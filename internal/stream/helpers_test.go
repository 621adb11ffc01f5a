package stream

import (
	"fmt"
	"io"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
)

// readAll returns copies of all frames, and the error that ended them: nil for
// io.EOF.
func readAll(frames Frames) (all []Frame, err error) {
	for {
		f, err := frames.Next()
		if err == io.EOF {
			return all, nil
		} else if err != nil {
			return all, err
		}
		f.Data = append([]byte{}, f.Data...)
		all = append(all, f)
	}
}

// wantFrames compares frames by value.
func wantFrames(t testing.TB, how string, got, want []Frame) {
	t.Helper()
	if len(got) == len(want) && (len(got) == 0 || reflect.DeepEqual(got, want)) {
		return
	}
	t.Errorf("%s:\ngot  %s\nwant %s", how, show(got), show(want))
}

func show(frames []Frame) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d frames", len(frames))
	for _, f := range frames {
		fmt.Fprintf(&b, "\n\t{Event:%q Data:%.200q Bare:%v Unterminated:%v}", f.Event, f.Data, f.Bare, f.Unterminated)
	}
	return b.String()
}

func data(s string) Frame { return Frame{Data: []byte(s)} }

// randomChunks cuts what it reads at random places, at times into nothing.
type randomChunks struct {
	r   io.Reader
	rng *rand.Rand
}

func (c *randomChunks) Read(p []byte) (int, error) {
	return c.r.Read(p[:min(len(p), c.rng.IntN(12))])
}

// eachChunking calls f with readers of body that cut it in many ways.
func eachChunking(body string, f func(how string, r io.Reader)) {
	f("at once", strings.NewReader(body))
	f("byte by byte", iotest.OneByteReader(strings.NewReader(body)))
	f("in halves", iotest.HalfReader(strings.NewReader(body)))
	f("with data and EOF together", iotest.DataErrReader(strings.NewReader(body)))
	for seed := range uint64(5) {
		f(fmt.Sprint("in random chunks, seed ", seed),
			&randomChunks{strings.NewReader(body), rand.New(rand.NewPCG(seed, 1))})
	}
	for i := range len(body) + 1 {
		f(fmt.Sprint("split at byte ", i), io.MultiReader(strings.NewReader(body[:i]), strings.NewReader(body[i:])))
	}
}

// noMore is a reader that nobody should read.
type noMore struct{ t testing.TB }

func (n noMore) Read([]byte) (int, error) {
	n.t.Helper()
	n.t.Error("the body was read beyond the end of the frame")
	return 0, io.EOF
}
