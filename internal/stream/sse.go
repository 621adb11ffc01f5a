package stream

import (
	"bytes"
	"io"
	"slices"
)

// SSE reads an event stream by the grammar of the WHATWG
// (https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream),
// including comments, CRLF and CR, a byte order mark and data of many lines. It ignores the
// fields id and retry, because a model's reply cannot be resumed.
//
// It differs from the grammar where servers do, in order to lose nothing:
//
//   - An event at the end of the body without its blank line is returned, with
//     Unterminated set. The grammar drops it, but some servers end without a newline.
//   - A line that starts with { or [ is a JSON value without a field name, not an unknown
//     field. Gemini and Vertex AI send errors in this form, on one line or on many. It is
//     returned with Bare set, and ends with the line on which its brackets close. An event
//     before it ends there.
//   - A field named error is the data of an event named error. llama.cpp sends its errors
//     in this form. A change between data and error fields also ends an event.
//   - A data line after a complete JSON object or list begins another event. Some servers
//     and proxies send no blank line between events:
//     https://github.com/anomalyco/opencode/issues/27365. From the second such event on, an
//     event is returned as soon as its brackets close.
type SSE struct {
	lines lines
	names []string  // event names so far, to allocate each only once
	last  string    // the name of the last event
	lead  int       // the length of the text before the data of Buffered
	leads [2][]byte // see setLeads
	named string    // the name in leads
	cut   bool      // see Cut

	glued bool // events without a blank line between them have been seen
	// late is the name in an event line after data, if isLate is set. It belongs to that
	// data if a blank line follows, and to the next event if data follows.
	late   string
	isLate bool
}

// Limits for the names that are kept. Other names are allocated each time.
const (
	maxNames   = 16
	maxNameLen = 64
)

// NewSSE returns a reader of the event stream r. The limit is the maximum length in bytes
// of a line, and of an event's data. If it is not positive, it is DefaultLimit.
func NewSSE(r io.Reader, limit int) *SSE {
	return &SSE{lines: newLines(r, limit, false)}
}

// Close ends the use of s, as described in [Frames].
func (s *SSE) Close() { s.lines.close() }

// Cut reports, after Next has returned [io.EOF], whether the body ended inside the "data: "
// at the beginning of a line. There is no frame for such a line, or an empty one.
func (s *SSE) Cut() bool { return s.cut }

// Next returns the next event, as described in [Frames]. It does not read beyond the blank
// line of the event.
func (s *SSE) Next() (Frame, error) {
	s.lines.release()
	event := s.lateName("")
	var holds field // the field of the held data
	var value jsonLines
	for {
		line, whole, err := s.lines.next()
		if err != nil {
			return s.unfinished(event, holds, err)
		}
		if len(line) == 0 {
			if holds != none {
				return s.event(s.lateName(event), false), nil
			}
			event = "" // an event without data is ignored
			continue
		}
		s.cut = !whole && bytes.HasPrefix([]byte(lineData), line)
		if line[0] == ':' {
			continue
		}
		bare := line[0] == '{' || line[0] == '['
		name, data := none, line
		if !bare {
			name, data = cutField(line)
		}
		switch {
		case holds != none && (bare || name.isData() && name != holds):
			s.lines.unread()
			return s.event(s.lateName(event), true), nil
		case bare:
			return s.bare(event, line)
		case name.isData():
			if holds != none && !value.begun {
				value.add(s.lines.held())
			}
			if value.closed {
				s.glued = true
				s.lines.unread()
				return s.event(event, false), nil
			}
			if value.begun || s.glued {
				value.add(data)
			}
			s.lines.hold(data)
			if holds = name; name == errorField {
				event = "error"
			}
			if value.closed && s.glued {
				return s.event(event, false), nil
			}
		case name == eventField && holds == none:
			event = s.intern(data)
		case name == eventField && holds != errorField:
			s.late, s.isLate = s.intern(data), true
		}
	}
}

// unfinished returns the event whose data is held when the body ends, or the error.
func (s *SSE) unfinished(event string, holds field, err error) (Frame, error) {
	if err == io.EOF && holds != none {
		return s.event(s.lateName(event), true), nil
	}
	return Frame{}, err
}

