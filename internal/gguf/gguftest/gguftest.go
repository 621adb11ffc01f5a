// Package gguftest writes GGUF files for tests: metadata of any type, and tensors of any
// type with random values.
package gguftest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"math/rand/v2"

	"github.com/parley-llm/parley/internal/gguf"
)

var le = binary.LittleEndian

// File collects the contents of a file. The zero value is an empty file of version 3.
type File struct {
	Version   uint32 // the default is 3
	Alignment int    // the default is 32; another one is written as general.alignment

	entries  uint64
	metadata []byte
	tensors  []tensor
}

type tensor struct {
	name string
	typ  gguf.Type
	dims []int
	data []byte
}

// Set adds a metadata entry. It panics if the type of value has no form in GGUF.
func (f *File) Set(key string, value any) {
	f.entries++
	f.metadata = appendString(f.metadata, key)
	kind, encoded := encode(value)
	f.metadata = le.AppendUint32(f.metadata, kind)
	f.metadata = append(f.metadata, encoded...)
}

// Add adds a tensor. The first dimension is that of adjacent values.
func (f *File) Add(name string, typ gguf.Type, data []byte, dims ...int) {
	f.tensors = append(f.tensors, tensor{name, typ, dims, data})
}

// Bytes returns the file.
func (f *File) Bytes() []byte {
	var b bytes.Buffer
	if _, err := f.WriteTo(&b); err != nil {
		panic(err) // a buffer takes everything
	}
	return b.Bytes()
}

// WriteTo writes the file.
func (f *File) WriteTo(w io.Writer) (int64, error) {
	alignment, version := f.Alignment, f.Version
	if alignment == 0 {
		alignment = 32
	} else {
		f.Set("general.alignment", uint32(alignment))
	}
	if version == 0 {
		version = 3
	}
	padding := func(n int) int { return (alignment - n%alignment) % alignment }
	b := le.AppendUint32([]byte("GGUF"), version)
	b = le.AppendUint64(b, uint64(len(f.tensors)))
	b = le.AppendUint64(b, f.entries)
	b = append(b, f.metadata...)
	offset := 0
	for _, t := range f.tensors {
		b = appendString(b, t.name)
		b = le.AppendUint32(b, uint32(len(t.dims)))
		for _, d := range t.dims {
			b = le.AppendUint64(b, uint64(d))
		}
		b = le.AppendUint32(b, uint32(t.typ))
		b = le.AppendUint64(b, uint64(offset))
		offset += len(t.data) + padding(len(t.data))
	}
	var total int64
	write := func(parts ...[]byte) error {
		for _, p := range parts {
			n, err := w.Write(p)
			if total += int64(n); err != nil {
				return err
			}
		}
		return nil
	}
	err := write(b, make([]byte, padding(len(b))))
	for _, t := range f.tensors {
		if err == nil {
			err = write(t.data, make([]byte, padding(len(t.data))))
		}
	}
	return total, err
}

func appendString(b []byte, s string) []byte {
	return append(le.AppendUint64(b, uint64(len(s))), s...)
}

// encode returns the number of the value's type and its bytes.
func encode(value any) (kind uint32, b []byte) {
	switch v := value.(type) {
	case uint8:
		return 0, []byte{v}
	case int8:
		return 1, []byte{byte(v)}
	case uint16:
		return 2, le.AppendUint16(nil, v)
	case int16:
		return 3, le.AppendUint16(nil, uint16(v))
	case uint32:
		return 4, le.AppendUint32(nil, v)
	case int32:
		return 5, le.AppendUint32(nil, uint32(v))
	case float32:
		return 6, le.AppendUint32(nil, math.Float32bits(v))
	case bool:
		if v {
			return 7, []byte{1}
		}
		return 7, []byte{0}
	case string:
		return 8, appendString(nil, v)
	case uint64:
		return 10, le.AppendUint64(nil, v)
	case int64:
		return 11, le.AppendUint64(nil, uint64(v))
	case float64:
		return 12, le.AppendUint64(nil, math.Float64bits(v))
	case []string:
		return array(8, v)
	case []float32:
		return array(6, v)
	case []int32:
		return array(5, v)
	case []int64:
		return array(11, v)
	case []bool:
		return array(7, v)
	case []byte:
		return array(0, v)
	case [][]int32:
		return array(9, v)
	}
	panic(fmt.Sprintf("gguftest: no GGUF type for %T", value))
}

func array[T any](kind uint32, list []T) (uint32, []byte) {
	b := le.AppendUint64(le.AppendUint32(nil, kind), uint64(len(list)))
	for _, v := range list {
		_, e := encode(v)
		b = append(b, e...)
	}
	return 9, b
}

// Random returns the data of a tensor with random values. Their standard deviation is about
// size. Blocks have random bytes, and scales that are equal except in the last bits.
func Random(rng *rand.Rand, typ gguf.Type, values int, size float64) []byte {
	n := values / typ.BlockValues() * typ.BlockBytes()
	b := make([]byte, n)
	half := func(v float64) uint16 { return gguf.ToFloat16(float32(v * (0.9 + 0.2*rng.Float64()))) }
	for rest := b; len(rest) > 0; rest = rest[typ.BlockBytes():] {
		block := rest[:typ.BlockBytes():typ.BlockBytes()]
		for i := 0; i < len(block); i += 8 {
			var word [8]byte
			le.PutUint64(word[:], rng.Uint64())
			copy(block[i:], word[:])
		}
		// The deviation of uniform values over n steps is n/√12.
		switch typ {
		case gguf.F32:
			le.PutUint32(block, math.Float32bits(float32(rng.NormFloat64()*size)))
		case gguf.F16:
			le.PutUint16(block, gguf.ToFloat16(float32(rng.NormFloat64()*size)))
		case gguf.BF16:
			le.PutUint16(block, uint16(math.Float32bits(float32(rng.NormFloat64()*size))>>16))
		case gguf.Q8_0:
			le.PutUint16(block, half(size/74))
		case gguf.Q4_0:
			le.PutUint16(block, half(size/4.6))
		case gguf.Q5_0:
			le.PutUint16(block, half(size/9.2))
		case gguf.Q4_1:
			le.PutUint16(block, half(size/4.6))
			le.PutUint16(block[2:], half(-size/4.6*7.5))
		case gguf.Q5_1:
			le.PutUint16(block, half(size/9.2))
			le.PutUint16(block[2:], half(-size/9.2*15.5))
		case gguf.Q4K:
			le.PutUint16(block, half(size/4.6/36))
			le.PutUint16(block[2:], half(size/4.6/36*7.5))
			equalMinimums(block[4:16])
		case gguf.Q5K:
			le.PutUint16(block, half(size/9.2/36))
			le.PutUint16(block[2:], half(size/9.2/36*15.5))
			equalMinimums(block[4:16])
		case gguf.Q6K:
			le.PutUint16(block[208:], half(size/18.5/74))
		}
	}
	return b
}

// equalMinimums makes the minimums of a K block equal to its scales, so that the values have
// a mean of about zero.
func equalMinimums(packed []byte) {
	copy(packed[4:8], packed[:4])
	for i, b := range packed[8:] {
		packed[8+i] = b&15 | b<<4
	}
}
