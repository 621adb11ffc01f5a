package tinyllama

import "math"

// A Type is the storage type of a tensor's values. The numbers are those of ggml_type in
// the GGUF specification.
type Type uint32

const (
	F32 Type = 0 // 32-bit floats
	F16 Type = 1 // 16-bit floats
	Q8  Type = 8 // Q8_0: blocks of 32 bytes with a 16-bit scale
)

// fileTypes gives general.file_type by the type of a file's matrices.
var fileTypes = map[Type]uint32{F32: 0, F16: 1, Q8: 7}

// A tensor is a tensor in the encoding of the file.
type tensor struct {
	name       string
	typ        Type
	dimensions []uint64 // the dimension with adjacent values comes first
	data       []byte
}

func newTensor(name string, typ Type, values []float32, dimensions ...int) tensor {
	t := tensor{name: name, typ: typ}
	for _, d := range dimensions {
		t.dimensions = append(t.dimensions, uint64(d))
	}
	switch typ {
	case F32:
		for _, v := range values {
			t.data = appendFloat32(t.data, v)
		}
	case F16:
		for _, v := range values {
			t.data = le.AppendUint16(t.data, float16(v))
		}
	case Q8:
		for i := 0; i < len(values); i += blockValues {
			t.data = appendQ8(t.data, values[i:i+blockValues])
		}
	}
	return t
}

// values returns the number of values in the tensor.
func (t tensor) values() uint64 {
	n := uint64(1)
	for _, d := range t.dimensions {
		n *= d
	}
	return n
}

// blockValues is the number of values in a Q8_0 block.
const blockValues = 32

// appendQ8 appends one Q8_0 block as GGML does: the scale, followed by each value as a
// multiple of the scale. Values are divided by the scale before the scale is rounded to
// 16 bits.
func appendQ8(b []byte, values []float32) []byte {
	var largest float32
	for _, v := range values {
		largest = max(largest, float32(math.Abs(float64(v))))
	}
	scale := largest / 127
	var inverse float32
	if scale != 0 {
		inverse = 1 / scale
	}
	b = le.AppendUint16(b, float16(scale))
	for _, v := range values {
		b = append(b, byte(int8(math.Round(float64(v*inverse)))))
	}
	return b
}

// float16 rounds to the nearest IEEE 754 half-precision number (ties to even) and returns
// its bits.
func float16(v float32) uint16 {
	const (
		smallestNormal = 0x1p-14
		quantum        = 0x1p-24 // distance between neighbors below smallestNormal
		overflow       = 65520   // halfway between the largest number and the next one
		infinity       = 0x7c00
	)
	bits := math.Float32bits(v)
	sign := uint16(bits >> 16 & 0x8000)
	switch size := math.Abs(float64(v)); {
	case math.IsNaN(size):
		return sign | infinity | 1
	case size >= overflow:
		return sign | infinity
	case size < smallestNormal:
		return sign | uint16(math.RoundToEven(size/quantum))
	}
	// Change the exponent's bias from 127 to 15. Then add a little less than half of the
	// value of the 13 dropped bits, or exactly half if the rest is odd. A carry goes into
	// the exponent.
	rest := bits &^ (1 << 31)
	rest -= (127 - 15) << 23
	rest += 1<<12 - 1 + rest>>13&1
	return sign | uint16(rest>>13)
}
