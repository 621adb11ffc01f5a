package vocab

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
)

// ReadGGUF reads the vocabulary of a GGUF file, version 2 or 3, little or big endian. It
// reads the metadata at the beginning of the file and does not read tensors.
// https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
func ReadGGUF(r io.Reader) (*Vocabulary, error) {
	g := ggufReader{r: bufio.NewReaderSize(&io.LimitedReader{R: r, N: maxFileBytes}, 1<<16)}
	metadata, err := g.metadata()
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, err
	}
	return FromMetadata(metadata)
}

// Types of metadata values: gguf_metadata_value_type.
const (
	ggufUint8 = iota
	ggufInt8
	ggufUint16
	ggufInt16
	ggufUint32
	ggufInt32
	ggufFloat32
	ggufBool
	ggufString
	ggufArray
	ggufUint64
	ggufInt64
	ggufFloat64
)

// ggufSizes are the sizes in bytes of the types with a fixed size.
var ggufSizes = [...]int{
	ggufUint8: 1, ggufInt8: 1, ggufUint16: 2, ggufInt16: 2, ggufUint32: 4, ggufInt32: 4,
	ggufFloat32: 4, ggufBool: 1, ggufUint64: 8, ggufInt64: 8, ggufFloat64: 8,
}

var errGGUF = errors.New("the file is not well-formed GGUF")

const (
	maxKeyBytes = 1 << 16 // limit of the specification
	maxArrays   = 4       // depth of nested arrays
)

type ggufReader struct {
	r     *bufio.Reader
	order binary.ByteOrder
}

// metadata reads the header and all metadata about the vocabulary.
func (g *ggufReader) metadata() (map[string]any, error) {
	var head [8]byte
	if _, err := io.ReadFull(g.r, head[:]); err != nil {
		return nil, err
	}
	if string(head[:4]) != "GGUF" {
		return nil, errGGUF
	}
	g.order = binary.LittleEndian
	version := g.order.Uint32(head[4:])
	if version&0xffff == 0 {
		g.order = binary.BigEndian
		version = g.order.Uint32(head[4:])
	}
	if version != 2 && version != 3 {
		return nil, fmt.Errorf("GGUF version %d is not supported: convert the file to version 2 or 3", version)
	}
	if _, err := g.uint64(); err != nil { // the number of tensors
		return nil, err
	}
	entries, err := g.uint64()
	if err != nil {
		return nil, err
	}
	metadata := make(map[string]any)
	for range entries {
		key, err := g.text(maxKeyBytes)
		if err != nil {
			return nil, err
		}
		kind, err := g.uint32()
		if err != nil {
			return nil, err
		}
		if !wanted(key) {
			err = g.skip(kind, maxArrays)
		} else {
			metadata[key], err = g.value(kind)
		}
		if err != nil {
			return nil, err
		}
	}
	return metadata, nil
}

// wanted reports whether a key is about the vocabulary.
func wanted(key string) bool {
	return key == "general.name" || key == "general.architecture" || strings.HasPrefix(key, "tokenizer.")
}

func (g *ggufReader) fixed(n int) ([]byte, error) {
	b, err := g.r.Peek(n)
	if err != nil {
		return nil, err
	}
	_, err = g.r.Discard(n)
	return b, err
}

func (g *ggufReader) uint32() (uint32, error) {
	b, err := g.fixed(4)
	if err != nil {
		return 0, err
	}
	return g.order.Uint32(b), nil
}

func (g *ggufReader) uint64() (uint64, error) {
	b, err := g.fixed(8)
	if err != nil {
		return 0, err
	}
	return g.order.Uint64(b), nil
}

// text reads a string of at most limit bytes. It allocates memory only for bytes that it
// has read.
func (g *ggufReader) text(limit uint64) (string, error) {
	n, err := g.uint64()
	if err != nil {
		return "", err
	}
	if n > limit {
		return "", fmt.Errorf("%w: a string has %d bytes", errGGUF, n)
	}
	if n <= uint64(g.r.Size()) {
		b, err := g.fixed(int(n))
		return string(b), err
	}
	var b strings.Builder
	if _, err := io.CopyN(&b, g.r, int64(n)); err != nil {
		return "", err
	}
	return b.String(), nil
}

