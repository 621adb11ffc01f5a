package stream

import (
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
)

// fuzzFrames compares a reader of frames, fed in random chunks, with a slow one.
func fuzzFrames(t *testing.T, body string, limit int, seed uint64,
	slow func(string, int) ([]Frame, error), newFrames func(io.Reader, int) Frames) {
	want, wantErr := slow(body, limit)
	for how, r := range map[string]io.Reader{
		"at once":          strings.NewReader(body),
		"in random chunks": &randomChunks{strings.NewReader(body), rand.New(rand.NewPCG(seed, 2))},
	} {
		got, err := readAll(newFrames(r, limit))
		if fmt.Sprint(err) != fmt.Sprint(wantErr) {
			t.Errorf("%s: error %v, want %v", how, err, wantErr)
		}
		wantFrames(t, how, got, want)
	}
}

func FuzzSSE(f *testing.F) {
	for i, c := range sseCases {
		f.Add(c.body, uint16(0), uint64(i))
		f.Add(c.body, uint16(8), uint64(i))
	}
	f.Add(strings.Repeat("data: "+openAIChunk("Hi", "abc")+"\n\n", 20), uint16(400), uint64(0))
	f.Fuzz(func(t *testing.T, body string, limit uint16, seed uint64) {
		if limit == 0 {
			limit = 1 << 15
		}
		fuzzFrames(t, body, int(limit), seed, slowSSE, func(r io.Reader, limit int) Frames { return NewSSE(r, limit) })
	})
}

func FuzzNDJSON(f *testing.F) {
	for i, c := range ndjsonCases {
		f.Add(c.body, uint16(0), uint64(i))
		f.Add(c.body, uint16(8), uint64(i))
	}
	f.Add(strings.Repeat(ollamaChunk("Hi", "2026")+"\n", 60), uint16(400), uint64(0))
	f.Fuzz(func(t *testing.T, body string, limit uint16, seed uint64) {
		if limit == 0 {
			limit = 1 << 15
		}
		fuzzFrames(t, body, int(limit), seed, slowNDJSON, func(r io.Reader, limit int) Frames { return NewNDJSON(r, limit) })
	})
}
