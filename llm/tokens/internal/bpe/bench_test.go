package bpe

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// BenchmarkUnpack measures the time for loading a vocabulary and the memory that it uses.
func BenchmarkUnpack(b *testing.B) {
	for _, e := range encodings {
		data := e.data(b)
		b.Run(e.name, func(b *testing.B) {
			b.ReportAllocs()
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			var v *Vocab
			for b.Loop() {
				v, _ = Unpack(data, e.pattern)
			}
			runtime.GC()
			runtime.ReadMemStats(&after)
			b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc), "heap-bytes")
			runtime.KeepAlive(v)
		})
	}
}

// BenchmarkRepeated shows that the time per byte does not depend on the length of a
// piece.
func BenchmarkRepeated(b *testing.B) {
	for _, e := range encodings {
		v := e.vocab(b)
		for _, char := range []string{"a", "가", " ", "\n", "😀"} {
			for n := 1_000; n <= 1_000_000; n *= 10 {
				text := strings.Repeat(char, n)
				b.Run(fmt.Sprintf("%s/%+q/%d", e.name, char, n), func(b *testing.B) {
					b.ReportAllocs()
					for b.Loop() {
						v.Count(text, true)
					}
					b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(text)), "ns/byte")
				})
			}
		}
	}
}
