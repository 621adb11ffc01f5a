package schema

import (
	"encoding/json"
	"strings"
)

// Stream translates an answer to the original schema while it arrives, as [Translation.Back]
// does for a whole answer. Values whose form in the original schema is not certain yet are
// held back: a member that may be absent, until it is known not to be null, and a value of a
// union, if its first character does not show which alternative it is.
//
// Text that is no JSON, or that does not match the translated schema, is passed on as it is
// from there on. A [Validator] finds it.
//
// A Stream is for one answer, and not safe for concurrent use.
type Stream struct {
	translation *Translation
	stack       []streamFrame
	next        *node // the schema of the value that comes next; nil copies it
	state       streamState
	out         strings.Builder
	held        strings.Builder // the text of a value that is held back whole
	holds       *node           // its schema, or nil
	depth       int             // of brackets in held
	key         []byte          // the text of the current key, with quotes
	literal     []byte          // a literal that may be a null of an absent member
	escaped     bool
	broken      bool // the rest is copied
}

type streamState uint8

const (
	streamValue streamState = iota // before a value, or the end of an array
	streamKey                      // before a key, or the end of an object
	streamInKey
	streamColon
	streamAfter // after a value
	streamInString
	streamInPlain // in a number or a literal
	streamInNull  // in a literal that may be the null of an absent member
	streamHeld    // in a value that is held back whole
	streamHeldString
)

// streamFrame is an object or an array that is open.
type streamFrame struct {
	node    *node
	list    bool
	wrapped bool // {"value": …}: nothing of it is written
	pairs   bool // the array of a map
	pair    bool // a pair of key and value
	written int  // members or items
	pending bool // the key in s.key is written when its value is certain
	seen    int  // members of a pair
}

// Stream returns a stream for one answer, or nil if answers need no translation.
func (t *Translation) Stream() *Stream {
	if t.target == nil {
		return nil
	}
	return &Stream{translation: t, next: t.target.schema.root}
}

