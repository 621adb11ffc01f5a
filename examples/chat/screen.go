package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
)

// errWrite is the error for an answer that cannot be written.
var errWrite = errors.New("cannot write the answer")

// Escape sequences of ECMA-48.
const (
	dim   = "\x1b[2m"
	red   = "\x1b[31m"
	plain = "\x1b[0m"
	// erase moves to the start of the line and erases it.
	erase = "\r\x1b[K"
)

// screen writes the answer to standard output, and everything else to standard error. On a
// terminal, both appear on the same screen.
type screen struct {
	out, err output
	color    bool // standard error has colors
	lively   bool // the screen can show a spinner
}

// output is standard output or standard error.
type output struct {
	w        io.Writer
	terminal bool
	midLine  bool
	failed   error
}

// newScreen returns a screen for the terminal's capabilities.
func newScreen(e env) *screen {
	s := &screen{
		out: output{w: e.stdout, terminal: e.isTerminal(e.stdout)},
		err: output{w: e.stderr, terminal: e.isTerminal(e.stderr)},
	}
	able := e.getenv("TERM") != "dumb"
	s.color = s.err.terminal && able && e.getenv("NO_COLOR") == "" // see no-color.org
	s.lively = s.err.terminal && able && s.out.terminal
	return s
}

// answer shows a piece of the answer.
func (s *screen) answer(text string) { s.out.print(text, "") }

// thought shows a piece of the reasoning.
func (s *screen) thought(text string) { s.err.print(text, s.paint(dim)) }

// note shows a message of the program, on separate lines.
func (s *screen) note(format string, arguments ...any) {
	s.endLine()
	s.err.print(fmt.Sprintf(format, arguments...), s.paint(dim))
	s.endLine()
}

// failure shows an error with advice.
func (s *screen) failure(err error, offer string) {
	s.endLine()
	s.err.print("error: "+message(err), s.paint(red))
	s.endLine()
	if advice := strings.TrimSpace(hint(err) + " " + offer); advice != "" {
		s.note("%s", advice)
	}
}

// prompt shows the prompt for the user's message.
func (s *screen) prompt(text string) {
	s.endLine()
	s.err.print(text, "")
}

// entered must be called after the user pressed Enter: the cursor is then at the start of a
// line.
func (s *screen) entered() { s.err.midLine = false }

// endLine moves to the start of a line.
func (s *screen) endLine() {
	for _, o := range []*output{&s.out, &s.err} {
		if o.midLine {
			o.print("\n", "")
		}
	}
}

// blankLine writes an empty line between reasoning and answer. It goes to standard error,
// because it is not part of the answer.
func (s *screen) blankLine() {
	s.endLine()
	s.err.print("\n", "")
}

// paint returns the escape sequence of a color, or "" if the screen has no colors.
func (s *screen) paint(color string) string {
	if s.color {
		return color
	}
	return ""
}

// print writes text in a color. After a failed write, it does nothing.
func (o *output) print(text, color string) {
	if text == "" || o.failed != nil {
		return
	}
	if o.terminal {
		text = printable(text)
	}
	o.midLine = !strings.HasSuffix(text, "\n")
	if color != "" {
		text = color + text + plain // reset after each write, because the program can end at any time
	}
	_, o.failed = io.WriteString(o.w, text)
}

// printable removes control characters except line breaks and tabs. Security: the text of a
// model or a server can contain escape sequences that control the terminal.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, text)
}
