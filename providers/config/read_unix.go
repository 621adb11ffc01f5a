//go:build unix

package config

import (
	"os"
	"syscall"
)

// openWithoutWaiting opens a file for reading. The open of a pipe does not wait for a writer.
func openWithoutWaiting(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
}
