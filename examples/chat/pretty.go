package main

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/term"
)

// pretty shows an answer as Markdown while it arrives. The text is shown at once as it comes.
// At the end of each block, for example a paragraph, the block is replaced by its rendered
// form, if that differs.
type pretty struct {
	screen *screen
	size   func() (width, height int, err error)
	block  string // the text of the block that is on the screen
}

// newPretty returns nil if the screen cannot replace text.
func newPretty(s *screen) *pretty {
	file, ok := s.out.w.(*os.File)
	if !ok || !s.lively || !s.color {
		return nil
	}
	return &pretty{screen: s, size: func() (int, int, error) { return term.GetSize(int(file.Fd())) }}
}

// add shows a piece of the answer.
func (p *pretty) add(piece string) {
	for {
		text := p.block + piece
		end := blockEnd(text, len(p.block))
		if end < 0 {
			p.show(piece)
			return
		}
		part := text[len(p.block):end]
		piece = piece[len(part):]
		p.show(part)
		p.flush()
	}
}

func (p *pretty) show(text string) {
	p.block += text
	p.screen.answer(text)
}

// blockEnd returns the end of the first block of a text with the empty line after it, or -1.
// The text was searched before up to the given place. An empty line in a code block does not
// end it.
func blockEnd(text string, searched int) int {
	for from := max(searched-1, 0); ; {
		i := strings.Index(text[from:], "\n\n")
		if i < 0 {
			return -1
		}
		end := from + i + 2
		if strings.TrimSpace(text[:end]) != "" && !inFence(text[:end]) {
			return end
		}
		from = end - 1
	}
}

// inFence reports whether a text ends inside a code block.
func inFence(text string) bool {
	fence := ""
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimLeft(line, " ")
		switch {
		case fence == "" && (strings.HasPrefix(line, "```") || strings.HasPrefix(line, "~~~")):
			fence = line[:3]
		case fence != "" && strings.HasPrefix(line, fence):
			fence = ""
		}
	}
	return fence != ""
}

// flush replaces the block on the screen by its rendered form.
func (p *pretty) flush() {
	raw := printable(p.block)
	p.block = ""
	width, height, err := p.size()
	if err != nil || width < 20 || strings.TrimSpace(raw) == "" || p.screen.out.failed != nil {
		return
	}
	text := strings.TrimRight(raw, "\n")
	after := raw[len(text):]
	rendered := renderMarkdown(text, width)
	rows := rowsOf(raw, width)
	if rendered == text || rows >= height { // a part of it may have left the screen
		return
	}
	up := ""
	if rows > 0 {
		up = fmt.Sprintf("\x1b[%dA", rows)
	}
	p.screen.out.replace("\r" + up + "\x1b[J" + rendered + after)
}

// rowsOf returns the number of rows from the beginning of a text to the cursor.
func rowsOf(text string, columns int) int {
	lines := strings.Split(text, "\n")
	rows := len(lines) - 1
	for _, line := range lines {
		if n := columnsOf(line); n > 0 {
			rows += (n - 1) / columns
		}
	}
	return rows
}

// replace writes text with escape sequences of this program.
func (o *output) replace(text string) {
	if o.failed == nil {
		o.midLine = !strings.HasSuffix(text, "\n")
		_, o.failed = o.w.Write([]byte(text))
	}
}
