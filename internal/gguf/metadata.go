package gguf

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
)

// Limits for the part of a file before the tensors' data. Real files stay far below them.
const (
	maxHeadBytes = 1 << 27
	maxKeyBytes  = 1 << 16 // the limit of the specification
	maxArrays    = 4       // arrays within arrays
)

// ErrMalformed is the error for a file that does not follow the format.
var ErrMalformed = errors.New("it is not well-formed GGUF")

// ReadMetadata reads the metadata at the start of a GGUF file, version 2 or 3, of either
// byte order. It does not read the tensors.
//
// wanted selects the keys to return. A nil function selects all of them.
//
// A value is a string, a bool, an int64 (for all integer types), a float64, or a list:
// []string, []float32, []int32, []bool or []byte. Lists of other types are skipped, and their
// value is nil.
//
// The memory that ReadMetadata allocates grows with the bytes that it has read, and it
// reads at most 128 MiB.
func ReadMetadata(r io.Reader, wanted func(key string) bool) (map[string]any, error) {
	h := newHeadReader(r)
	_, entries, err := h.header()
	if err != nil {
		return nil, eof(err)
	}
	metadata, err := h.metadata(entries, wanted)
	if err != nil {
		return nil, eof(err)
	}
	return metadata, nil
}

// eof turns the end of the input into io.ErrUnexpectedEOF.
func eof(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// valueType is gguf_metadata_value_type of the specification.
type valueType uint32

const (
	typeUint8 valueType = iota
	typeInt8
	typeUint16
	typeInt16
	typeUint32
	typeInt32
	typeFloat32
	typeBool
	typeString
	typeArray
	typeUint64
	typeInt64
	typeFloat64
)

// fixedSizes holds the size in bytes of each type that has a fixed one.
var fixedSizes = [...]int{
	typeUint8: 1, typeInt8: 1, typeUint16: 2, typeInt16: 2, typeUint32: 4, typeInt32: 4,
	typeFloat32: 4, typeBool: 1, typeUint64: 8, typeInt64: 8, typeFloat64: 8,
}

// headReader reads the part of a file before the tensors' data.
type headReader struct {
	r       *bufio.Reader
	limited *io.LimitedReader
	order   binary.ByteOrder
}

func newHeadReader(r io.Reader) *headReader {
	limited := &io.LimitedReader{R: r, N: maxHeadBytes}
	return &headReader{r: bufio.NewReaderSize(limited, 1<<16), limited: limited}
}

// offset returns the position in the file of the next byte to read.
func (h *headReader) offset() int64 {
	return maxHeadBytes - h.limited.N - int64(h.r.Buffered())
}

// header reads the magic number, the version, and the number of tensors and of metadata
// entries. It finds out the byte order.
func (h *headReader) header() (tensors, entries uint64, err error) {
	var head [8]byte
	if _, err := io.ReadFull(h.r, head[:]); err != nil {
		return 0, 0, err
	}
	if string(head[:4]) != "GGUF" {
		return 0, 0, ErrMalformed
	}
	h.order = binary.LittleEndian
	version := h.order.Uint32(head[4:])
	if version&0xffff == 0 {
		h.order = binary.BigEndian
		version = h.order.Uint32(head[4:])
	}
	if version != 2 && version != 3 {
		return 0, 0, fmt.Errorf("GGUF version %d is not supported", version)
	}
	if tensors, err = h.uint64(); err != nil {
		return 0, 0, err
	}
	entries, err = h.uint64()
	return tensors, entries, err
}

// metadata reads all entries and returns those that are wanted.
func (h *headReader) metadata(entries uint64, wanted func(key string) bool) (map[string]any, error) {
	metadata := make(map[string]any)
	for range entries {
		key, err := h.text(maxKeyBytes)
		if err != nil {
			return nil, err
		}
		kind, err := h.uint32()
		if err != nil {
			return nil, err
		}
		if wanted != nil && !wanted(key) {
			err = h.skip(valueType(kind), maxArrays)
		} else {
			metadata[key], err = h.value(valueType(kind))
		}
		if err != nil {
			return nil, err
		}
	}
	return metadata, nil
}

func (h *headReader) fixed(n int) ([]byte, error) {
	b, err := h.r.Peek(n)
	if err != nil {
		return nil, err
	}
	_, err = h.r.Discard(n)
	return b, err
}

func (h *headReader) uint32() (uint32, error) {
	b, err := h.fixed(4)
	if err != nil {
		return 0, err
	}
	return h.order.Uint32(b), nil
}

func (h *headReader) uint64() (uint64, error) {
	b, err := h.fixed(8)
	if err != nil {
		return 0, err
	}
	return h.order.Uint64(b), nil
}

// text reads a string of at most limit bytes. The memory it allocates grows with the bytes
// that it has read.
func (h *headReader) text(limit uint64) (string, error) {
	n, err := h.uint64()
	if err != nil {
		return "", err
	}
	if n > limit {
		return "", fmt.Errorf("%w: a text of %d bytes", ErrMalformed, n)
	}
	if n <= uint64(h.r.Size()) {
		b, err := h.fixed(int(n))
		return string(b), err
	}
	var b strings.Builder
	if _, err := io.CopyN(&b, h.r, int64(n)); err != nil {
		return "", err
	}
	return b.String(), nil
}

// value reads a value.
func (h *headReader) value(kind valueType) (any, error) {
	switch kind {
	case typeString:
		return h.text(maxHeadBytes)
	case typeArray:
		return h.array()
	}
	if int(kind) >= len(fixedSizes) {
		return nil, fmt.Errorf("%w: a value of type %d", ErrMalformed, kind)
	}
	b, err := h.fixed(fixedSizes[kind])
	if err != nil {
		return nil, err
	}
	switch kind {
	case typeBool:
		return b[0] != 0, nil
	case typeUint8:
		return int64(b[0]), nil
	case typeInt8:
		return int64(int8(b[0])), nil
	case typeUint16:
		return int64(h.order.Uint16(b)), nil
	case typeInt16:
		return int64(int16(h.order.Uint16(b))), nil
	case typeUint32:
		return int64(h.order.Uint32(b)), nil
	case typeInt32:
		return int64(int32(h.order.Uint32(b))), nil
	case typeFloat32:
		return float64(math.Float32frombits(h.order.Uint32(b))), nil
	case typeFloat64:
		return math.Float64frombits(h.order.Uint64(b)), nil
	default:
		return int64(h.order.Uint64(b)), nil
	}
}

func (h *headReader) arrayHeader() (kind valueType, n uint64, err error) {
	k, err := h.uint32()
	if err != nil {
		return 0, 0, err
	}
	n, err = h.uint64()
	return valueType(k), n, err
}

func (h *headReader) array() (any, error) {
	kind, n, err := h.arrayHeader()
	if err != nil {
		return nil, err
	}
	if n > maxHeadBytes {
		return nil, fmt.Errorf("%w: an array of %d values", ErrMalformed, n)
	}
	switch kind {
	case typeString:
		return readArray(n, func() (string, error) { return h.text(maxHeadBytes) })
	case typeFloat32:
		return readArray(n, func() (float32, error) {
			v, err := h.uint32()
			return math.Float32frombits(v), err
		})
	case typeInt32, typeUint32:
		return readArray(n, func() (int32, error) {
			v, err := h.uint32()
			return int32(v), err
		})
	case typeBool:
		return readArray(n, func() (bool, error) {
			b, err := h.r.ReadByte()
			return b != 0, err
		})
	case typeUint8, typeInt8:
		return readArray(n, h.r.ReadByte)
	}
	return nil, h.skipArray(kind, n, maxArrays)
}

// readArray reads n values. The memory it allocates grows with the bytes that it has read.
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

// skip reads over a value.
func (h *headReader) skip(kind valueType, depth int) error {
	switch kind {
	case typeString:
		n, err := h.uint64()
		if err != nil {
			return err
		}
		return h.discard(n)
	case typeArray:
		kind, n, err := h.arrayHeader()
		if err != nil {
			return err
		}
		return h.skipArray(kind, n, depth)
	}
	if int(kind) >= len(fixedSizes) {
		return fmt.Errorf("%w: a value of type %d", ErrMalformed, kind)
	}
	return h.discard(uint64(fixedSizes[kind]))
}

func (h *headReader) skipArray(kind valueType, n uint64, depth int) error {
	if depth == 0 || n > maxHeadBytes {
		return fmt.Errorf("%w: an array of %d values", ErrMalformed, n)
	}
	if int(kind) < len(fixedSizes) && fixedSizes[kind] > 0 {
		return h.discard(n * uint64(fixedSizes[kind]))
	}
	for range n {
		if err := h.skip(kind, depth-1); err != nil {
			return err
		}
	}
	return nil
}

func (h *headReader) discard(n uint64) error {
	if n > 8*maxHeadBytes {
		return fmt.Errorf("%w: a value of %d bytes", ErrMalformed, n)
	}
	_, err := io.CopyN(io.Discard, h.r, int64(n))
	return err
}
