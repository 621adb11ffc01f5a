package vocabtest

import (
	"encoding/binary"
	"math"
)

var le = binary.LittleEndian

// GGUF collects metadata in the encoding of GGUF files, version 3. The zero value is
// empty. https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
type GGUF struct {
	count uint64
	pairs []byte
}

// Types of metadata values: gguf_metadata_value_type.
const (
	ggufUint8   = 0
	ggufUint32  = 4
	ggufInt32   = 5
	ggufFloat32 = 6
	ggufBool    = 7
	ggufString  = 8
	ggufArray   = 9
)

// File returns a file with the metadata and without tensors.
func (g *GGUF) File() []byte {
	b := le.AppendUint32([]byte("GGUF"), 3)
	b = le.AppendUint64(b, 0) // number of tensors
	b = le.AppendUint64(b, g.count)
	return append(b, g.pairs...)
}

func (g *GGUF) text(s string) {
	g.pairs = append(le.AppendUint64(g.pairs, uint64(len(s))), s...)
}

func (g *GGUF) key(key string, valueType uint32) {
	g.count++
	g.text(key)
	g.pairs = le.AppendUint32(g.pairs, valueType)
}

func (g *GGUF) array(key string, valueType uint32, n uint64) {
	g.key(key, ggufArray)
	g.pairs = le.AppendUint64(le.AppendUint32(g.pairs, valueType), n)
}

// String adds a string.
func (g *GGUF) String(key, value string) {
	g.key(key, ggufString)
	g.text(value)
}

// Uint32 adds a number.
func (g *GGUF) Uint32(key string, value uint32) {
	g.key(key, ggufUint32)
	g.pairs = le.AppendUint32(g.pairs, value)
}

// Bool adds a boolean.
func (g *GGUF) Bool(key string, value bool) {
	g.key(key, ggufBool)
	if value {
		g.pairs = append(g.pairs, 1)
	} else {
		g.pairs = append(g.pairs, 0)
	}
}

// Strings adds a list of strings.
func (g *GGUF) Strings(key string, list []string) {
	g.array(key, ggufString, uint64(len(list)))
	for _, s := range list {
		g.text(s)
	}
}

// Float32s adds a list of numbers.
func (g *GGUF) Float32s(key string, list []float32) {
	g.array(key, ggufFloat32, uint64(len(list)))
	for _, v := range list {
		g.pairs = le.AppendUint32(g.pairs, math.Float32bits(v))
	}
}

// Int32s adds a list of numbers.
func (g *GGUF) Int32s(key string, list []int32) {
	g.array(key, ggufInt32, uint64(len(list)))
	for _, v := range list {
		g.pairs = le.AppendUint32(g.pairs, uint32(v))
	}
}

// Bytes adds a list of bytes.
func (g *GGUF) Bytes(key string, list []byte) {
	g.array(key, ggufUint8, uint64(len(list)))
	g.pairs = append(g.pairs, list...)
}

// Claim adds the head of a list of n strings without the strings, as in a damaged file.
func (g *GGUF) Claim(key string, n uint64) { g.array(key, ggufString, n) }
