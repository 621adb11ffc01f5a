package llama

import (
	"math"

	"github.com/parley-llm/parley/internal/llama/kernel"
)

// shortPrompt is the number of prompt tokens from which attention is computed in float32. For
// fewer, and for generated tokens, queries and the weighted sum of values are rounded to half
// precision, as ggml does in ggml_compute_forward_flash_attn_ext_f16:
// https://github.com/ggml-org/ggml/blob/master/src/ggml-cpu/ops.cpp. Without the same
// rounding, greedy answers would differ from those of llama.cpp.
const shortPrompt = 64

// attend computes the attention of one token, for the heads of queries that share a head of
// keys.
func (f *forward) attend(s *kernel.Scratch, t, kvHead int) {
	m := f.model
	a := attention{
		level: m.level,
		cache: f.session.cache, layer: &f.session.cache.layers[f.layer], head: kvHead,
		end: f.position + t + 1,
	}
	if m.window > 0 {
		a.begin = max(0, a.end-m.window)
	}
	a.weights = s.Floats(a.end - a.begin)
	shared := m.heads / m.kvHeads
	scale := float32(1 / math.Sqrt(float64(m.headWidth)))
	for h := kvHead * shared; h < (kvHead+1)*shared; h++ {
		out := f.attended.Vector(t)[h*m.headWidth:][:m.headWidth]
		clear(out)
		a.scores(f.query[t*f.queryCols+h*m.headWidth:][:m.headWidth])
		var sum float32
		if f.short {
			sum = a.addHalf(out, scale)
		} else {
			sum = m.level.Softmax(a.weights, scale)
			a.each(0, len(a.weights), func(weights []float32, values []uint16) {
				m.level.AddWeighted(out, weights, values)
			})
		}
		for i := range out {
			out[i] /= sum
		}
	}
}

// attention is the attention of one query to the positions begin to end of one head.
type attention struct {
	level      kernel.Level
	cache      *cache
	layer      *cacheLayer
	head       int
	begin, end int
	weights    []float32 // by position, from begin
}

// scores writes the products of the query and the keys to the weights.
func (a *attention) scores(query []float32) {
	for from := a.begin; from < a.end; {
		to := min(a.end, (from/cacheBlock+1)*cacheBlock)
		a.level.Scores(a.weights[from-a.begin:to-a.begin], query, a.cache.span(a.layer.keys, a.head, from, to))
		from = to
	}
}

// each calls do for the weights i to j and their values, once for each block of the cache.
func (a *attention) each(i, j int, do func(weights []float32, values []uint16)) {
	for i < j {
		from := a.begin + i
		n := min(j-i, cacheBlock-from%cacheBlock)
		do(a.weights[i:i+n], a.cache.span(a.layer.values, a.head, from, from+n))
		i += n
	}
}

// addHalf adds the weighted sum of the values to out, in half precision, and returns the sum
// of the weights. The weights are scores before, and are changed.
//
// The largest score so far is subtracted from each score. When a larger one comes, the
// results so far are scaled down. The scores between two such points are a run.
func (a *attention) addHalf(out []float32, scale float32) (sum float32) {
	w := a.weights
	largest := float32(math.Inf(-1))
	for i := 0; i < len(w); {
		if s := w[i] * scale; s > largest || i == 0 {
			if i > 0 {
				less := a.level.Exp(largest - s)
				sum *= less
				for j := range out {
					out[j] *= less
				}
				a.level.RoundHalf(out, out)
			}
			largest = s
		}
		j := i + 1
		for j < len(w) && !(w[j]*scale > largest) {
			j++
		}
		sum += a.level.ExpEach(w[i:j], scale, largest)
		a.each(i, j, func(weights []float32, values []uint16) { a.level.AddWeightedHalf(out, weights, values) })
		i = j
	}
	return sum
}
