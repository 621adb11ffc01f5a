//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly || windows)

package gguf

import (
	"io"
	"os"
)

// mapFile reads the whole file, because this system has no mapping that Parley supports.
func mapFile(file *os.File) (data []byte, unmap func() error, err error) {
	data, err = io.ReadAll(file)
	return data, func() error { return nil }, err
}
