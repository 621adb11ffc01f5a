package stream

import (
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// prefixCases are the two kinds of frames, with a shape learnt for each.
var prefixCases = []struct {
	name      string
	newFrames func(io.Reader, int) Frames
	spec      *Spec
	learn     []string
	known     string   // a frame of the shape
	bodies    []string // with known where %s stands
}{
	{
		"an event stream", func(r io.Reader, limit int) Frames { return NewSSE(r, limit) }, openAISpec,
		[]string{openAIChunk("a", "x"), openAIChunk("b", "y")}, openAIChunk("Hi", "abc"),
		[]string{
			"data: %s\n\ndata: %[1]s\n\ndata: [DONE]\n\n",
			"data: %s\r\n\r\ndata: %[1]s\r\n\r\ndata: %[1]s\r\n\r\n",
			"data: %s\r\rdata: %[1]s\r\rdata: %[1]s",
			"\uFEFFdata: %s\n\ndata:%[1]s\n\ndata: %[1]s\n\n",
			"data: %s\n\n: ping\n\ndata: %[1]s\n\nevent: error\ndata: %[1]s\n\ndata: %[1]s\n\n",
			"data: %s\n\ndata: %[1]s\ndata: x\n\ndata: %[1]s\nerror: x\n\n%[1]s\ndata: %[1]s\nid: 1\n\n",
			"event: a\ndata: %s\n\nevent: a\ndata: %[1]s\n\nevent: ab\ndata: %[1]s\n\nevent:ab\ndata: %[1]s\n\nevent: a\n\ndata: %[1]s\n\nevent: a\nid: 1\ndata: %[1]s\n\n",
			"event: a\r\ndata: %s\r\n\r\nevent: a\r\ndata: %[1]s\r\n\r\nevent: a\rdata: %[1]s\r\revent: error\ndata: %[1]s\n\nevent: error\ndata: %[1]s\n\n",
			"data: %s\n\ndata: %[1]s \n\ndata: %[1]s\n\r\ndata: %[1]s\n",
		},
	},
	{
		"NDJSON", func(r io.Reader, limit int) Frames { return NewNDJSON(r, limit) }, ollamaSpec,
		[]string{ollamaChunk("a", "2026"), ollamaChunk("b", "2027")}, ollamaChunk("Hi", "2028"),
		[]string{
			"%s\n%[1]s\n%[1]s\n",
			"%s\r\n%[1]s\r\n\n \n%[1]s",
			"\uFEFF%s\n %[1]s\n%[1]s %[1]s\n%[1]s\n",
			"%s\n%[1]s\r%[1]s\n{}\n%[1]s\n%[1]s",
		},
	},
}

// TestMatchPrefixReadsWhatNextAndMatchRead reads bodies with MatchPrefix and without, however
// they arrive and whatever the limit.
func TestMatchPrefixReadsWhatNextAndMatchRead(t *testing.T) {
	for _, s := range prefixCases {
		shapes := &Shapes[proto]{Spec: s.spec}
		learnBoth(t, shapes, s.learn...)
		for _, body := range s.bodies {
			body = fmt.Sprintf(body, s.known)
			for _, limit := range []int{0, len(s.known) - 1, len(s.known), len(s.known) + len(lineData)} {
				want, _ := readShapes(shapes, s.newFrames(strings.NewReader(body), limit), false)
				eachChunking(body, func(how string, r io.Reader) {
					got, _ := readShapes(shapes, s.newFrames(r, limit), true)
					if diff := cmp.Diff(want, got); diff != "" {
						t.Fatalf("%s of limit %d, %s (-without MatchPrefix +with it):\n%s\n%q", s.name, limit, how, diff, body)
					}
				})
			}
		}
	}
}

func TestMatchPrefixReadsMostOfAFastStream(t *testing.T) {
	for _, s := range prefixCases {
		shapes := &Shapes[proto]{Spec: s.spec}
		learnBoth(t, shapes, s.learn...)
		known := 200 * strings.Count(s.bodies[0], "%")
		body := strings.Repeat(fmt.Sprintf(s.bodies[0], s.known), 200)
		_, matched := readShapes(shapes, s.newFrames(strings.NewReader(body), 0), true)
		if matched < known*4/5 { // all but those that a buffer cuts
			t.Errorf("%s: %d of %d frames were matched", s.name, matched, known)
		}
	}
}

func FuzzMatchPrefix(f *testing.F) {
	for i, s := range prefixCases {
		for _, body := range s.bodies {
			f.Add(i, fmt.Sprintf(body, s.known), uint16(0), uint64(1))
		}
	}
	f.Fuzz(func(t *testing.T, kind int, body string, limit uint16, seed uint64) {
		s := prefixCases[uint(kind)%uint(len(prefixCases))]
		shapes := &Shapes[proto]{Spec: s.spec}
		learnBoth(t, shapes, s.learn...)
		want, _ := readShapes(shapes, s.newFrames(strings.NewReader(body), int(limit)), false)
		chunks := &randomChunks{strings.NewReader(body), rand.New(rand.NewPCG(seed, 3))}
		for how, r := range map[string]io.Reader{"at once": strings.NewReader(body), "in random chunks": chunks} {
			got, _ := readShapes(shapes, s.newFrames(r, int(limit)), true)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s, %s (-without MatchPrefix +with it):\n%s", s.name, how, diff)
			}
		}
	})
}

// readShapes reads all frames, and tells what each was: the text of a known
// shape, or its data. The last entry is the error.
func readShapes(shapes *Shapes[proto], frames Frames, prefix bool) (all []string, matched int) {
	for {
		if prefix {
			if _, text, size := shapes.MatchPrefix(frames.Buffered()); frames.Advance(size) {
				all = append(all, "text "+string(text))
				matched++
				continue
			}
		}
		frame, err := frames.Next()
		if err != nil {
			return append(all, err.Error()), matched
		}
		if _, text, ok := shapes.Match(frame.Data); ok && frame.Event != "error" && !frame.Bare {
			all = append(all, "text "+string(text))
			continue
		}
		all = append(all, fmt.Sprintf("%s %q", frame.Event, frame.Data))
	}
}
