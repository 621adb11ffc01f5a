package kernel

import "github.com/parley-llm/parley/internal/gguf"

// mulFast is Mul in assembly. It reports whether it has done the work.
func (l Level) mulFast(dst []float32, stride int, m *Matrix, in *Input, lo, hi int, s *Scratch) bool {
	if l == Go || lo >= hi {
		return false
	}
	if m.format == nil {
		mulFloatFast(dst, stride, m, in, lo, hi)
		return true
	}
	if in.tokens == 1 && mulRows(dst, m, in, lo, hi) {
		return true
	}
	if l >= AVX512 && in.tokens > 1 {
		for ; lo+TileRows <= hi; lo += TileRows {
			mulPanel(dst, stride, m, in, lo, s)
		}
	}
	mulDot(dst, stride, m, in, lo, hi, s)
	return true
}

// mulRows multiplies rows as they are stored with one vector. It reports whether there is
// assembly for the type.
func mulRows(dst []float32, m *Matrix, in *Input, lo, hi int) bool {
	f := &in.forms[m.format.form]
	d, w := &dst[lo:hi][0], &m.data[lo*m.rowBytes : hi*m.rowBytes][0]
	x, scale, sum := &f.q[:m.Cols][0], &f.scale[:m.Cols/32][0], &f.sum[:m.Cols/32][0]
	switch m.Type {
	case gguf.Q8_0:
		rowsQ8AVX2(d, w, hi-lo, m.Cols/32, x, scale)
	case gguf.Q4_0:
		rowsQ4_0AVX2(d, w, hi-lo, m.Cols/32, x, scale, sum)
	case gguf.Q4_1:
		rowsQ4_1AVX2(d, w, hi-lo, m.Cols/32, x, scale, sum)
	case gguf.Q5_0:
		rowsQ5_0AVX2(d, w, hi-lo, m.Cols/32, x, scale, sum)
	case gguf.Q5_1:
		rowsQ5_1AVX2(d, w, hi-lo, m.Cols/32, x, scale, sum)
	case gguf.Q4K:
		rowsQ4KAVX2(d, w, hi-lo, m.Cols/256, x, scale, sum)
	case gguf.Q5K:
		rowsQ5KAVX2(d, w, hi-lo, m.Cols/256, x, scale, sum)
	case gguf.Q6K:
		rowsQ6KAVX2(d, w, hi-lo, m.Cols/256, x, scale, &f.bias16[:m.Cols/16][0])
	default:
		return false
	}
	return true
}

// unpackFast is the unpack of the matrix's format.
func unpackFast(m *Matrix, q []byte, scale, min []float32, step int, row []byte) {
	f := m.format
	last := (len(q)/f.group - 1) * step
	_, _ = scale[last], min[last]
	n := len(q) / m.Type.BlockValues()
	_ = row[:n*m.Type.BlockBytes()]
	unpackers[m.Type](&q[0], &scale[0], &min[0], step, &row[0], n)
}

// unpackers has the assembly of the unpackers in formats.go.
var unpackers = map[gguf.Type]func(q *byte, scale, min *float32, step int, row *byte, blocks int){
	gguf.Q8_0: unpackQ8AVX2,
	gguf.Q4_0: unpackQ4_0AVX2,
	gguf.Q4_1: unpackQ4_1AVX2,
	gguf.Q5_0: unpackQ5_0AVX2,
	gguf.Q5_1: unpackQ5_1AVX2,
	gguf.Q4K:  unpackQ4KAVX2,
	gguf.Q5K:  unpackQ5KAVX2,
	gguf.Q6K:  unpackQ6KAVX2,
}

