// Package gguf reads GGUF model files, versions 2 and 3: the metadata, the table of tensors
// and the tensors' values.
//
// [Open] maps a file into memory, so opening a large model is fast and its weights share
// memory with other processes that use the same file. [ReadMetadata] reads only the
// metadata, from any reader.
//
// Security: a file is not trusted. Every size, offset and count is checked against the length
// of the file before it is used. A malformed file is an error. It cannot cause a panic, an
// endless loop, or an allocation larger than a small multiple of the bytes before the
// tensors' data. One case is outside Parley's control: if another process shortens a mapped
// file, the operating system ends this process on the next access to the lost part.
//
// Source of the format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
package gguf

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
)

// defaultAlignment is the alignment of tensors in a file without general.alignment.
const defaultAlignment = 32

// File is an open GGUF file. It is safe for concurrent use, except for Close.
type File struct {
	// Metadata holds the metadata by key. See [ReadMetadata] for the types of the values.
	Metadata map[string]any
	// Tensors are the tensors in the order of the file's table.
	Tensors []Tensor

	byName map[string]int
	size   int64
	unmap  func() error
}

// Open maps the file at path into memory and reads its metadata and its table of tensors.
// The caller must close the file, after its last use of any tensor's data.
func Open(path string) (*File, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("gguf: %w", err)
	}
	defer file.Close()
	data, unmap, err := mapFile(file)
	if err != nil {
		return nil, fmt.Errorf("gguf: %s: %w", path, err)
	}
	f, err := parse(data)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("gguf: %s: %w", path, err), unmap())
	}
	f.unmap = unmap
	return f, nil
}

// Parse reads a GGUF file from memory. The tensors of the result refer to data.
func Parse(data []byte) (*File, error) {
	f, err := parse(data)
	if err != nil {
		return nil, fmt.Errorf("gguf: %w", err)
	}
	return f, nil
}

// Close releases the memory that the file is mapped to. Data of tensors must not be used
// after Close: the process would end with a memory fault.
func (f *File) Close() error {
	if f.unmap == nil {
		return nil
	}
	unmap := f.unmap
	f.unmap = nil
	if err := unmap(); err != nil {
		return fmt.Errorf("gguf: %w", err)
	}
	return nil
}

// Size returns the length of the file in bytes.
func (f *File) Size() int64 { return f.size }

// Tensor returns the tensor with this name.
func (f *File) Tensor(name string) (Tensor, bool) {
	i, ok := f.byName[name]
	if !ok {
		return Tensor{}, false
	}
	return f.Tensors[i], true
}

func parse(data []byte) (*File, error) {
	h := newHeadReader(bytes.NewReader(data))
	tensors, entries, err := h.header()
	if err != nil {
		return nil, eof(err)
	}
	if h.order == binary.BigEndian {
		return nil, errors.New("big-endian files are not supported: convert the model to little-endian GGUF")
	}
	f := &File{byName: make(map[string]int), size: int64(len(data))}
	if f.Metadata, err = h.metadata(entries, nil); err != nil {
		return nil, eof(err)
	}
	var table []tensorInfo
	for range tensors {
		t, err := h.tensor()
		if err != nil {
			return nil, eof(err)
		}
		table = append(table, t)
	}
	if err := f.locate(data, h.offset(), table); err != nil {
		return nil, err
	}
	return f, nil
}

// locate finds the data of each tensor. The table ends at head.
func (f *File) locate(data []byte, head int64, table []tensorInfo) error {
	alignment := int64(defaultAlignment)
	if v, ok := f.Metadata["general.alignment"]; ok {
		alignment, ok = v.(int64)
		if !ok || alignment < 1 || alignment > 1<<20 || alignment&(alignment-1) != 0 {
			return fmt.Errorf("%w: an alignment of %v", ErrMalformed, v)
		}
	}
	start := (head + alignment - 1) &^ (alignment - 1)
	if start > int64(len(data)) {
		if len(table) > 0 {
			return io.ErrUnexpectedEOF
		}
		start = int64(len(data))
	}
	data = data[start:]
	for _, t := range table {
		if _, ok := f.byName[t.Name]; ok {
			return fmt.Errorf("%w: two tensors are named %q", ErrMalformed, t.Name)
		}
		if t.Type.Supported() {
			n := uint64(len(data))
			if t.offset%uint64(alignment) != 0 || t.offset > n || t.size > n-t.offset {
				return fmt.Errorf("%w: tensor %q lies at %d to %d of %d bytes of data; the file may be cut short",
					ErrMalformed, t.Name, t.offset, t.offset+t.size, n)
			}
			end := t.offset + t.size
			t.Data = data[t.offset:end:end]
		}
		f.byName[t.Name] = len(f.Tensors)
		f.Tensors = append(f.Tensors, t.Tensor)
	}
	return nil
}
