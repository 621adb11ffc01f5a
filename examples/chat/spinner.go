package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parley-llm/parley/providers/llama"
)

const spinnerStep = 100 * time.Millisecond

var spinnerFrames = []rune("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")

// spinner shows that the program is waiting, and for how many seconds. While a model in the
// process loads or reads the prompt, it shows a bar.
type spinner struct {
	w        io.Writer
	leave    chan struct{}
	drawing  sync.WaitGroup
	progress atomic.Pointer[llama.Progress]
}

// report sets the progress to show.
func (s *spinner) report(p llama.Progress) { s.progress.Store(&p) }

// bar returns the progress as a text, or "" if there is none to show.
func bar(p *llama.Progress) string {
	if p == nil || p.Total <= 0 || p.Done >= p.Total {
		return ""
	}
	const width = 20
	filled := int(width * p.Done / p.Total)
	doing := map[llama.Stage]string{llama.StageLoad: "loading the model", llama.StagePrompt: "reading the prompt"}[p.Stage]
	return fmt.Sprintf(" %s %s%s %d%%", doing, strings.Repeat("█", filled), strings.Repeat("░", width-filled), 100*p.Done/p.Total)
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
	barred := false // the last frame had a bar
	for frame := 0; ; frame++ {
		text := string(spinnerFrames[frame%len(spinnerFrames)])
		if waited := time.Since(start); waited >= time.Second {
			text += fmt.Sprintf(" %ds", int(waited.Seconds()))
		}
		if progress := bar(s.progress.Load()); progress != "" || barred {
			text, barred = text+progress+"\x1b[K", progress != ""
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
