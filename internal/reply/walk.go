package reply

import (
	"bytes"
	"strconv"
)

// Bounds on a frame worth learning from: real frames stay far below them.
const (
	maxDepth = 32
	maxKeys  = 64 // of one object
)

// scalar is a string or a number found in a frame.
type scalar struct {
	path []byte // keys and indexes joined by dots; valid during the visit
	// The value's place in the frame, without a string's quotes.
	start, end int
	isString   bool
}

// walk calls visit with every string and number that is a value in frame, in
// order. It reports whether the frame is one that a template can be made of:
// valid JSON throughout, every key plain, and no two keys of an object the same
// or told apart by case alone. A decoder that takes the last of two, or ignores
// case, would read such a frame otherwise than its bytes suggest.
func walk(frame []byte, visit func(scalar)) bool {
	w := walker{b: frame, visit: visit}
	if !w.value(0) {
		return false
	}
	w.space()
	return w.at == len(frame)
}

type walker struct {
	b     []byte
	at    int
	path  []byte
	keys  [][]byte // of the objects open now, outermost first
	visit func(scalar)
}

// value walks the value at hand, as do object and array; all report whether it
// was valid.
func (w *walker) value(depth int) bool {
	if w.space(); depth > maxDepth {
		return false
	}
	switch w.peek() {
	case '{':
		return w.object(depth)
	case '[':
		return w.array(depth)
	case '"':
		start := w.at + 1
		n, _, _ := scanString(w.b[start:])
		if n < 0 {
			return false
		}
		w.at = start + n + 1
		w.visit(scalar{w.path, start, start + n, true})
		return true
	}
	for _, literal := range [...]string{"null", "true", "false"} {
		if bytes.HasPrefix(w.b[w.at:], []byte(literal)) {
			w.at += len(literal)
			return true
		}
	}
	start := w.at
	w.at += scanNumber(w.b[start:])
	if w.at == start {
		return false
	}
	w.visit(scalar{w.path, start, w.at, false})
	return true
}

func (w *walker) object(depth int) bool {
	outerKeys, outerPath := len(w.keys), len(w.path)
	defer func() { w.keys, w.path = w.keys[:outerKeys], w.path[:outerPath] }()
	w.at++
	if w.space(); w.take('}') {
		return true
	}
	for {
		w.space()
		key, ok := w.key(w.keys[outerKeys:])
		if w.space(); !ok || !w.take(':') {
			return false
		}
		w.keys = append(w.keys, key)
		w.path = append(w.dot(outerPath), key...)
		if !w.value(depth + 1) {
			return false
		}
		if w.space(); !w.take(',') {
			return w.take('}')
		}
	}
}

// key reads a key. One with an escape, beyond ASCII, or with a dot, which would
// make paths ambiguous, is refused, and so is one already among the others.
func (w *walker) key(others [][]byte) (key []byte, ok bool) {
	if !w.take('"') || len(others) == maxKeys {
		return nil, false
	}
	n, verbatim, ascii := scanString(w.b[w.at:])
	if n < 0 || !verbatim || !ascii {
		return nil, false
	}
	key = w.b[w.at : w.at+n]
	w.at += n + 1
	for _, other := range others {
		if bytes.EqualFold(key, other) {
			return nil, false
		}
	}
	return key, bytes.IndexByte(key, '.') < 0
}

func (w *walker) array(depth int) bool {
	outerPath := len(w.path)
	defer func() { w.path = w.path[:outerPath] }()
	w.at++
	if w.space(); w.take(']') {
		return true
	}
	for i := 0; ; i++ {
		w.path = strconv.AppendInt(w.dot(outerPath), int64(i), 10)
		if !w.value(depth + 1) {
			return false
		}
		if w.space(); !w.take(',') {
			return w.take(']')
		}
	}
}

// dot returns the first n bytes of the path, ready for the next part.
func (w *walker) dot(n int) []byte {
	if n == 0 {
		return w.path[:0]
	}
	return append(w.path[:n], '.')
}

func (w *walker) space() {
	for w.at < len(w.b) && isSpace(w.b[w.at]) {
		w.at++
	}
}

// peek returns the next byte, 0 at the end.
func (w *walker) peek() byte {
	if w.at == len(w.b) {
		return 0
	}
	return w.b[w.at]
}

// take steps over c, and reports whether it was there.
func (w *walker) take(c byte) bool {
	if w.peek() != c || w.at == len(w.b) {
		return false
	}
	w.at++
	return true
}
