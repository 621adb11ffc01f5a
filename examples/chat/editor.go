package main

import (
	"errors"
	"io"
	"os"
	"sync/atomic"

	"golang.org/x/term"
)

// editor reads lines at a terminal, with a history, cursor keys and pasted blocks. The terminal
// is in raw mode only while the user types, so Ctrl-C is a signal during an answer.
type editor struct {
	file     *os.File
	terminal *term.Terminal
	keys     *keys
	reading  atomic.Bool
	entries  chan entry
}

// entry is one line of the user.
type entry struct {
	line    string
	pasted  bool  // a part of a pasted block that goes on
	stopped bool  // Ctrl-C instead of a line
	err     error // io.EOF at the end
}

// newEditor returns an editor, or nil if the input is not a terminal that can have one.
func newEditor(e env) *editor {
	file, ok := e.stdin.(*os.File)
	if !ok || !e.isTerminal(e.stdin) || !e.isTerminal(e.stderr) || e.getenv("TERM") == "dumb" || e.getenv("TERM") == "" {
		return nil
	}
	ed := &editor{file: file, keys: &keys{source: file}, entries: make(chan entry, 1)}
	ed.terminal = term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{ed.keys, e.stderr}, "")
	ed.terminal.SetBracketedPasteMode(true)
	return ed
}

// close makes the terminal as it was.
func (ed *editor) close() { ed.terminal.SetBracketedPasteMode(false) }

// next returns the channel of the lines.
func (ed *editor) next() <-chan entry { return ed.entries }

// begin shows the prompt and starts to read a line, whose entry is sent to entries.
func (ed *editor) begin(s *screen, prompt string) {
	if ed.reading.Swap(true) { // an earlier read has not ended: a signal came from elsewhere
		return
	}
	s.endLine()
	ed.terminal.SetPrompt(prompt)
	if width, height, err := term.GetSize(int(ed.file.Fd())); err == nil && width > 0 {
		_ = ed.terminal.SetSize(width, height) // it only fails if the screen cannot be written
	}
	state, err := term.MakeRaw(int(ed.file.Fd()))
	if err != nil {
		ed.reading.Store(false)
		ed.entries <- entry{err: err}
		return
	}
	go func() {
		line, err := ed.terminal.ReadLine()
		_ = term.Restore(int(ed.file.Fd()), state) // otherwise the terminal has gone
		got := entry{line: line, err: err}
		switch {
		case errors.Is(err, term.ErrPasteIndicator):
			got.err, got.pasted = nil, true
		case ed.keys.stopped:
			ed.keys.stopped = false
			got = entry{stopped: true}
		}
		ed.reading.Store(false)
		ed.entries <- got
	}()
}

// keys is the keyboard. In place of Ctrl-C, after which term.Terminal cannot continue, it
// presses the keys that empty the line, and Enter.
type keys struct {
	source  io.Reader
	stopped bool
	queue   []byte
}

// The keys in raw mode.
const (
	ctrlC = 3
	ctrlE = 5  // to the end of the line
	ctrlU = 21 // remove everything before the cursor
)

// Read implements [io.Reader].
func (k *keys) Read(p []byte) (int, error) {
	if len(k.queue) == 0 {
		buffer := make([]byte, len(p))
		n, err := k.source.Read(buffer)
		for _, key := range buffer[:n] {
			if key == ctrlC {
				k.stopped = true
				k.queue = append(k.queue, ctrlE, ctrlU, '\r')
				continue
			}
			k.queue = append(k.queue, key)
		}
		if len(k.queue) == 0 {
			return 0, err
		}
	}
	n := copy(p, k.queue)
	k.queue = k.queue[n:]
	return n, nil
}
