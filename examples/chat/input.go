package main

import (
	"bufio"
	"errors"
	"io"
	"strings"
)

// lineSource is where the lines of the user come from: an editor at a terminal, or a pipe.
type lineSource interface {
	// begin shows the prompt and waits for a line.
	begin(s *screen, prompt string)
	// next returns the channel of the lines.
	next() <-chan entry
	close()
}

// openInput returns the editor if the terminal can have one.
func (c *chat) openInput() lineSource {
	if ed := newEditor(c.env); ed != nil {
		return ed
	}
	return readLines(c.env.stdin)
}

// draft is a message that the user is writing: one line; several lines if all lines before
// the last end with a backslash; the lines between two lines with three quotes; or a pasted
// block.
type draft struct {
	lines  []string
	quoted bool // after """
}

const quotes = `"""`

// prompt returns the prompt for the next line.
func (d *draft) prompt() string {
	if len(d.lines) > 0 || d.quoted {
		return promptMore
	}
	return promptFirst
}

// add adds a line, and reports whether the message is complete.
func (d *draft) add(e entry) (complete bool) {
	line := e.line
	if d.quoted {
		last, ends := strings.CutSuffix(strings.TrimRight(line, " "), quotes)
		if !ends {
			d.lines = append(d.lines, line)
			return false
		}
		if last != "" {
			d.lines = append(d.lines, last)
		}
		return true
	}
	if first, begins := strings.CutPrefix(line, quotes); begins && len(d.lines) == 0 {
		if inside, ends := strings.CutSuffix(first, quotes); ends && first != "" {
			d.lines = []string{inside}
			return true
		}
		d.quoted = true
		if first != "" {
			d.lines = append(d.lines, first)
		}
		return false
	}
	if e.pasted {
		d.lines = append(d.lines, line)
		return false
	}
	start, more := strings.CutSuffix(line, `\`)
	d.lines = append(d.lines, start)
	return !more
}

// text returns the message. Empty lines at its end, for example of a pasted block, are left
// out.
func (d *draft) text() string { return strings.TrimRight(strings.Join(d.lines, "\n"), "\n") }

// input reads lines in a separate goroutine, so that the program can handle Ctrl-C while it
// waits for a line.
type input struct {
	entries <-chan entry
	leave   chan struct{}
}

// readLines starts to read lines. The caller must call close.
func readLines(source io.Reader) *input {
	entries := make(chan entry)
	in := &input{entries: entries, leave: make(chan struct{})}
	go in.read(source, entries)
	return in
}

func (in *input) begin(s *screen, prompt string) { s.prompt(prompt) }

func (in *input) next() <-chan entry { return in.entries }

func (in *input) read(source io.Reader, entries chan<- entry) {
	r := bufio.NewReader(source)
	for {
		line, err := r.ReadString('\n')
		if line != "" && !in.send(entries, entry{line: strings.TrimRight(line, "\r\n")}) {
			return
		}
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = io.EOF
			}
			in.send(entries, entry{err: err})
			return
		}
	}
}

// send reports whether the program still reads.
func (in *input) send(entries chan<- entry, e entry) bool {
	select {
	case entries <- e:
		return true
	case <-in.leave:
		return false
	}
}

// close stops the goroutine. It cannot interrupt a read from a terminal: after Ctrl-C, that
// read ends when the program exits.
func (in *input) close() { close(in.leave) }
