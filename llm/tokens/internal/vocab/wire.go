package vocab

import (
	"encoding/binary"
	"errors"
	"math"
)

// errWire is the error for every malformed protocol buffer.
var errWire = errors.New("the file is not a well-formed protocol buffer")

// Wire types: https://protobuf.dev/programming-guides/encoding/#structure
const (
	wireVarint = 0
	wire64     = 1
	wireBytes  = 2
	wire32     = 5
)

// message is the unread rest of an encoded protocol buffer message.
type message []byte

// field is one field of a message.
type field struct {
	number int
	kind   int
	value  uint64  // value of a varint, or the bits of a fixed-size value
	bytes  message // value of a length-delimited field; shares the message's memory
}

// next reads the next field and removes it from the message.
func (m *message) next() (field, error) {
	tag, err := m.varint()
	if err != nil {
		return field{}, err
	}
	f := field{number: int(tag >> 3), kind: int(tag & 7)}
	if tag>>3 == 0 || tag>>3 > 1<<29-1 {
		return field{}, errWire
	}
	switch f.kind {
	case wireVarint:
		f.value, err = m.varint()
	case wire64:
		if len(*m) < 8 {
			return field{}, errWire
		}
		f.value = binary.LittleEndian.Uint64(*m)
		*m = (*m)[8:]
	case wire32:
		if len(*m) < 4 {
			return field{}, errWire
		}
		f.value = uint64(binary.LittleEndian.Uint32(*m))
		*m = (*m)[4:]
	case wireBytes:
		var n uint64
		if n, err = m.varint(); err != nil {
			return field{}, err
		}
		if n > uint64(len(*m)) {
			return field{}, errWire
		}
		f.bytes = (*m)[:n]
		*m = (*m)[n:]
	default:
		return field{}, errWire
	}
	return f, err
}

func (m *message) varint() (uint64, error) {
	v, n := binary.Uvarint(*m)
	if n <= 0 {
		return 0, errWire
	}
	*m = (*m)[n:]
	return v, nil
}

// is returns an error if the field does not have the wire type of its definition.
func (f field) is(kind int) error {
	if f.kind != kind {
		return errWire
	}
	return nil
}

func (f field) bool() bool       { return f.value != 0 }
func (f field) int32() int       { return int(int32(f.value)) }
func (f field) float32() float32 { return math.Float32frombits(uint32(f.value)) }