// value reads a value: a string, a bool, a float64, an int64, or a slice of string,
// float32, int32 or byte.
func (g *ggufReader) value(kind uint32) (any, error) {
	switch kind {
	case ggufString:
		return g.text(maxFileBytes)
	case ggufArray:
		return g.array()
	}
	if int(kind) >= len(ggufSizes) {
		return nil, fmt.Errorf("%w: a value has the unknown type %d", errGGUF, kind)
	}
	b, err := g.fixed(ggufSizes[kind])
	if err != nil {
		return nil, err
	}
	switch kind {
	case ggufBool:
		return b[0] != 0, nil
	case ggufUint8:
		return int64(b[0]), nil
	case ggufInt8:
		return int64(int8(b[0])), nil
	case ggufUint16:
		return int64(g.order.Uint16(b)), nil
	case ggufInt16:
		return int64(int16(g.order.Uint16(b))), nil
	case ggufUint32:
		return int64(g.order.Uint32(b)), nil
	case ggufInt32:
		return int64(int32(g.order.Uint32(b))), nil
	case ggufFloat32:
		return float64(math.Float32frombits(g.order.Uint32(b))), nil
	case ggufFloat64:
		return math.Float64frombits(g.order.Uint64(b)), nil
	default:
		return int64(g.order.Uint64(b)), nil
	}
}

func (g *ggufReader) arrayHeader() (kind uint32, n uint64, err error) {
	if kind, err = g.uint32(); err != nil {
		return 0, 0, err
	}
	n, err = g.uint64()
	return kind, n, err
}

func (g *ggufReader) array() (any, error) {
	kind, n, err := g.arrayHeader()
	if err != nil {
		return nil, err
	}
	if n > maxFileBytes {
		return nil, fmt.Errorf("%w: an array has %d values", errGGUF, n)
	}
	switch kind {
	case ggufString:
		return readArray(n, func() (string, error) { return g.text(maxFileBytes) })
	case ggufFloat32:
		return readArray(n, func() (float32, error) {
			v, err := g.uint32()
			return math.Float32frombits(v), err
		})
	case ggufInt32, ggufUint32:
		return readArray(n, func() (int32, error) {
			v, err := g.uint32()
			return int32(v), err
		})
	case ggufUint8, ggufInt8:
		return readArray(n, g.r.ReadByte)
	}
	return nil, g.skipArray(kind, n, maxArrays)
}

// readArray reads n values. It allocates memory only for values that it has read.
func readArray[T any](n uint64, read func() (T, error)) ([]T, error) {
	values := make([]T, 0, min(n, 1<<12))
	for range n {
		v, err := read()
		if err != nil {
			return nil, err
		}
		values = append(values, v)
	}
	return values, nil
}

// skip skips a value.
func (g *ggufReader) skip(kind uint32, depth int) error {
	switch kind {
	case ggufString:
		n, err := g.uint64()
		if err != nil {
			return err
		}
		return g.discard(n)
	case ggufArray:
		kind, n, err := g.arrayHeader()
		if err != nil {
			return err
		}
		return g.skipArray(kind, n, depth)
	}
	if int(kind) >= len(ggufSizes) {
		return fmt.Errorf("%w: a value has the unknown type %d", errGGUF, kind)
	}
	return g.discard(uint64(ggufSizes[kind]))
}

func (g *ggufReader) skipArray(kind uint32, n uint64, depth int) error {
	if depth == 0 || n > maxFileBytes {
		return fmt.Errorf("%w: an array has %d values", errGGUF, n)
	}
	if int(kind) < len(ggufSizes) && ggufSizes[kind] > 0 {
		return g.discard(n * uint64(ggufSizes[kind]))
	}
	for range n {
		if err := g.skip(kind, depth-1); err != nil {
			return err
		}
	}
	return nil
}

func (g *ggufReader) discard(n uint64) error {
	if n > 8*maxFileBytes {
		return fmt.Errorf("%w: a value has %d bytes", errGGUF, n)
	}
	_, err := io.CopyN(io.Discard, g.r, int64(n))
	return err
}