// lineData is the beginning of nearly every line with data.
const lineData = "data: "

// Buffered returns the bytes read beyond the last frame, as described in [Frames]. The next
// event must have the same name as the last one.
func (s *SSE) Buffered() []byte {
	s.lines.release()
	data := s.lines.buffered()
	switch {
	case s.isLate || s.last == "error":
		return nil // the name of the next event may differ
	case s.last == "":
		if s.lead = len(lineData); len(data) < s.lead || string(data[:s.lead]) != lineData {
			return nil
		}
		return data[s.lead:]
	case s.named != s.last:
		s.setLeads()
	}
	for _, lead := range &s.leads {
		if bytes.HasPrefix(data, lead) {
			s.lead = len(lead)
			return data[s.lead:]
		}
	}
	return nil
}

// setLeads makes the beginnings of an event with the name of the last one, up to its data:
// one for each kind of newline.
func (s *SSE) setLeads() {
	s.named = s.last
	for i, newline := range [...]string{"\n", "\r\n"} {
		s.leads[i] = append(slices.Grow(s.leads[i][:0], maxNameLen), lineEvent...)
		s.leads[i] = append(s.leads[i], s.last...)
		s.leads[i] = append(append(s.leads[i], newline...), lineData...)
	}
}

// lineEvent is the beginning of a line with the name of an event.
const lineEvent = "event: "

// Advance skips the next frame, as described in [Frames].
func (s *SSE) Advance(size int) bool {
	if size == 0 {
		return false
	}
	size += s.lead
	return s.lines.advance(size, "\n\n") || s.lines.advance(size, "\r\n\r\n")
}

// lateName returns the late name if there is one, and otherwise the given one.
func (s *SSE) lateName(name string) string {
	if s.isLate {
		name = s.late
	}
	s.late, s.isLate = "", false
	return name
}

// event returns the frame of the held data.
func (s *SSE) event(name string, unterminated bool) Frame {
	s.last = name
	return Frame{Event: name, Data: s.lines.held(), Unterminated: unterminated}
}

// bare reads a JSON value without a field name. Its first line is given.
func (s *SSE) bare(event string, line []byte) (Frame, error) {
	s.last = event
	var value nesting
	for {
		closed := value.closes(line)
		s.lines.hold(line) // this moves the line
		if closed {
			return Frame{Event: event, Data: s.lines.held(), Bare: true}, nil
		}
		var err error
		if line, _, err = s.lines.next(); err != nil && err != io.EOF {
			return Frame{}, err
		}
		// No line of JSON begins with the name of a field. A value that is not closed
		// must not contain the events after it.
		name, _ := cutField(line)
		if name != none {
			s.lines.unread()
		}
		if err == io.EOF || name != none {
			return Frame{Event: event, Data: s.lines.held(), Bare: true, Unterminated: true}, nil
		}
	}
}

// field is the name of a known field.
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
		// Without a colon the value is empty. It must still point to the end of the line.
		value = line[len(line)-len(after):]
	}
	if len(value) > 0 && value[0] == ' ' {
		value = value[1:]
	}
	return name, value
}

// frequentNames are names that most replies of a dialect have: Anthropic's.
var frequentNames = [...]string{
	"content_block_delta", "ping", "message_start", "content_block_start", "content_block_stop", "message_delta", "message_stop",
}

// intern returns the name as a string, without an allocation if it is frequent or was seen
// before.
func (s *SSE) intern(name []byte) string {
	for _, known := range &frequentNames {
		if known == string(name) {
			return known
		}
	}
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

// jsonLines follows data from line to line, to find out if it is a complete JSON object or
// list.
type jsonLines struct {
	nesting
	begun, isJSON, closed bool
}

// add adds a line. There must be none after the brackets have closed.
func (j *jsonLines) add(line []byte) {
	if !j.begun {
		start := trimSpace(line)
		j.begun, j.isJSON = true, len(start) > 0 && (start[0] == '{' || start[0] == '[')
	}
	j.closed = j.isJSON && j.closes(line)
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
