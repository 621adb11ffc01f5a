package config

import (
	"context"
	"errors"
	"io"
	"os"
	"time"
)

// maxFileBytes is the size of the largest config file, and of the largest file of
// certificates. A larger file is something else, and can be endless.
const maxFileBytes = 1 << 20

// pipeTime limits the reading of a file that is a pipe, in addition to the context. Nobody may
// ever write to a pipe.
const pipeTime = 30 * time.Second

var (
	errTooLarge   = errors.New("the file is too large")
	errNotRegular = errors.New("it is not a regular file; name it if you trust it")
)

// readFile reads a file of at most limit bytes. A larger file is errTooLarge. A pipe, such as
// that of <(pass show key), is read until the context ends, for at most pipeTime. If
// regularOnly is set, another file than a regular one is an error.
func readFile(ctx context.Context, path string, limit int64, regularOnly bool) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if regularOnly && !info.Mode().IsRegular() && !info.IsDir() {
		return nil, errNotRegular
	}
	f, err := openWithoutWaiting(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info.Mode()&os.ModeNamedPipe != 0 {
		ctx, cancel := context.WithTimeout(ctx, pipeTime)
		defer cancel()
		defer context.AfterFunc(ctx, func() { f.SetReadDeadline(time.Now()) })() // ends the read
		return readPipe(ctx, f, limit)
	}
	return readAtMost(f, limit)
}

// pollTime is the time between two looks at a pipe that nobody has opened for writing yet.
const pollTime = 10 * time.Millisecond

// readPipe reads a pipe, whose writer may come later.
func readPipe(ctx context.Context, f *os.File, limit int64) ([]byte, error) {
	for {
		data, err := readAtMost(f, limit)
		switch {
		case ctx.Err() != nil:
			return nil, errors.New("nobody wrote to the pipe in time")
		case err != nil || len(data) > 0:
			return data, err
		}
		select {
		case <-ctx.Done():
		case <-time.After(pollTime):
		}
	}
}

func readAtMost(r io.Reader, limit int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(data)) > limit {
		return nil, errTooLarge
	}
	return data, err
}
