package reply

import (
	"bytes"
	"strconv"
	"unicode/utf8"
)

// Bounds on a frame worth learning from: real frames stay far below them.
const (
	maxDepth = 32
	maxKeys  = 64 // of one object
)

// Value is a leaf of a JSON value: a string, number or literal, or an object or
// array with nothing in it.
type Value struct {
	Path []byte // keys and indexes joined by dots; valid during the visit
	Kind ValueKind
	Raw  []byte // as it stands in the frame; a string without its quotes

	start    int  // where Raw begins in the frame
	verbatim bool // a string that is its own decoded form
}

// ValueKind says what a [Value] is.
type ValueKind uint8

// The kinds of value.
const (
	String  ValueKind = iota
	Number            // valid JSON, of any size
	Literal           // true, false or null
	Empty             // {} or []
)

// IsNull reports whether the value is null.
func (v *Value) IsNull() bool { return v.Kind == Literal && v.Raw[0] == 'n' }

// AppendText appends to dst what a string decodes to, exactly as encoding/json
// has it.
func (v *Value) AppendText(dst []byte) []byte { return unescape(dst, v.Raw) }

// Verbatim reports whether Raw is a string that decodes to itself.
func (v *Value) Verbatim() bool { return v.verbatim }

// Int returns a number that is a whole one of at most 18 digits.
func (v *Value) Int() (n int, ok bool) {
	if v.Kind != Number || len(v.Raw) > maxDigits || scanNatural(v.Raw) != len(v.Raw) {
		return 0, false
	}
	for _, c := range v.Raw {
		n = n*10 + int(c-'0')
	}
	return n, true
}

// Walker visits the leaves of frames. Its zero value is ready; it keeps its
// memory from one frame to the next.
type Walker struct {
	b     []byte
	at    int
	path  []byte
	keys  [][]byte // of the objects open now, outermost first
	found Value    // the one at hand
	visit func(*Value) bool

	// What path and keys begin in, so that they need not grow.
	pathRoom [96]byte
	keyRoom  [20][]byte
}

// Walk calls visit with every leaf of frame, in order, until visit returns
// false. It reports whether visit never did, and the frame is one whose bytes
// mean what they seem to: valid JSON throughout, every key plain, and no two
// keys of an object the same or told apart by case alone. A decoder that takes
// the last of two, or ignores case, would read other frames otherwise.
//
// The value that visit gets is the same variable every time.
func (w *Walker) Walk(frame []byte, visit func(*Value) bool) bool {
	w.b, w.at, w.visit = frame, 0, visit
	if w.path == nil {
		w.path, w.keys = w.pathRoom[:0], w.keyRoom[:0]
	}
	w.path, w.keys = w.path[:0], w.keys[:0]
	if !w.value(0) {
		return false
	}
	w.space()
	return w.at == len(frame)
}

// value walks the value at hand, as do object and array; all report whether to
// go on.
func (w *Walker) value(depth int) bool {
	if w.space(); depth > maxDepth {
		return false
	}
	start := w.at
	switch w.peek() {
	case '{':
		return w.object(depth)
	case '[':
		return w.array(depth)
	case '"':
		n, verbatim, ascii := scanString(w.b[start+1:])
		if n < 0 {
			return false
		}
		w.at += n + 2
		w.found.verbatim = verbatim && ascii
		return w.leaf(String, start+1, start+1+n)
	case 'n', 't', 'f':
		for _, literal := range [...]string{"null", "true", "false"} {
			if bytes.HasPrefix(w.b[start:], []byte(literal)) {
				w.at += len(literal)
				return w.leaf(Literal, start, w.at)
			}
		}
		return false
	}
	w.at += scanNumber(w.b[start:])
	return w.at > start && w.leaf(Number, start, w.at)
}

func (w *Walker) leaf(kind ValueKind, start, end int) bool {
	v := &w.found
	v.Path, v.Kind, v.Raw, v.start = w.path, kind, w.b[start:end], start
	v.verbatim = v.verbatim && kind == String
	return w.visit(v)
}

func (w *Walker) object(depth int) bool {
	outerKeys, outerPath, start := len(w.keys), len(w.path), w.at
	w.at++
	if w.space(); w.take('}') {
		return w.leaf(Empty, start, w.at)
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
			w.keys, w.path = w.keys[:outerKeys], w.path[:outerPath]
			return w.take('}')
		}
	}
}

// key reads a key. One with an escape or beyond ASCII is refused, and so is one
// already among the others, and one that would make paths ambiguous: empty, with
// a dot, or like an index.
func (w *Walker) key(others [][]byte) (key []byte, ok bool) {
	if !w.take('"') || len(others) == maxKeys {
		return nil, false
	}
	end := w.at
	for ; end < len(w.b) && w.b[end] != '"'; end++ {
		if c := w.b[end]; c < ' ' || c >= utf8.RuneSelf || c == '\\' || c == '.' {
			return nil, false
		}
	}
	if end == len(w.b) || end == w.at || w.b[w.at] >= '0' && w.b[w.at] <= '9' {
		return nil, false
	}
	key = w.b[w.at:end]
	w.at = end + 1
	for _, other := range others {
		if len(key) == len(other) && bytes.EqualFold(key, other) { // both are ASCII
			return nil, false
		}
	}
	return key, true
}

func (w *Walker) array(depth int) bool {
	outerPath, start := len(w.path), w.at
	w.at++
	if w.space(); w.take(']') {
		return w.leaf(Empty, start, w.at)
	}
	for i := 0; ; i++ {
		w.path = strconv.AppendInt(w.dot(outerPath), int64(i), 10)
		if !w.value(depth + 1) {
			return false
		}
		if w.space(); !w.take(',') {
			w.path = w.path[:outerPath]
			return w.take(']')
		}
	}
}

// dot returns the first n bytes of the path, ready for the next part.
func (w *Walker) dot(n int) []byte {
	if n == 0 {
		return w.path[:0]
	}
	return append(w.path[:n], '.')
}

func (w *Walker) space() {
	for w.at < len(w.b) && w.b[w.at] <= ' ' && isSpace(w.b[w.at]) {
		w.at++
	}
}

// peek returns the next byte, 0 at the end.
func (w *Walker) peek() byte {
	if w.at == len(w.b) {
		return 0
	}
	return w.b[w.at]
}

// take steps over c, and reports whether it was there.
func (w *Walker) take(c byte) bool {
	if w.peek() != c || w.at == len(w.b) {
		return false
	}
	w.at++
	return true
}
