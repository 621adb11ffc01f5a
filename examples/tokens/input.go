package main

import (
	"errors"
	"io"
	"io/fs"
	"os"
)

// input is a file or standard input.
type input struct {
	name string
	open func() (io.ReadCloser, int64, error) // the size in bytes is 0 if it is unknown
}

// files returns the inputs for file names.
func files(names []string) []input {
	var inputs []input
	for _, name := range names {
		inputs = append(inputs, input{name, func() (io.ReadCloser, int64, error) { return openFile(name) }})
	}
	return inputs
}

// openFile opens a file and returns its size in bytes.
func openFile(name string) (io.ReadCloser, int64, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = &fs.PathError{Op: "count", Path: name, Err: errors.New("is a folder")}
	}
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	return f, info.Size(), nil
}
