package kernel

import "github.com/parley-llm/parley/internal/gguf"

// Scores writes the products of the query with each key to dst. keys holds len(dst) vectors
// of len(query) half-precision numbers. len(query) must be a multiple of 8.
func (l Level) Scores(dst, query []float32, keys []uint16) {
	if l.scoresFast(dst, query, keys) {
		return
	}
	n := len(query)
	for i := range dst {
		var s0, s1 float32
		key := keys[i*n:][:n]
		for j := 0; j+1 < len(key) && j+1 < len(query); j += 2 {
			s0 += query[j] * gguf.Float16(key[j])
			s1 += query[j+1] * gguf.Float16(key[j+1])
		}
		dst[i] = s0 + s1
	}
}

// AddWeighted adds the sum of the values, each multiplied with its weight, to dst. values
// holds len(weights) vectors of len(dst) half-precision numbers. len(dst) must be a multiple
// of 8.
func (l Level) AddWeighted(dst, weights []float32, values []uint16) {
	if l.addWeightedFast(dst, weights, values) {
		return
	}
	n := len(dst)
	for i, w := range weights {
		value := values[i*n:][:n]
		for j, v := range value {
			dst[j] += w * gguf.Float16(v)
		}
	}
}

// AddWeightedHalf is AddWeighted with dst in half precision: each sum is rounded.
func (l Level) AddWeightedHalf(dst, weights []float32, values []uint16) {
	if l.addWeightedHalfFast(dst, weights, values) {
		return
	}
	n := len(dst)
	for i, w := range weights {
		value := values[i*n:][:n]
		for j, v := range value {
			dst[j] = gguf.Float16(gguf.ToFloat16(dst[j] + w*gguf.Float16(v)))
		}
	}
}

// ToHalf rounds src to half precision. len(src) must be a multiple of 8.
func (l Level) ToHalf(dst []uint16, src []float32) {
	dst = dst[:len(src)]
	if l.toHalfFast(dst, src) {
		return
	}
	for i, v := range src {
		dst[i] = gguf.ToFloat16(v)
	}
}

// RoundHalf rounds src to half precision and writes it as float32. len(src) must be a
// multiple of 8.
func (l Level) RoundHalf(dst, src []float32) {
	dst = dst[:len(src)]
	if l.roundHalfFast(dst, src) {
		return
	}
	for i, v := range src {
		dst[i] = gguf.Float16(gguf.ToFloat16(v))
	}
}
