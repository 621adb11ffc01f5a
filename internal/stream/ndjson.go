package stream

import "io"

// NDJSON reads one JSON value a line. Blank lines are skipped, white space
// around a value is dropped, and a last line without a newline is delivered with
// Unterminated set.
//
// Only LF ends a line, with or without a CR before it: a CR alone is white space
// in JSON (RFC 8259, section 2).
type NDJSON struct {
	lines lines
}

// NewNDJSON returns a reader of the lines of r. The bound in bytes on a line is
// limit; DefaultLimit if it is not positive.
func NewNDJSON(r io.Reader, limit int) *NDJSON {
	return &NDJSON{lines: newLines(r, limit, true)}
}

// Close ends the use of n and of every frame that it returned. It leaves the
// reader alone.
func (n *NDJSON) Close() { n.lines.close() }

// Next returns the next line that is not blank, as [Frames] says.
func (n *NDJSON) Next() (Frame, error) {
	for {
		line, whole, err := n.lines.next()
		if err != nil {
			return Frame{}, err
		}
		if line = trimSpace(line); len(line) > 0 {
			return Frame{Data: line, Unterminated: !whole}, nil
		}
	}
}

// Ahead returns what has been read of the next line and those after it, as
// [Frames] says.
func (n *NDJSON) Ahead() []byte { return n.lines.ahead() }

// Pass moves past the next line, as [Frames] says.
func (n *NDJSON) Pass(size int) bool { return n.lines.pass(size, "\n") }

func trimSpace(b []byte) []byte {
	for len(b) > 0 && isSpace(b[0]) {
		b = b[1:]
	}
	for len(b) > 0 && isSpace(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	return b
}

// isSpace reports whether c is white space in JSON (RFC 8259, section 2).
func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }
