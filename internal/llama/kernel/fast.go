//go:build amd64 || arm64

package kernel

import "github.com/parley-llm/parley/internal/gguf"

// Each function below checks the lengths that its assembly relies on, and reports whether it
// has done the work.

func (l Level) scoresFast(dst, query []float32, keys []uint16) bool {
	n := len(query)
	if l == Go || n == 0 || n%8 != 0 || len(dst) == 0 {
		return false
	}
	_ = keys[:len(dst)*n]
	scoresASM(&dst[0], &query[0], &keys[0], len(dst), n)
	return true
}

func (l Level) addWeightedFast(dst, weights []float32, values []uint16) bool {
	n := len(dst)
	if l == Go || n == 0 || n%8 != 0 || len(weights) == 0 {
		return false
	}
	_ = values[:len(weights)*n]
	weightedASM(&dst[0], &weights[0], &values[0], len(weights), n)
	return true
}

func (l Level) addWeightedHalfFast(dst, weights []float32, values []uint16) bool {
	n := len(dst)
	if l == Go || n == 0 || n%8 != 0 || len(weights) == 0 {
		return false
	}
	_ = values[:len(weights)*n]
	weightedHalfASM(&dst[0], &weights[0], &values[0], len(weights), n)
	return true
}

func (l Level) toHalfFast(dst []uint16, src []float32) bool {
	if l == Go || len(src) == 0 || len(src)%8 != 0 {
		return false
	}
	toHalfASM(&dst[:len(src)][0], &src[0], len(src))
	return true
}

func (l Level) roundHalfFast(dst, src []float32) bool {
	if l == Go || len(src) == 0 || len(src)%8 != 0 {
		return false
	}
	roundHalfASM(&dst[:len(src)][0], &src[0], len(src))
	return true
}

// mulFloatFast multiplies a matrix of floats.
func mulFloatFast(dst []float32, stride int, m *Matrix, in *Input, lo, hi int) {
	rows, each := hi-lo, 1
	if in.tokens == 1 {
		rows, each = 1, hi-lo // all rows in one call
	}
	form := m.Form()
	for i := range rows {
		r := lo + i
		w := &m.data[r*m.rowBytes:][:each*m.rowBytes][0]
		for t := range in.tokens {
			d, x := &dst[t*stride+r:][:each][0], &in.floats(form, t)[0]
			switch m.Type {
			case gguf.F32:
				rowsF32ASM(d, w, each, m.Cols, x)
			case gguf.F16:
				rowsF16ASM(d, w, each, m.Cols, x)
			case gguf.BF16:
				rowsBF16ASM(d, w, each, m.Cols, x)
			}
		}
	}
}

// mulDot unpacks each row once and multiplies it with all vectors, four at a time.
func mulDot(dst []float32, stride int, m *Matrix, in *Input, lo, hi int, s *Scratch) {
	if lo == hi {
		return
	}
	f, x := m.format, &in.forms[m.format.form]
	cols, groups := m.Cols, m.Cols/m.format.group
	s.q = grow(s.q, cols)
	s.scale = grow(s.scale, groups)
	s.min = grow(s.min, groups)
	one, four := dot1Group32ASM, dot4Group32ASM
	if f.group == 16 {
		one, four = dot1Group16ASM, dot4Group16ASM
	}
	var sums [tokenStep]float32
	for r := lo; r < hi; r++ {
		unpackFast(m, s.q, s.scale, s.min, 1, m.row(r))
		for t := 0; t < in.tokens; t += tokenStep {
			at := t * cols
			n := min(in.tokens-t, tokenStep)
			if in.tokens == 1 {
				one(&sums[0], &s.q[0], &s.scale[0], &x.q[at:][:cols][0], &x.scale[at/32], cols/32)
			} else {
				four(&sums[0], &s.q[0], &s.scale[0], &x.q[at:][:tokenStep*cols][0], &x.scale[at/32], cols/32)
			}
			for i, v := range sums[:n] {
				if f.hasMin {
					v += dotF32ASM(&s.min[0], &x.sum[at/32+i*groups:][:groups][0], groups)
				}
				dst[(t+i)*stride+r] = v
			}
		}
	}
}

//go:noescape
func scoresASM(dst, query *float32, keys *uint16, n, width int)

//go:noescape
func weightedASM(dst, weights *float32, values *uint16, n, width int)

//go:noescape
func weightedHalfASM(dst, weights *float32, values *uint16, n, width int)

//go:noescape
func toHalfASM(dst *uint16, src *float32, n int)

//go:noescape
func roundHalfASM(dst, src *float32, n int)

//go:noescape
func rowsF32ASM(dst *float32, w *byte, rows, cols int, x *float32)

//go:noescape
func rowsF16ASM(dst *float32, w *byte, rows, cols int, x *float32)

//go:noescape
func rowsBF16ASM(dst *float32, w *byte, rows, cols int, x *float32)

//go:noescape
func dotF32ASM(a, b *float32, n int) float32

//go:noescape
func dot1Group32ASM(dst *float32, w *byte, scale *float32, x *int8, xscale *float32, blocks int)

//go:noescape
func dot1Group16ASM(dst *float32, w *byte, scale *float32, x *int8, xscale *float32, blocks int)

//go:noescape
func dot4Group32ASM(dst *float32, w *byte, scale *float32, x *int8, xscale *float32, blocks int)

//go:noescape
func dot4Group16ASM(dst *float32, w *byte, scale *float32, x *int8, xscale *float32, blocks int)
