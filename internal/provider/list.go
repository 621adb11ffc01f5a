package provider

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
	"reflect"
)

// List is a list of a JSON reply, for package encoding/json. Its length is limited by the
// length of its JSON, because a list of empty objects would take more than a hundred times its
// size. Lists in a [stream.Decoder] need no List.
type List[T any] []T

// The limits of a List. An element counts with the size of T, and with elementMemory for the
// value that the provider makes of it.
const (
	baseMemory    = 1 << 20
	memoryPerByte = 8
	elementMemory = 512
)

// errTooMany is the error for a list that takes too much memory.
var errTooMany = errors.New("a list has more elements than a reply can need")

// UnmarshalJSON implements [json.Unmarshaler].
func (l *List[T]) UnmarshalJSON(data []byte) error {
	*l = nil
	if !bytes.HasPrefix(data, []byte("[")) {
		return json.Unmarshal(data, (*[]T)(l)) // null, or an error that names the type
	}
	most := (baseMemory + memoryPerByte*len(data)) / (int(reflect.TypeFor[T]().Size()) + elementMemory)
	d := json.NewDecoder(bytes.NewReader(data))
	if _, err := d.Token(); err != nil {
		return err
	}
	*l = List[T]{}
	for d.More() {
		if len(*l) >= most {
			return errTooMany
		}
		var element T
		if err := d.Decode(&element); err != nil {
			return err
		}
		*l = append(*l, element)
	}
	return nil
}

// Vector is an embedding in a JSON reply: a list of numbers, or a string with base64 of
// float32 values in little-endian order, which some servers send although "float" is
// requested: https://platform.openai.com/docs/api-reference/embeddings/create
type Vector []float32

// UnmarshalJSON implements [json.Unmarshaler]. A null in place of a number is an error: servers
// whose JSON library cannot write NaN write null, and package encoding/json would make it 0.
func (v *Vector) UnmarshalJSON(data []byte) error {
	if len(data) > len("null") && bytes.Contains(data, []byte("null")) {
		return errors.New("a vector has null in place of a number")
	}
	if !bytes.HasPrefix(data, []byte(`"`)) {
		return json.Unmarshal(data, (*[]float32)(v))
	}
	var raw []byte
	if err := json.Unmarshal(data, &raw); err != nil || len(raw)%4 != 0 {
		return errors.New("a vector is neither a list of numbers nor their float32 values in base64")
	}
	*v = make(Vector, len(raw)/4)
	for i := range *v {
		f := math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
		if f != f || math.IsInf(float64(f), 0) {
			return errors.New("a vector has a value that is not a number")
		}
		(*v)[i] = f
	}
	return nil
}

// Vectors converts the vectors of a reply.
func Vectors(list []Vector) [][]float32 {
	vectors := make([][]float32, len(list))
	for i, v := range list {
		vectors[i] = v
	}
	return vectors
}
