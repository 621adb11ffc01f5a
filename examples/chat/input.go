package main

import (
	"bufio"
	"errors"
	"io"
	"strings"
)

// input reads lines in a goroutine of its own, so that Ctrl-C is heard while
// nothing is typed.
type input struct {
	lines <-chan string // closed at the end of the input
	err   error         // why it ended, once lines is closed; nil for its plain end
	leave chan struct{}
}

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

// close ends the reading. A read of a terminal that has begun cannot be taken
// back: where the person leaves by Ctrl-C, it ends with the program, which is
// what follows.
func (in *input) close() { close(in.leave) }
