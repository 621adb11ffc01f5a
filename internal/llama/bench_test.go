package llama_test

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/parley-llm/parley/internal/cputime"
	"github.com/parley-llm/parley/internal/llama"
)

// BenchmarkModel measures the model in the file PARLEY_BENCH_MODEL, in tokens per second of
// processor time: prompts of two lengths, and generation at two lengths of the context.
func BenchmarkModel(b *testing.B) {
	path := os.Getenv("PARLEY_BENCH_MODEL")
	if path == "" {
		b.Skip("PARLEY_BENCH_MODEL, the path of a GGUF file, is not set")
	}
	for _, threads := range []int{1, 2} {
		m := open(b, path, llama.Options{Threads: threads})
		ids := text(256, m.Vocabulary())
		for _, n := range []int{256, 16} {
			b.Run(fmt.Sprintf("threads=%d/prompt=%d", threads, n), func(b *testing.B) {
				s := m.NewSession(1024)
				perSecond(b, n, func() {
					s.Reset()
					prompt(b, s, ids[:n])
				})
			})
		}
		for _, n := range []int{16, 256} {
			b.Run(fmt.Sprintf("threads=%d/generate=%d", threads, n), func(b *testing.B) {
				s := m.NewSession(1024)
				prompt(b, s, ids[:n])
				perSecond(b, 1, func() {
					if _, err := s.Next(b.Context(), 5); err != nil {
						b.Fatal(err)
					}
				})
			})
		}
	}
}

// perSecond runs f and reports the tokens per second of processor time.
func perSecond(b *testing.B, tokens int, f func()) {
	var cpu time.Duration
	n := 0
	for b.Loop() {
		cpu += cputime.Of(b, f)
		n += tokens
	}
	b.ReportMetric(float64(n)/cpu.Seconds(), "tokens/cpu-s")
	b.ReportAllocs()
}
