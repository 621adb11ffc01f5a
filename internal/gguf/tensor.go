package gguf

import (
	"fmt"
	"math/bits"
	"strconv"
)

// Type is the storage type of a tensor, numbered as ggml_type in
// https://github.com/ggml-org/ggml/blob/master/include/ggml.h.
type Type uint32

// The types that Parley computes with.
const (
	F32  Type = 0
	F16  Type = 1
	Q4_0 Type = 2
	Q4_1 Type = 3
	Q5_0 Type = 6
	Q5_1 Type = 7
	Q8_0 Type = 8
	Q4K  Type = 12
	Q5K  Type = 13
	Q6K  Type = 14
	BF16 Type = 30
)

// layouts holds the block layout of each supported type.
var layouts = [...]layout{
	F32:  {"F32", 1, 4, dequantF32},
	F16:  {"F16", 1, 2, dequantF16},
	Q4_0: {"Q4_0", 32, 18, dequantQ4_0},
	Q4_1: {"Q4_1", 32, 20, dequantQ4_1},
	Q5_0: {"Q5_0", 32, 22, dequantQ5_0},
	Q5_1: {"Q5_1", 32, 24, dequantQ5_1},
	Q8_0: {"Q8_0", 32, 34, dequantQ8_0},
	Q4K:  {"Q4_K", 256, 144, dequantQ4K},
	Q5K:  {"Q5_K", 256, 176, dequantQ5K},
	Q6K:  {"Q6_K", 256, 210, dequantQ6K},
	BF16: {"BF16", 1, 2, dequantBF16},
}

// layout describes one type: a block of bytes holds a fixed number of values.
type layout struct {
	name   string
	values int // per block
	bytes  int // per block
	// dequant writes the values of one block to dst.
	dequant func(dst []float32, block []byte)
}

// otherTypes names the types that exist and are not supported, for error texts.
var otherTypes = map[Type]string{
	9: "Q8_1", 10: "Q2_K", 11: "Q3_K", 15: "Q8_K", 16: "IQ2_XXS", 17: "IQ2_XS", 18: "IQ3_XXS",
	19: "IQ1_S", 20: "IQ4_NL", 21: "IQ3_S", 22: "IQ2_S", 23: "IQ4_XS", 24: "I8", 25: "I16", 26: "I32",
	27: "I64", 28: "F64", 29: "IQ1_M", 34: "TQ1_0", 35: "TQ2_0", 39: "MXFP4", 40: "NVFP4",
}

// layout returns the layout of the type, or nil if the type is not supported.
func (t Type) layout() *layout {
	if int64(t) < int64(len(layouts)) && layouts[t].bytes > 0 {
		return &layouts[t]
	}
	return nil
}

// String returns the name of the type, such as "Q4_K".
func (t Type) String() string {
	if l := t.layout(); l != nil {
		return l.name
	}
	if name, ok := otherTypes[t]; ok {
		return name
	}
	return "type " + strconv.FormatUint(uint64(t), 10)
}

// Supported reports whether Parley can compute with tensors of this type.
func (t Type) Supported() bool { return t.layout() != nil }

// BlockValues returns the number of values in one block, or 0 if the type is not supported.
func (t Type) BlockValues() int {
	if l := t.layout(); l != nil {
		return l.values
	}
	return 0
}

// BlockBytes returns the size of one block in bytes, or 0 if the type is not supported.
func (t Type) BlockBytes() int {
	if l := t.layout(); l != nil {
		return l.bytes
	}
	return 0
}

// Types returns the supported types.
func Types() []Type {
	var list []Type
	for t := range layouts {
		if layouts[t].bytes > 0 {
			list = append(list, Type(t))
		}
	}
	return list
}

// Tensor is one tensor of a file.
type Tensor struct {
	Name string
	Type Type
	// Dims are the dimensions. The first one is that of adjacent values: the number of
	// columns of a matrix. The second one is the number of rows.
	Dims []int
	// Data is the tensor's part of the file. It is nil if Type is not supported, because
	// the size is unknown then. It must not be changed, and must not be used after
	// [File.Close].
	Data []byte
}

const (
	maxDims        = 4
	maxTensorName  = 256
	maxTensorValue = 1 << 48 // values in one tensor
)

// tensorInfo is an entry of the file's table of tensors.
type tensorInfo struct {
	Tensor
	offset uint64 // from the start of the data
	size   uint64
}

// tensor reads one entry of the table.
func (h *headReader) tensor() (tensorInfo, error) {
	var t tensorInfo
	var err error
	if t.Name, err = h.text(maxTensorName); err != nil {
		return t, err
	}
	n, err := h.uint32()
	if err != nil {
		return t, err
	}
	if n > maxDims {
		return t, fmt.Errorf("%w: tensor %q has %d dimensions", ErrMalformed, t.Name, n)
	}
	dims := make([]uint64, n)
	for i := range dims {
		if dims[i], err = h.uint64(); err != nil {
			return t, err
		}
	}
	kind, err := h.uint32()
	if err != nil {
		return t, err
	}
	t.Type = Type(kind)
	if t.offset, err = h.uint64(); err != nil {
		return t, err
	}
	return t, t.measure(dims)
}

// measure checks the dimensions and computes the size in bytes.
func (t *tensorInfo) measure(dims []uint64) error {
	values := uint64(1)
	for _, d := range dims {
		high, low := bits.Mul64(values, d)
		if d == 0 || high != 0 || low > maxTensorValue {
			return fmt.Errorf("%w: tensor %q has dimensions %d", ErrMalformed, t.Name, dims)
		}
		values = low
		t.Dims = append(t.Dims, int(d))
	}
	l := t.Type.layout()
	if l == nil {
		return nil
	}
	columns := uint64(1)
	if len(dims) > 0 {
		columns = dims[0]
	}
	if columns%uint64(l.values) != 0 {
		return fmt.Errorf("%w: tensor %q of type %s has rows of %d values, which is no multiple of %d",
			ErrMalformed, t.Name, t.Type, columns, l.values)
	}
	t.size = values / uint64(l.values) * uint64(l.bytes)
	return nil
}
