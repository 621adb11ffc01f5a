package stream

import "io"

// NDJSON reads one JSON value per line. It skips blank lines and removes white space
// around a value. A last line without a newline is returned with Unterminated set.
//
// Only LF, or CR LF, ends a line. A CR alone is white space in JSON (RFC 8259, section 2).
type NDJSON struct {
	lines lines
}

// NewNDJSON returns a reader of the lines of r. The limit is the maximum length of a line
// in bytes. If it is not positive, it is DefaultLimit.
func NewNDJSON(r io.Reader, limit int) *NDJSON {
	return &NDJSON{lines: newLines(r, limit, true)}
}

// Close ends the use of n, as described in [Frames].
func (n *NDJSON) Close() { n.lines.close() }

// Next returns the next line that is not blank, as described in [Frames].
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

// Buffered returns the bytes read beyond the last line, as described in [Frames].
func (n *NDJSON) Buffered() []byte { return n.lines.buffered() }

// Advance skips the next line, as described in [Frames].
func (n *NDJSON) Advance(size int) bool { return n.lines.advance(size, "\n") }

// Cut reports false: a line of NDJSON has no field name.
func (n *NDJSON) Cut() bool { return false }

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
