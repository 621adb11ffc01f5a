package main

import (
	"bufio"
	"errors"
	"io"
	"strings"
)

// input reads lines in a separate goroutine, so that the program can handle Ctrl-C while it
// waits for a line.
type input struct {
	lines <-chan string // closed at the end of the input
	err   error         // valid when lines is closed; nil after io.EOF
	leave chan struct{}
}

// readLines starts to read lines. The caller must call close.
func readLines(source io.Reader) *input {
	lines := make(chan string)
	in := &input{lines: lines, leave: make(chan struct{})}
	go in.read(source, lines)
	return in
}

func (in *input) read(source io.Reader, lines chan<- string) {
	defer close(lines)
	r := bufio.NewReader(source)
	for {
		line, err := r.ReadString('\n')
		if line != "" {
			select {
			case lines <- strings.TrimRight(line, "\r\n"):
			case <-in.leave:
				return
			}
		}
		if err != nil {
			if !errors.Is(err, io.EOF) {
				in.err = err
			}
			return
		}
	}
}

// close stops the goroutine. It cannot interrupt a read from a terminal: after Ctrl-C, that
// read ends when the program exits.
func (in *input) close() { close(in.leave) }
