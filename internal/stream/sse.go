package stream

import (
	"bytes"
	"io"
)

// SSE reads an event stream as the WHATWG's grammar has it
// (https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream),
// comments, CRLF and CR, byte order mark and multi-line data included. What
// concerns reconnecting, id and retry, is read over: a model's reply cannot be
// resumed.
//
// It departs from the grammar where servers do, so as to lose nothing:
//
//   - An event at the end of the body without its blank line is delivered, not
//     dropped, with Unterminated set: servers end with a last line without a
//     newline.
//   - A line that starts with { or [ is a JSON value without a field name, not an
//     unknown field. Gemini and Vertex send errors so, on one line or on many.
//     It is delivered with Bare set, up to the end of the line on which its
//     brackets close. Since such a line cannot belong to an event's data, an
//     event before it is delivered as it stands.
//   - A field named error is data of an event named error: llama.cpp sends its
//     errors so. A change between data and error fields ends an event as well.
type SSE struct {
	lines lines
	names []string // event names seen, so that each is allocated once
	cut   bool     // see Cut
}

// Bounds on what is kept of event names; others are allocated as they come.
const (
	maxNames   = 16
	maxNameLen = 64
)

// NewSSE returns a reader of the event stream r. The bound in bytes on a line
// and on an event's data is limit; DefaultLimit if it is not positive.
func NewSSE(r io.Reader, limit int) *SSE {
	return &SSE{lines: newLines(r, limit, false)}
}

// Close ends the use of s and of every frame that it returned. It leaves the
// reader alone.
func (s *SSE) Close() { s.lines.close() }

// Cut reports, once Next has returned [io.EOF], whether the body ended where data
// was about to come: within the beginning of a line, "data: ", and no more. Of
// such a line there is no frame, or an empty one.
func (s *SSE) Cut() bool { return s.cut }

// Next returns the next event, as [Frames] says. An event is returned as soon as
// its blank line has been read, without reading on.
func (s *SSE) Next() (Frame, error) {
	s.lines.release()
	var event string
	var holds field // that the held data is from
	for {
		line, whole, err := s.lines.next()
		if err != nil {
			if err == io.EOF && holds != none {
				return s.event(event, true), nil
			}
			return Frame{}, err
		}
		if len(line) == 0 {
			if holds != none {
				return s.event(event, false), nil
			}
			event = "" // an event without data is none
			continue
		}
		s.cut = !whole && bytes.HasPrefix([]byte(lineData), line)
		if line[0] == ':' {
			continue
		}
		bare := line[0] == '{' || line[0] == '['
		name, value := none, line
		if !bare {
			name, value = cutField(line)
		}
		switch {
		case holds != none && (bare || name.isData() && name != holds):
			s.lines.unread()
			return s.event(event, true), nil
		case bare:
			return s.bare(event, line)
		case name.isData():
			s.lines.hold(value)
			if holds = name; name == errorField {
				event = "error"
			}
		case name == eventField && holds != errorField:
			event = s.intern(value)
		}
	}
}

// lineData is how nearly every line with data begins.
const lineData = "data: "

// Buffered returns what has been read of the next frame and those after it, as
// [Frames] says.
func (s *SSE) Buffered() []byte {
	s.lines.release()
	data, ok := bytes.CutPrefix(s.lines.buffered(), []byte(lineData))
	if !ok {
		return nil
	}
	return data
}

// Pass moves past the next frame, as [Frames] says.
func (s *SSE) Advance(size int) bool {
	if size == 0 {
		return false
	}
	size += len(lineData)
	return s.lines.advance(size, "\n\n") || s.lines.advance(size, "\r\n\r\n")
}

// event is the frame of the data held.
func (s *SSE) event(name string, unterminated bool) Frame {
	return Frame{Event: name, Data: s.lines.held(), Unterminated: unterminated}
}

// bare reads a JSON value that stands there without a field name, and whose
// first line is given.
func (s *SSE) bare(event string, line []byte) (Frame, error) {
	var value nesting
	for {
		closed := value.closes(line)
		s.lines.hold(line) // which moves it
		if closed {
			return Frame{Event: event, Data: s.lines.held(), Bare: true}, nil
		}
		var err error
		if line, _, err = s.lines.next(); err != nil && err != io.EOF {
			return Frame{}, err
		}
		// No line of JSON begins with a field's name. A value left open must not
		// swallow the events after it.
		name, _ := cutField(line)
		if name != none {
			s.lines.unread()
		}
		if err == io.EOF || name != none {
			return Frame{Event: event, Data: s.lines.held(), Bare: true, Unterminated: true}, nil
		}
	}
}

// field is the name of a field, where it is one that is known.
type field uint8

const (
	none field = iota
	dataField
	errorField
	eventField
	otherField // id or retry
)

// isData reports whether the field's value is data of an event.
func (f field) isData() bool { return f == dataField || f == errorField }

// cutField splits a line into field and value.
func cutField(line []byte) (name field, value []byte) {
	if len(line) >= 5 && string(line[:5]) == "data:" { // nearly every line
		name, value = dataField, line[5:]
	} else {
		before, after, _ := bytes.Cut(line, []byte(":"))
		switch string(before) {
		case "data":
			name = dataField
		case "error":
			name = errorField
		case "event":
			name = eventField
		case "id", "retry":
			name = otherField
		}
		// Without a colon the value is empty, and still the line's end.
		value = line[len(line)-len(after):]
	}
	if len(value) > 0 && value[0] == ' ' {
		value = value[1:]
	}
	return name, value
}

func (s *SSE) intern(name []byte) string {
	for _, known := range s.names {
		if known == string(name) {
			return known
		}
	}
	n := string(name)
	if len(s.names) < maxNames && len(n) <= maxNameLen {
		s.names = append(s.names, n)
	}
	return n
}

// nesting follows the brackets of a JSON value from line to line.
type nesting struct {
	depth            int
	inString, escape bool
}

// closes reports whether the value's last bracket closes on this line.
func (n *nesting) closes(line []byte) bool {
	for _, c := range line {
		switch {
		case n.escape:
			n.escape = false
		case n.inString && c == '\\':
			n.escape = true
		case c == '"':
			n.inString = !n.inString
		case n.inString:
		case c == '{' || c == '[':
			n.depth++
		case c == '}' || c == ']':
			if n.depth--; n.depth == 0 {
				return true
			}
		}
	}
	n.escape = false // a newline is not an escaped character
	return false
}