// Write reads a piece of the answer and returns the translated text that is certain.
func (s *Stream) Write(piece string) string {
	s.out.Reset()
	for i := 0; i < len(piece); i++ {
		if s.broken {
			s.out.WriteString(piece[i:])
			break
		}
		if s.state == streamInString && !s.escaped { // the usual case: long strings
			n := strings.IndexAny(piece[i:], `"\`)
			if n < 0 {
				n = len(piece) - i
			}
			s.out.WriteString(piece[i : i+n])
			if i += n; i == len(piece) {
				break
			}
		}
		s.step(piece[i])
	}
	return s.out.String()
}

// Close returns the text that was held back, if the answer ended early.
func (s *Stream) Close() string {
	s.out.Reset()
	if s.state == streamHeld || s.state == streamHeldString {
		s.out.WriteString(s.held.String())
		s.state = streamAfter
	}
	return s.out.String()
}

// breakAt copies c and everything after it.
func (s *Stream) breakAt(c byte) {
	s.broken = true
	s.out.WriteByte(c)
}

func (s *Stream) top() *streamFrame {
	if len(s.stack) == 0 {
		return nil
	}
	return &s.stack[len(s.stack)-1]
}

func (s *Stream) step(c byte) {
	switch s.state {
	case streamInString, streamInKey:
		s.inString(c)
		return
	case streamInPlain:
		if strings.IndexByte(",]} \n\r\t", c) < 0 {
			s.out.WriteByte(c)
			return
		}
		s.state = streamAfter
	case streamInNull:
		if 'a' <= c && c <= 'z' {
			s.literal = append(s.literal, c)
			return
		}
		if f := s.top(); string(s.literal) != "null" {
			s.writeKey(f)
			s.out.Write(s.literal)
		} else {
			f.pending = false
		}
		s.state = streamAfter
	case streamHeld, streamHeldString:
		s.hold(c)
		return
	}
	if c == ' ' || c == '\n' || c == '\r' || c == '\t' {
		return
	}
	switch s.state {
	case streamValue:
		if f := s.top(); c == ']' && f != nil && f.list && f.written == 0 {
			s.close(f)
			return
		}
		s.value(c)
	case streamKey:
		s.beforeKey(c)
	case streamColon:
		s.afterKey(c)
	case streamAfter:
		s.after(c)
	}
}

func (s *Stream) inString(c byte) {
	key := s.state == streamInKey
	if key {
		s.key = append(s.key, c)
	} else {
		s.out.WriteByte(c)
	}
	switch {
	case s.escaped:
		s.escaped = false
	case c == '\\':
		s.escaped = true
	case c == '"' && key:
		s.state = streamColon
	case c == '"':
		s.state = streamAfter
	}
}

func (s *Stream) beforeKey(c byte) {
	f := s.top()
	switch {
	case c == '"':
		s.state, s.key = streamInKey, append(s.key[:0], c)
	case c == '}' && f.written == 0 && f.seen == 0:
		s.close(f)
	default:
		s.breakAt(c)
	}
}

// afterKey chooses the schema of the member.
func (s *Stream) afterKey(c byte) {
	f := s.top()
	if c != ':' {
		s.breakAt(c)
		return
	}
	s.state, f.pending = streamValue, true
	var name string
	if json.Unmarshal(s.key, &name) != nil {
		s.breakAt(c)
		return
	}
	f.seen++
	switch {
	case f.wrapped && name == "value" && f.seen == 1:
		s.next, f.pending = f.node.properties["value"], false
	case f.wrapped: // it was not wrapped
		s.breakAt(c)
	case f.pair:
		s.pairMember(f, name)
	case f.node == nil:
		s.next = nil
	default:
		if s.next = f.node.properties[name]; s.next == nil {
			s.next = f.node.additional
		}
		if marks(f.node).optional[name] {
			s.literal = s.literal[:0]
			return // writeKey is called when the value is certain
		}
	}
}

// pairMember handles "key" and "value" of a pair, in this order.
func (s *Stream) pairMember(f *streamFrame, name string) {
	f.pending = false
	switch {
	case name == "key" && f.seen == 1:
		s.next = nil
	case name == "value" && f.seen == 2:
		s.next = f.node.properties["value"]
		s.out.WriteByte(':')
	default:
		s.breakAt(':')
	}
}

// writeKey writes the key of the current member, and the comma before it.
func (s *Stream) writeKey(f *streamFrame) {
	if f == nil || !f.pending {
		return
	}
	f.pending = false
	if f.written > 0 {
		s.out.WriteByte(',')
	}
	f.written++
	s.out.Write(s.key)
	s.out.WriteByte(':')
}

// value reads the first character of a value.
func (s *Stream) value(c byte) {
	f := s.top()
	if f != nil && f.list {
		if f.written > 0 {
			s.out.WriteByte(',')
		}
		f.written++
	}
	if f != nil && !f.list && c == 'n' && f.pending && s.optional(f) {
		s.state, s.literal = streamInNull, append(s.literal[:0], c)
		return
	}
	s.writeKey(f)
	n, certain := choose(s.next, c)
	if f != nil && f.pair && f.seen == 1 && c != '"' || f != nil && f.pairs && c != '{' {
		s.breakAt(c)
		return
	}
	switch {
	case !certain:
		s.holds, s.depth = s.next, 0
		s.held.Reset()
		s.state = streamHeld
		s.hold(c)
	case c == '{', c == '[':
		s.open(n, c)
	case c == '"':
		s.out.WriteByte(c)
		s.state = streamInString
	case c == '-', c == 't', c == 'f', c == 'n', '0' <= c && c <= '9':
		s.out.WriteByte(c)
		s.state = streamInPlain
	default:
		s.breakAt(c)
	}
}

// optional reports whether null stands for the absence of the current member.
func (s *Stream) optional(f *streamFrame) bool {
	var name string
	return f.node != nil && json.Unmarshal(s.key, &name) == nil && marks(f.node).optional[name]
}

// choose follows references and unions to the schema of a value that begins with c. It
// returns false if several alternatives are possible.
func choose(n *node, c byte) (*node, bool) {
	for range 100 {
		branches := []*node(nil)
		if n != nil {
			branches = n.anyOf
			if branches == nil {
				branches = n.oneOf
			}
		}
		switch {
		case n == nil:
			return nil, true
		case n.ref != nil:
			n = n.ref
			continue
		case branches == nil:
			return n, true
		}
		var fitting []*node
		for _, branch := range branches {
			if head(branch).accepts()&typesOfFirst(c) != 0 {
				fitting = append(fitting, branch)
			}
		}
		switch {
		case len(fitting) == 1:
			n = fitting[0]
		case c != '{' && c != '[' || len(fitting) == 0:
			return nil, true // scalars need no translation
		default:
			return n, false
		}
	}
	return nil, true
}

// typesOfFirst returns the types of JSON values that begin with c.
func typesOfFirst(c byte) typeSet {
	switch c {
	case '{':
		return typeObject
	case '[':
		return typeArray
	case '"':
		return typeString
	case 't', 'f':
		return typeBoolean
	case 'n':
		return typeNull
	}
	return typeNumber | typeInteger
}

func (s *Stream) open(n *node, c byte) {
	f := streamFrame{node: n, list: c == '['}
	up := s.top()
	switch {
	case up != nil && up.pairs:
		f.pair = true
		s.stack, s.state = append(s.stack, f), streamKey
		return
	case n != nil && f.list && marks(n).pairs:
		f.pairs = true
		s.out.WriteByte('{')
	case n != nil && !f.list && marks(n).wrapped:
		f.wrapped = true
	default:
		s.out.WriteByte(c)
	}
	s.stack, s.state = append(s.stack, f), streamKey
	if f.list {
		s.state = streamValue
		s.next = item(&f)
	}
}

// item returns the schema of the next item of an array.
func item(f *streamFrame) *node {
	if f.node == nil {
		return nil
	}
	if f.written < len(f.node.prefix) {
		return f.node.prefix[f.written]
	}
	return f.node.items
}

func (s *Stream) after(c byte) {
	f := s.top()
	switch {
	case f == nil, c == '}' && f.list, c == ']' && !f.list:
		s.breakAt(c)
	case c == '}' || c == ']':
		if f.pair && f.seen != 2 {
			s.breakAt(c)
			return
		}
		s.close(f)
	case c != ',':
		s.breakAt(c)
	case f.list:
		s.state, s.next = streamValue, item(f)
	default:
		s.state = streamKey
	}
}

func (s *Stream) close(f *streamFrame) {
	switch {
	case f.pairs:
		s.out.WriteByte('}')
	case f.pair || f.wrapped:
	case f.list:
		s.out.WriteByte(']')
	default:
		s.out.WriteByte('}')
	}
	s.stack = s.stack[:len(s.stack)-1]
	s.state = streamAfter
}

// hold collects a value, and translates it when it is complete.
func (s *Stream) hold(c byte) {
	s.held.WriteByte(c)
	switch {
	case s.escaped:
		s.escaped = false
	case s.state == streamHeldString:
		s.escaped = c == '\\'
		if c == '"' {
			s.state = streamHeld
		}
	case c == '"':
		s.state = streamHeldString
	case c == '{', c == '[':
		s.depth++
	case c == '}', c == ']':
		s.depth--
	}
	if s.depth > 0 || s.state == streamHeldString {
		return
	}
	s.state = streamAfter
	text := s.held.String()
	if b, v, err := s.translation.read(json.RawMessage(text)); err == nil {
		out := b.value(s.holds, v)
		text = string(out.appendJSON(nil))
	}
	s.out.WriteString(text)
}
