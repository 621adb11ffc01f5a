package tinyllama

import (
	"encoding/binary"
	"math"
)

// GGUF, version 3: a header, metadata, a table of tensors, and the data of the tensors,
// all in little endian. https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
const (
	magic     = "GGUF"
	version   = 3
	alignment = 32 // of the data section and of each tensor in it; this is the default
)

// Types of metadata values: gguf_metadata_value_type in the specification.
const (
	valueUint32  = 4
	valueInt32   = 5
	valueFloat32 = 6
	valueBool    = 7
	valueString  = 8
	valueArray   = 9
	valueUint64  = 10
)

var le = binary.LittleEndian

// encode returns the file.
func encode(meta *metadata, tensors []tensor) []byte {
	b := []byte(magic)
	b = le.AppendUint32(b, version)
	b = le.AppendUint64(b, uint64(len(tensors)))
	b = le.AppendUint64(b, meta.count)
	b = append(b, meta.encoded...)

	var offset uint64 // from the start of the data section
	for _, t := range tensors {
		b = appendString(b, t.name)
		b = le.AppendUint32(b, uint32(len(t.dimensions)))
		for _, d := range t.dimensions {
			b = le.AppendUint64(b, d)
		}
		b = le.AppendUint32(b, uint32(t.typ))
		b = le.AppendUint64(b, offset)
		offset += uint64(len(t.data) + padding(len(t.data)))
	}
	b = append(b, make([]byte, padding(len(b)))...)

	for _, t := range tensors {
		b = append(b, t.data...)
		b = append(b, make([]byte, padding(len(t.data)))...)
	}
	return b
}

// padding returns the number of bytes from n to the next aligned position.
func padding(n int) int { return (alignment - n%alignment) % alignment }

// metadata collects keys and values in their encoding in the file.
type metadata struct {
	count   uint64
	encoded []byte
}

func (m *metadata) key(key string, valueType uint32) {
	m.count++
	m.encoded = appendString(m.encoded, key)
	m.encoded = le.AppendUint32(m.encoded, valueType)
}

func (m *metadata) array(key string, elementType uint32, length int) {
	m.key(key, valueArray)
	m.encoded = le.AppendUint32(m.encoded, elementType)
	m.encoded = le.AppendUint64(m.encoded, uint64(length))
}

func (m *metadata) uint32(key string, v uint32) {
	m.key(key, valueUint32)
	m.encoded = le.AppendUint32(m.encoded, v)
}

func (m *metadata) uint64(key string, v uint64) {
	m.key(key, valueUint64)
	m.encoded = le.AppendUint64(m.encoded, v)
}

func (m *metadata) float32(key string, v float32) {
	m.key(key, valueFloat32)
	m.encoded = appendFloat32(m.encoded, v)
}

func (m *metadata) bool(key string, v bool) {
	m.key(key, valueBool)
	var b byte
	if v {
		b = 1
	}
	m.encoded = append(m.encoded, b)
}

func (m *metadata) string(key, v string) {
	m.key(key, valueString)
	m.encoded = appendString(m.encoded, v)
}

func (m *metadata) strings(key string, list []string) {
	m.array(key, valueString, len(list))
	for _, v := range list {
		m.encoded = appendString(m.encoded, v)
	}
}

func (m *metadata) float32s(key string, list []float32) {
	m.array(key, valueFloat32, len(list))
	for _, v := range list {
		m.encoded = appendFloat32(m.encoded, v)
	}
}

func (m *metadata) int32s(key string, list []int32) {
	m.array(key, valueInt32, len(list))
	for _, v := range list {
		m.encoded = le.AppendUint32(m.encoded, uint32(v))
	}
}

func appendString(b []byte, s string) []byte {
	b = le.AppendUint64(b, uint64(len(s)))
	return append(b, s...)
}

func appendFloat32(b []byte, v float32) []byte {
	return le.AppendUint32(b, math.Float32bits(v))
}
