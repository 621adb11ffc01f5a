package stream

import (
	"bytes"
	"encoding/json"
	"io"
	"testing"
)

// looped is a body without end.
type looped struct {
	body []byte
	at   int
}

func (l *looped) Read(p []byte) (int, error) {
	if l.at == len(l.body) {
		l.at = 0
	}
	n := copy(p, l.body[l.at:])
	l.at += n
	return n, nil
}

func loop(frame string) io.Reader {
	return &looped{body: bytes.Repeat([]byte(frame), 100)}
}

func benchmarkFrames(b *testing.B, frames Frames, want string) {
	b.ReportAllocs()
	for b.Loop() {
		f, err := frames.Next()
		if err != nil || len(f.Data) != len(want) {
			b.Fatalf("got %q, %v, want %q", f.Data, err, want)
		}
	}
}

func BenchmarkSSEFraming(b *testing.B) {
	chunk := openAIChunk("Hello", "kGEVHK9STFy0L")
	benchmarkFrames(b, NewSSE(loop("data: "+chunk+"\n\n"), 0), chunk)
}

func BenchmarkSSEFramingWithEventNames(b *testing.B) {
	const data = `{"type":"response.output_text.delta","delta":"Hello"}`
	benchmarkFrames(b, NewSSE(loop("event: response.output_text.delta\r\ndata: "+data+"\r\n\r\n"), 0), data)
}

func BenchmarkNDJSONFraming(b *testing.B) {
	chunk := ollamaChunk("Hello", "2026-11-23T16:44:04.005944351Z")
	benchmarkFrames(b, NewNDJSON(loop(chunk+"\n"), 0), chunk)
}

func benchmarkMatch(b *testing.B, spec *Spec, first, second, frame, want string) {
	var s = &Shapes[proto]{Spec: spec}
	learnBoth(b, s, first, second)
	in := []byte(frame)
	b.ReportAllocs()
	b.SetBytes(int64(len(in)))
	for b.Loop() {
		if _, text, ok := s.Match(in); !ok || string(text) != want {
			b.Fatalf("got %q, %v, want %q", text, ok, want)
		}
	}
}

func BenchmarkMatchOpenAI(b *testing.B) {
	benchmarkMatch(b, openAISpec, openAIChunk("Hi", "abc"), openAIChunk(" there", "def12345"),
		openAIChunk(" wonderful", "kGEVHK9STFy0L"), " wonderful")
}

func BenchmarkMatchOpenAIBeyondASCII(b *testing.B) {
	benchmarkMatch(b, openAISpec, openAIChunk("Hi", "abc"), openAIChunk(" there", "def12345"),
		openAIChunk("Olá, como", "kGEVHK9STFy0L"), "Olá, como")
}

func BenchmarkMatchOpenAIEscapes(b *testing.B) {
	benchmarkMatch(b, openAISpec, openAIChunk("Hi", "abc"), openAIChunk(" there", "def12345"),
		openAIChunk(`a\n\nb \u003c`, "kGEVHK9STFy0L"), "a\n\nb <")
}

func BenchmarkMatchOllama(b *testing.B) {
	const at = "2026-11-23T16:44:04.005944351Z"
	benchmarkMatch(b, ollamaSpec, ollamaChunk("Hi", at), ollamaChunk(" there", at),
		ollamaChunk(" wonderful", "2026-11-23T16:44:04.077905074Z"), " wonderful")
}

// BenchmarkLearn is what a stream pays once: a candidate made and confirmed.
func BenchmarkLearn(b *testing.B) {
	first, second := []byte(openAIChunk("Hi", "abc")), []byte(openAIChunk(" there", "def12345"))
	b.ReportAllocs()
	for b.Loop() {
		s := &Shapes[proto]{Spec: openAISpec}
		s.Learn(first, "Hi", proto{})
		s.Learn(second, " there", proto{})
	}
}

// BenchmarkJSON is what a match saves: the same frame decoded.
func BenchmarkJSON(b *testing.B) {
	in := []byte(openAIChunk(" wonderful", "kGEVHK9STFy0L"))
	b.ReportAllocs()
	for b.Loop() {
		var f frameFields
		if err := json.Unmarshal(in, &f); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkWalk(b *testing.B) {
	frame := []byte(openAIChunk("Hi", "abcdefgh"))
	var w Walker
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		if !w.Walk(frame, func(v *Value) bool { n += len(v.Raw()); return true }) {
			b.Fatal("refused")
		}
	}
}

func BenchmarkText(b *testing.B) {
	var text Text
	piece := []byte(" wonderful")
	b.ReportAllocs()
	for b.Loop() {
		if s := text.Add(piece); len(s) != len(piece) {
			b.Fatal(s)
		}
	}
}
