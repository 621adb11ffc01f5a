package main

import (
	"errors"
	"io"
	"io/fs"
	"os"
)

// input is something to be counted.
type input struct {
	name string
	open func() (io.ReadCloser, int64, error) // the size in bytes is 0 if it is not known
}

func files(names []string) []input {
	var inputs []input
	for _, name := range names {
		inputs = append(inputs, input{name, func() (io.ReadCloser, int64, error) { return openFile(name) }})
	}
	return inputs
}

func openFile(name string) (io.ReadCloser, int64, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = &fs.PathError{Op: "count", Path: name, Err: errors.New("it is a folder")}
	}
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	return f, info.Size(), nil
}