// mulPanel multiplies one tile of rows with all vectors.
func mulPanel(dst []float32, stride int, m *Matrix, in *Input, lo int, s *Scratch) {
	f, x := m.format, &in.forms[m.format.form]
	cols := m.Cols
	s.q = grow(s.q, TileRows*cols)
	s.panel = grow(s.panel, TileRows*cols)
	s.scale = grow(s.scale, TileRows*cols/f.group)
	s.min = grow(s.min, TileRows*cols/f.group)
	for r := range TileRows {
		unpackFast(m, s.q[r*cols:][:cols], s.scale[r:], s.min[r:], TileRows, m.row(lo+r))
	}
	packVNNI(&s.panel[0], &s.q[0], cols, cols/32)

	var min *float32
	if f.hasMin {
		min = &s.min[0]
	}
	var rest [tokenStep * TileRows]float32
	for t := 0; t < in.tokens; t += tokenStep {
		at := t * cols
		d, step := rest[:], TileRows
		if t+tokenStep <= in.tokens {
			d, step = dst[t*stride+lo:], stride
			_ = d[(tokenStep-1)*stride+TileRows-1]
		}
		q, scale, sum := &x.q[at:][:tokenStep*cols][0], &x.scale[at/32], &x.sum[at/32]
		if f.group == 16 {
			panel16VNNI(&d[0], step, &s.panel[0], &s.scale[0], min, q, scale, sum, &x.bias16[at/16], cols/32)
		} else {
			panel32VNNI(&d[0], step, &s.panel[0], &s.scale[0], min, q, scale, sum, &x.bias32[at/32], cols/32)
		}
		if step == TileRows && t+tokenStep > in.tokens {
			for i := range in.tokens - t {
				copy(dst[(t+i)*stride+lo:][:TileRows], rest[i*TileRows:])
			}
		}
	}
}

//go:noescape
func rowsQ8AVX2(dst *float32, w *byte, rows, blocks int, x *int8, xscale *float32)

//go:noescape
func rowsQ4_0AVX2(dst *float32, w *byte, rows, blocks int, x *int8, xscale, xsum *float32)

//go:noescape
func rowsQ4_1AVX2(dst *float32, w *byte, rows, blocks int, x *int8, xscale, xsum *float32)

//go:noescape
func rowsQ5_0AVX2(dst *float32, w *byte, rows, blocks int, x *int8, xscale, xsum *float32)

//go:noescape
func rowsQ5_1AVX2(dst *float32, w *byte, rows, blocks int, x *int8, xscale, xsum *float32)

//go:noescape
func rowsQ4KAVX2(dst *float32, w *byte, rows, blocks int, x *int8, xscale, xsum *float32)

//go:noescape
func rowsQ5KAVX2(dst *float32, w *byte, rows, blocks int, x *int8, xscale, xsum *float32)

//go:noescape
func rowsQ6KAVX2(dst *float32, w *byte, rows, blocks int, x *int8, xscale *float32, bias *int32)

//go:noescape
func unpackQ8AVX2(q *byte, scale, min *float32, step int, row *byte, blocks int)

//go:noescape
func unpackQ4_0AVX2(q *byte, scale, min *float32, step int, row *byte, blocks int)

//go:noescape
func unpackQ4_1AVX2(q *byte, scale, min *float32, step int, row *byte, blocks int)

//go:noescape
func unpackQ5_0AVX2(q *byte, scale, min *float32, step int, row *byte, blocks int)

//go:noescape
func unpackQ5_1AVX2(q *byte, scale, min *float32, step int, row *byte, blocks int)

//go:noescape
func unpackQ4KAVX2(q *byte, scale, min *float32, step int, row *byte, blocks int)

//go:noescape
func unpackQ5KAVX2(q *byte, scale, min *float32, step int, row *byte, blocks int)

//go:noescape
func unpackQ6KAVX2(q *byte, scale, min *float32, step int, row *byte, blocks int)

//go:noescape
func packVNNI(panel, rows *byte, cols, blocks int)

//go:noescape
func panel32VNNI(dst *float32, stride int, panel *byte, scale, min *float32, x *int8, xscale, xsum *float32, bias *int32, blocks int)

//go:noescape
func panel16VNNI(dst *float32, stride int, panel *byte, scale, min *float32, x *int8, xscale, xsum *float32, bias *int32, blocks int)
