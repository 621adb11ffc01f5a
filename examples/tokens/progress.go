package main

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// progress shows the progress of a count on standard error, if that is a terminal and the count
// takes longer than patience.
type progress struct {
	out         io.Writer // nil if standard error is not a terminal
	now         func() time.Time
	name        string
	size, done  int64 // in bytes; size is 0 if it is unknown
	begun, last time.Time
	shown       bool
}

// patience is the time before progress is shown, and pace the time between two updates.
const (
	patience = 300 * time.Millisecond
	pace     = 100 * time.Millisecond
)

// newProgress returns a progress for an input of the given size.
func newProgress(e env, name string, size int64) *progress {
	p := &progress{now: e.now, name: name, size: size, begun: e.now()}
	if e.isTerminal(e.stderr) {
		p.out = e.stderr
	}
	return p
}

// Write counts the bytes that have been read, and updates the display.
func (p *progress) Write(b []byte) (int, error) {
	p.done += int64(len(b))
	if now := p.now(); p.out != nil && now.Sub(p.begun) >= patience && now.Sub(p.last) >= pace {
		p.last, p.shown = now, true
		fmt.Fprintf(p.out, "\r\x1b[K%s", p.line(now))
	}
	return len(b), nil
}

// line returns the text to display.
func (p *progress) line(now time.Time) string {
	const width = 30
	done := float64(p.done) / 1e6
	speed := done / max(now.Sub(p.begun).Seconds(), 1e-3)
	if p.size <= 0 {
		return fmt.Sprintf("%s  %.0f MB  %.0f MB/s", printable(p.name), done, speed)
	}
	part := min(float64(p.done)/float64(p.size), 1)
	full := int(part * width)
	bar := strings.Repeat("█", full) + strings.Repeat("░", width-full)
	return fmt.Sprintf("%s  %s %3.0f %%  %.0f MB/s", printable(p.name), bar, 100*part, speed)
}

// clear removes the display.
func (p *progress) clear() {
	if p.shown {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}
