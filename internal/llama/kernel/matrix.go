package kernel

import (
	"fmt"
	"math"

	"github.com/parley-llm/parley/internal/gguf"
)

// TileRows is the number of rows that the batch kernels compute together. Work is divided
// among goroutines in multiples of it.
const TileRows = 16

// Matrix is a matrix of weights, stored row by row as in a GGUF file. It is immutable.
type Matrix struct {
	Type       gguf.Type
	Rows, Cols int

	data     []byte
	rowBytes int
	format   *format // nil for a matrix of floats
}

// NewMatrix returns the matrix that data holds. It does not copy data.
func NewMatrix(typ gguf.Type, cols, rows int, data []byte) (*Matrix, error) {
	m := &Matrix{Type: typ, Rows: rows, Cols: cols, data: data, format: formats[typ]}
	if !typ.Supported() {
		return nil, fmt.Errorf("matrices of type %s are not supported", typ)
	}
	if cols%32 != 0 || cols%typ.BlockValues() != 0 {
		return nil, fmt.Errorf("a matrix of type %s with rows of %d values is not supported", typ, cols)
	}
	m.rowBytes = cols / typ.BlockValues() * typ.BlockBytes()
	if m.rowBytes*rows != len(data) {
		return nil, fmt.Errorf("%d bytes do not hold %d × %d values of type %s", len(data), rows, cols, typ)
	}
	return m, nil
}

// Bytes returns the size of the matrix in bytes.
func (m *Matrix) Bytes() int { return len(m.data) }

// Form returns the form of activations that the matrix works with.
func (m *Matrix) Form() Form {
	switch m.Type {
	case gguf.F32:
		return FormFloat
	case gguf.F16:
		return FormHalf
	case gguf.BF16:
		return FormBrain
	}
	return m.format.form
}

// Row writes the values of one row to dst.
func (m *Matrix) Row(dst []float32, row int) error {
	return m.Type.Dequantize(dst, m.row(row))
}

func (m *Matrix) row(i int) []byte { return m.data[i*m.rowBytes:][:m.rowBytes:m.rowBytes] }

// Mul multiplies rows lo to hi of the matrix with each vector of the input. The product of
// row r and the vector of token t is dst[t*stride+r].
//
// lo must be a multiple of [TileRows]. Several goroutines may compute different rows.
func (l Level) Mul(dst []float32, stride int, m *Matrix, in *Input, lo, hi int, s *Scratch) {
	if l.mulFast(dst, stride, m, in, lo, hi, s) {
		return
	}
	if m.format == nil {
		l.mulFloat(dst, stride, m, in, lo, hi, s)
		return
	}
	l.mulUnpacked(dst, stride, m, in, lo, hi, s)
}

// mulUnpacked unpacks each row once and multiplies it with all vectors.
func (l Level) mulUnpacked(dst []float32, stride int, m *Matrix, in *Input, lo, hi int, s *Scratch) {
	f, x := m.format, &in.forms[m.format.form]
	s.q = grow(s.q, m.Cols)
	s.scale = grow(s.scale, m.Cols/f.group)
	s.min = grow(s.min, m.Cols/f.group)
	for r := lo; r < hi; r++ {
		f.unpack(s.q, s.scale, s.min, 1, m.row(r))
		for t := range in.tokens {
			dst[t*stride+r] = dotGo(f, s, x, t*m.Cols)
		}
	}
}

// dotGo returns the product of an unpacked row and the vector that starts at value at.
func dotGo(f *format, s *Scratch, x *quantized, at int) float32 {
	var total float32
	g := f.group
	for i, scale := range s.scale {
		w, q := s.q[i*g:][:g], x.q[at+i*g:][:g]
		var a, b int32
		for j := 0; j+1 < len(w) && j+1 < len(q); j += 2 {
			a += int32(int8(w[j])) * int32(q[j])
			b += int32(int8(w[j+1])) * int32(q[j+1])
		}
		total += scale * x.scale[(at+i*g)/32] * float32(a+b)
		if f.hasMin {
			total += s.min[i] * x.sum[at/32+i]
		}
	}
	return total
}

// mulFloat multiplies a matrix of floats.
func (l Level) mulFloat(dst []float32, stride int, m *Matrix, in *Input, lo, hi int, s *Scratch) {
	s.floats = grow(s.floats, m.Cols)
	form := m.Form()
	for r := lo; r < hi; r++ {
		floats(s.floats, m.Type, m.row(r))
		for t := range in.tokens {
			dst[t*stride+r] = dotFloat(s.floats, in.floats(form, t))
		}
	}
}

// floats converts a row to float32.
func floats(dst []float32, typ gguf.Type, row []byte) {
	switch typ {
	case gguf.F32:
		for i := range dst {
			dst[i] = math.Float32frombits(le.Uint32(row[4*i:]))
		}
	case gguf.F16:
		for i := range dst {
			dst[i] = gguf.Float16(le.Uint16(row[2*i:]))
		}
	case gguf.BF16:
		for i := range dst {
			dst[i] = math.Float32frombits(uint32(le.Uint16(row[2*i:])) << 16)
		}
	}
}

// dotFloat returns the product of two vectors. The length is a multiple of 4.
func dotFloat(a, b []float32) float32 {
	var s0, s1, s2, s3 float32
	for len(a) >= 4 && len(b) >= 4 {
		s0 += a[0] * b[0]
		s1 += a[1] * b[1]
		s2 += a[2] * b[2]
		s3 += a[3] * b[3]
		a, b = a[4:], b[4:]
	}
	return s0 + s1 + (s2 + s3)
}
