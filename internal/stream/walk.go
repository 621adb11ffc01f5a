package stream

import (
	"bytes"
	"math"
	"strconv"
	"unicode/utf8"
)

// Limits for a frame that can be walked. Real frames are far below them.
const (
	maxDepth = 32
	maxKeys  = 64  // in the objects that are open at once
	maxPath  = 192 // bytes of a path
)

// Value is a leaf of a JSON value: a string, a number, a literal, or an empty object or
// array. It is valid during the visit.
type Value struct {
	Kind ValueKind

	verbatim   bool // a string that is its own decoded form
	start, end int  // its place in the frame, without the quotes of a string
	walker     *Walker
}

// ValueKind is the kind of a [Value].
type ValueKind uint8

// The kinds of value.
const (
	String  ValueKind = iota
	Number            // valid JSON, of any size
	Literal           // true, false or null
	Empty             // {} or []
)

// Path returns the keys and indexes of the value, joined by dots.
func (v *Value) Path() []byte { return v.walker.path[:v.walker.pathLen] }

// Raw returns the bytes of the value in the frame, without the quotes of a string.
func (v *Value) Raw() []byte { return v.walker.b[v.start:v.end] }

// IsNull reports whether the value is null.
func (v *Value) IsNull() bool { return v.Kind == Literal && v.Raw()[0] == 'n' }

// AppendText appends the decoded form of a string to dst, like encoding/json.
func (v *Value) AppendText(dst []byte) []byte { return unescape(dst, v.Raw()) }

// Verbatim reports whether the value is a string and Raw is its decoded form.
func (v *Value) Verbatim() bool { return v.verbatim }

// Int returns the value of a whole number of at most 18 digits.
func (v *Value) Int() (n int, ok bool) {
	raw := v.Raw()
	if v.Kind != Number || len(raw) > maxDigits || scanNatural(raw) != len(raw) {
		return 0, false
	}
	for _, c := range raw {
		n = n*10 + int(c-'0')
	}
	return n, true
}

// Walker visits the leaves of frames. The zero value is ready to use. It reuses its memory
// for each frame.
//
// Path and keys are arrays and offsets, not slices: to change a pointer with every key is
// slow while the garbage collector runs.
type Walker struct {
	b     []byte
	at    int
	found Value // the current one
	visit func(*Value) bool

	path    [maxPath]byte
	pathLen int
	keys    [maxKeys]span // of the open objects, outermost first
	keysLen int
}

// span is the place of a key in the frame.
type span struct{ start, end int32 }

// Walk calls visit with every leaf of frame, in order, until visit returns false. It returns
// true if visit never returned false and the frame is unambiguous: it is valid JSON, every
// key is plain, and no two keys of an object are equal or differ only in case. Decoders
// differ in how they read other frames.
//
// The argument of visit is the same variable every time.
func (w *Walker) Walk(frame []byte, visit func(*Value) bool) bool {
	w.b, w.at, w.visit, w.found.walker = frame, 0, visit, w
	w.pathLen, w.keysLen = 0, 0
	if len(frame) > math.MaxInt32 || !w.value(0) {
		return false
	}
	w.space()
	return w.at == len(frame)
}

// Reset drops the references to the last frame and function.
func (w *Walker) Reset() { w.b, w.visit = nil, nil }

// value walks the current value, like object and array. All report whether to continue.
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
		return w.leaf(String, start+1, w.at-1)
	case 'n':
		return w.literal("null")
	case 't':
		return w.literal("true")
	case 'f':
		return w.literal("false")
	}
	w.at += scanNumber(w.b[start:])
	return w.at > start && w.leaf(Number, start, w.at)
}

func (w *Walker) literal(text string) bool {
	start := w.at
	if len(w.b)-start < len(text) || string(w.b[start:start+len(text)]) != text {
		return false
	}
	w.at += len(text)
	return w.leaf(Literal, start, w.at)
}

func (w *Walker) leaf(kind ValueKind, start, end int) bool {
	v := &w.found
	v.Kind, v.start, v.end = kind, start, end
	v.verbatim = v.verbatim && kind == String
	return w.visit(v)
}

func (w *Walker) object(depth int) bool {
	outerKeys, outerPath, start := w.keysLen, w.pathLen, w.at
	w.at++
	if w.space(); w.take('}') {
		return w.leaf(Empty, start, w.at)
	}
	var marks uint64
	for {
		w.space()
		key, ok := w.key(outerKeys, &marks)
		if w.space(); !ok || !w.take(':') {
			return false
		}
		if !w.step(outerPath, w.b[key.start:key.end]) || !w.value(depth+1) {
			return false
		}
		if w.space(); !w.take(',') {
			w.keysLen, w.pathLen = outerKeys, outerPath
			return w.take('}')
		}
	}
}

// key reads a key and adds it to those of its object, which begin at first. It refuses a
// repeated key, a key with an escape or outside ASCII, and a key that would make paths
// ambiguous: empty, with a dot, or like an index. Each key sets a bit in marks. Only if
// the bit is already set can there be an equal key.
func (w *Walker) key(first int, marks *uint64) (key span, ok bool) {
	if !w.take('"') || w.keysLen == maxKeys {
		return span{}, false
	}
	rest := w.b[w.at:]
	n := 0
	for n < len(rest) && inKey[rest[n]] {
		n++
	}
	if n == 0 || n == len(rest) || rest[n] != '"' || rest[0] >= '0' && rest[0] <= '9' {
		return span{}, false
	}
	// Letters are ASCII here, and upper and lower case differ in one bit.
	name := rest[:n]
	mark := uint64(1) << ((name[0]&^0x20 + name[n-1]&^0x20<<2 + byte(n)<<3) % 64)
	if *marks&mark != 0 && w.has(first, name) {
		return span{}, false
	}
	*marks |= mark
	key = span{int32(w.at), int32(w.at + n)}
	w.keys[w.keysLen] = key
	w.keysLen++
	w.at += n + 1
	return key, true
}

// has reports whether one of the keys that begin at first is equal to name, or differs from
// it only in case.
func (w *Walker) has(first int, name []byte) bool {
	for _, other := range w.keys[first:w.keysLen] {
		if bytes.EqualFold(w.b[other.start:other.end], name) {
			return true
		}
	}
	return false
}

// inKey has the bytes of which a plain key consists.
var inKey = func() (t [256]bool) {
	for c := byte(' '); c < utf8.RuneSelf; c++ {
		t[c] = c != '"' && c != '\\' && c != '.'
	}
	return t
}()

func (w *Walker) array(depth int) bool {
	outerPath, start := w.pathLen, w.at
	w.at++
	if w.space(); w.take(']') {
		return w.leaf(Empty, start, w.at)
	}
	for i := 0; ; i++ {
		var digits [20]byte
		if !w.step(outerPath, strconv.AppendInt(digits[:0], int64(i), 10)) || !w.value(depth+1) {
			return false
		}
		if w.space(); !w.take(',') {
			w.pathLen = outerPath
			return w.take(']')
		}
	}
}

// step sets the path to that of a member: the first outer bytes, and the name.
func (w *Walker) step(outer int, name []byte) bool {
	if outer+1+len(name) > maxPath {
		return false
	}
	if outer > 0 {
		w.path[outer] = '.'
		outer++
	}
	w.pathLen = outer + copy(w.path[outer:], name)
	return true
}

func (w *Walker) space() {
	for w.at < len(w.b) && w.b[w.at] <= ' ' && isSpace(w.b[w.at]) {
		w.at++
	}
}

// peek returns the next byte, or 0 at the end.
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
