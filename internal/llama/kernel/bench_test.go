package kernel_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/parley-llm/parley/internal/cputime"
	"github.com/parley-llm/parley/internal/gguf"
	"github.com/parley-llm/parley/internal/llama/kernel"
)

// BenchmarkMul measures products with a matrix in the cache: one vector in bytes of weights
// per second of processor time, and batches in multiplications.
func BenchmarkMul(b *testing.B) {
	const rows, cols = 64, 2048
	for _, typ := range gguf.Types() {
		for _, level := range kernel.Levels() {
			for _, tokens := range []int{1, 16, 128} {
				b.Run(fmt.Sprintf("%s/%s/tokens=%d", typ, level, tokens), func(b *testing.B) {
					rng := rand.New(rand.NewPCG(1, 2))
					m := matrix(b, rng, typ, rows, cols)
					in := input(level, rng, m, tokens)
					dst := make([]float32, rows*tokens)
					var s kernel.Scratch
					b.ReportAllocs()
					cpu := cputime.Of(b, func() {
						for b.Loop() {
							level.Mul(dst, rows, m, in, 0, rows, &s)
						}
					})
					perSecond := float64(b.N) / cpu.Seconds() / 1e9
					if tokens == 1 {
						b.ReportMetric(perSecond*float64(m.Bytes()), "GB/cpu-s")
					} else {
						b.ReportMetric(perSecond*rows*cols*float64(tokens), "GMAC/cpu-s")
					}
				})
			}
		}
	}
}
