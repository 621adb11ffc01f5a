package main

import (
	"fmt"
	"io"
	"sync"
	"time"
)

const spinnerStep = 100 * time.Millisecond

var spinnerFrames = []rune("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")

// spinner shows that the program is waiting, and for how many seconds.
type spinner struct {
	w       io.Writer
	leave   chan struct{}
	drawing sync.WaitGroup
}

// startSpinner shows a spinner at the start of the current line until stop is called. Do not
// write to w until then.
func startSpinner(w io.Writer) *spinner {
	s := &spinner{w: w, leave: make(chan struct{})}
	s.drawing.Go(s.draw)
	return s
}

// stop erases the spinner and waits until its goroutine has ended.
func (s *spinner) stop() {
	close(s.leave)
	s.drawing.Wait()
}

// draw draws the spinner until stop is called.
func (s *spinner) draw() {
	start := time.Now()
	tick := time.NewTicker(spinnerStep)
	defer tick.Stop()
	for frame := 0; ; frame++ {
		text := string(spinnerFrames[frame%len(spinnerFrames)])
		if waited := time.Since(start); waited >= time.Second {
			text += fmt.Sprintf(" %ds", int(waited.Seconds()))
		}
		if _, err := io.WriteString(s.w, "\r"+text); err != nil {
			return // the spinner is not essential: ignore the error
		}
		select {
		case <-tick.C:
		case <-s.leave:
			io.WriteString(s.w, erase)
			return
		}
	}
}
