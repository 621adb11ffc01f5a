package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
)

// errWrite means that the answer cannot be shown.
var errWrite = errors.New("cannot write the answer")

// The escape sequences of ECMA-48 that are used.
const (
	dim   = "\x1b[2m"
	red   = "\x1b[31m"
	plain = "\x1b[0m"
	// erase goes to the line's start and erases it.
	erase = "\r\x1b[K"
)

// screen is where things are shown: the answer on standard output, all else on
// standard error. On a terminal the two are one screen.
type screen struct {
	out, err output
	colour   bool // on standard error
	lively   bool // things may move
}

// output is one of the two streams.
type output struct {
	w        io.Writer
	terminal bool
	midLine  bool
	failed   error
}

func newScreen(e env) *screen {
	s := &screen{
		out: output{w: e.stdout, terminal: e.isTerminal(e.stdout)},
		err: output{w: e.stderr, terminal: e.isTerminal(e.stderr)},
	}
	able := e.getenv("TERM") != "dumb"
	s.colour = s.err.terminal && able && e.getenv("NO_COLOR") == "" // see no-color.org
	s.lively = s.err.terminal && able && s.out.terminal
	return s
}

// answer shows a piece of the answer.
func (s *screen) answer(text string) { s.out.print(text, "") }

// thought shows a piece of what is beside the answer.
func (s *screen) thought(text string) { s.err.print(text, s.paint(dim)) }

// note shows lines of the program's own, on lines of their own.
func (s *screen) note(format string, arguments ...any) {
	s.endLine()
	s.err.print(fmt.Sprintf(format, arguments...), s.paint(dim))
	s.endLine()
}

// failure shows an error and what can be done about it.
func (s *screen) failure(err error, offer string) {
	s.endLine()
	s.err.print("error: "+message(err), s.paint(red))
	s.endLine()
	if advice := strings.TrimSpace(hint(err) + " " + offer); advice != "" {
		s.note("%s", advice)
	}
}

// prompt shows that it is the person's turn.
func (s *screen) prompt(text string) {
	s.endLine()
	s.err.print(text, "")
}

// entered is told when the person has ended the prompt's line.
func (s *screen) entered() { s.err.midLine = false }

// endLine goes to the start of a line.
func (s *screen) endLine() {
	for _, o := range []*output{&s.out, &s.err} {
		if o.midLine {
			o.print("\n", "")
		}
	}
}

// blankLine leaves a line free between what the model thinks and says. It does
// not belong to the answer.
func (s *screen) blankLine() {
	s.endLine()
	s.err.print("\n", "")
}

func (s *screen) paint(colour string) string {
	if s.colour {
		return colour
	}
	return ""
}

func (o *output) print(text, colour string) {
	if text == "" || o.failed != nil {
		return
	}
	if o.terminal {
		text = printable(text)
	}
	o.midLine = !strings.HasSuffix(text, "\n")
	if colour != "" {
		text = colour + text + plain // nothing stays on, wherever the program ends
	}
	_, o.failed = io.WriteString(o.w, text)
}

// printable leaves out what could take over a terminal: a model's or a
// server's text may hold escape sequences.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, text)
}
