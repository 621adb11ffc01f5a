package ollamatest

import (
	"bytes"
	"regexp"
	"sync"
)

// listening matches Ollama's log line with its address.
var listening = regexp.MustCompile(`Listening on ([0-9.]+:[0-9]+) `)

// A serverLog keeps the output of a server and finds the server's address in it.
type serverLog struct {
	address chan string // receives the address once

	mu    sync.Mutex
	text  []byte
	found bool
}

func newServerLog() *serverLog {
	return &serverLog{address: make(chan string, 1)}
}

func (l *serverLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, p...)
	if !l.found {
		if m := listening.FindSubmatch(l.text); m != nil {
			l.found = true
			l.address <- string(m[1])
		}
	}
	return len(p), nil
}

func (l *serverLog) len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.text)
}

// since returns the output after the first n bytes.
func (l *serverLog) since(n int) []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	return bytes.Clone(l.text[n:])
}
