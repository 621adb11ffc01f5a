package stream

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"unicode/utf8"
)

// Decoder decodes JSON objects into a struct type, by the struct's json tags. To read
// one more member, add a field with a tag.
//
// A Decoder is tolerant: a member of the wrong type counts as absent, and the rest of
// the object is decoded. Servers differ in the members that clients do not depend on,
// and one of them must not cost the whole answer. For each Go type, these values fit:
//
//   - string: a string. A string type with an UnmarshalJSON method also gets the other
//     forms; [Scalar] is such a type.
//   - integer: a whole number, also as "5.0" or 5.0, that the type can hold.
//   - float, bool: a number or a boolean, also in a string.
//   - struct: an object.
//   - slice: a list. An element that does not fit is left out; null is a zero element.
//   - []byte: a string in base64, with or without padding, of either alphabet.
//   - [TextOr]: any value.
//   - json.RawMessage: any value, copied.
//   - a type with an UnmarshalJSON method: any value for which it returns no error.
//   - a pointer to any of these. It stays nil if the value does not fit.
//
// null is absent everywhere, and an empty list is nil. Neither replaces a value if an object
// has a key twice.
//
// If the answer cannot be read without a member, give its field the tag stream:"needed":
// then a value that does not fit is an error, unless it is an empty value such as "" or {}.
// With stream:"needed,elements" on a slice, this is also the rule for each element. With
// stream:"needed,objects", elements that are numbers or booleans are left out.
//
// Otherwise the result is that of encoding/json. Unknown members are skipped. A struct
// field of type [Source] gets the JSON of the whole object.
//
// Decoder is faster than encoding/json because it does one pass, allocates strings in a
// [Text], and looks up fields without reflection. It is safe for concurrent use.
type Decoder[T any] struct {
	root  *layout
	slots int
	pool  sync.Pool // of *FrameDecoder[T]
}

// NewDecoder returns a decoder for the struct type T. It panics if a field of T has a
// type that no JSON value fits, such as a channel.
func NewDecoder[T any]() *Decoder[T] {
	ls := layouts{structs: map[reflect.Type]*layout{}}
	d := &Decoder[T]{root: ls.of(reflect.TypeFor[T]())}
	d.slots = ls.slots
	return d
}

// Decode decodes one JSON object into v. Its strings are made in text. The data is not
// changed, and v does not refer to it except by fields of type [Source].
//
// Decode returns an error if data is not valid JSON, a *[TypeError] if it is neither an
// object nor null, or if a needed member does not fit.
func (d *Decoder[T]) Decode(data []byte, v *T, text *Text) error {
	p := parser{text: text}
	return p.decode(d.root, data, reflect.ValueOf(v).Elem())
}

// decode decodes one JSON object into v.
func (p *parser) decode(l *layout, data []byte, v reflect.Value) error {
	p.b, p.at, p.misfit = data, 0, nil
	p.memory = baseMemory + memoryPerByte*len(data)
	p.space()
	first := p.peek()
	r := p.value(l, v, 0)
	if p.space(); r == invalid || p.at < len(data) {
		return syntaxError(data)
	}
	if r == absent && first != 'n' {
		return &TypeError{Want: "an object", Found: nameOf(first)}
	}
	return p.misfit
}

// TypeError reports a JSON value of the wrong type.
type TypeError struct {
	Member      string // the member's name; empty for the whole value
	Want, Found string // for example "an object"
}

func (e *TypeError) Error() string {
	if e.Member == "" {
		return fmt.Sprintf("expected %s, found %s", e.Want, e.Found)
	}
	return fmt.Sprintf("%s: expected %s, found %s", e.Member, e.Want, e.Found)
}

// The memory that lists and pointers of one value may take: baseMemory, and memoryPerByte for
// each byte of JSON. Real replies take less. Without a limit, a list of empty objects takes
// more than a hundred times its size.
const (
	baseMemory    = 256 << 10
	memoryPerByte = 5
)

// errTooMany is the error for a value whose lists take too much memory.
var errTooMany = errors.New("the lists have more elements than a reply can need")

// grant takes memory for so many values of a type. It reports false if too much is taken.
func (p *parser) grant(t reflect.Type, n int) bool {
	if p.memory -= int(t.Size()) * n; p.memory < 0 {
		p.misfit = errTooMany
		return false
	}
	return true
}

// syntaxError returns the error that encoding/json has for data that is not JSON.
func syntaxError(data []byte) error {
	if err := json.Unmarshal(data, new(json.RawMessage)); err != nil {
		return err
	}
	return errors.New("the JSON cannot be decoded")
}

// IsZero reports whether a decoded value has no members.
func IsZero[T any](v *T) bool { return reflect.ValueOf(v).Elem().IsZero() }

// nameOf names the kind of JSON value that begins with c, in the words of JSON.
func nameOf(c byte) string {
	switch c {
	case '"':
		return "a string"
	case '[':
		return "an array"
	case '{':
		return "an object"
	case 't', 'f':
		return "a boolean"
	}
	return "a number"
}

// maxNesting is the depth at which encoding/json refuses a value.
const maxNesting = 10000

// result says how a JSON value relates to the Go value that it is decoded into.
type result uint8

const (
	fits    result = iota
	absent         // null, or of another type: skipped
	invalid        // not JSON
)

// parser decodes one JSON text.
type parser struct {
	b      []byte
	at     int
	text   *Text
	misfit error // of the first needed member that does not fit, or errTooMany
	memory int   // that lists and pointers may still take, in bytes

	slots  []slot // nil if values are not reused
	frame  uint64
	orders []order // nil like slots
}

// value decodes the value at hand into v. White space before it has been skipped.
func (p *parser) value(l *layout, v reflect.Value, depth int) result {
	c := p.peek()
	if c == 'n' {
		return p.skip(depth)
	}
	switch l.kind {
	case pointerKind:
		return p.pointer(l, v, depth)
	case structKind:
		if c == '{' {
			return p.object(l, v, depth)
		}
	case sliceKind:
		if c == '[' {
			return p.list(l, v, depth)
		}
	case stringKind:
		if c == '"' {
			return p.string(v)
		}
		if l.unmarshaler {
			return p.custom(v, depth)
		}
	case textOrKind:
		return p.textOr(l, v, depth)
	case customKind:
		return p.custom(v, depth)
	default:
		return p.scalar(l, v, depth)
	}
	return p.skip(depth)
}

func (p *parser) pointer(l *layout, v reflect.Value, depth int) result {
	if !v.IsNil() {
		return p.value(l.elem, v.Elem(), depth)
	}
	to := p.newTarget(l)
	if !to.IsValid() {
		return p.skip(depth)
	}
	r := p.value(l.elem, to.Elem(), depth)
	if r == fits {
		v.Set(to)
	}
	return r
}

// object decodes an object into a struct.
func (p *parser) object(l *layout, v reflect.Value, depth int) result {
	start := p.at
	p.at++
	if p.space(); p.take('}') {
		return p.closeObject(l, v, start)
	}
	for n := 0; ; n++ {
		p.space()
		key, ok := p.key()
		if p.space(); !ok || !p.take(':') || depth == maxNesting {
			return invalid
		}
		p.space()
		var r result
		if m := p.member(l, key, n); m != nil {
			valueAt := p.at
			if r = p.value(m.layout, m.of(v), depth+1); r == absent && m.needed {
				p.checkBlank(m, p.b[valueAt:p.at])
			}
		} else {
			r = p.skip(depth + 1)
		}
		if p.space(); r == invalid {
			return invalid
		}
		if !p.take(',') {
			if !p.take('}') {
				return invalid
			}
			return p.closeObject(l, v, start)
		}
	}
}

// checkBlank notes a needed member whose value does not fit and is not empty.
func (p *parser) checkBlank(m *member, raw []byte) {
	switch string(raw) {
	case "null", "false", "0", `""`, "{}", "[]":
		return
	}
	if p.misfit == nil {
		p.misfit = &TypeError{m.name, m.layout.want(), nameOf(raw[0])}
	}
}

// closeObject ends an object that began at start.
func (p *parser) closeObject(l *layout, v reflect.Value, start int) result {
	if l.source != nil {
		l.source.of(v).SetBytes(p.b[start:p.at:p.at])
	}
	return fits
}

// key reads a key of an object. It is valid until the next use of the text.
func (p *parser) key() (key []byte, ok bool) {
	raw, verbatim, ok := p.quoted()
	if ok && !verbatim {
		raw = p.text.unescape(raw)
	}
	return raw, ok
}

// list decodes a list into a slice.
func (p *parser) list(l *layout, v reflect.Value, depth int) result {
	p.at++
	if p.space(); p.take(']') {
		return fits
	}
	if s := p.reuse(l); s != nil {
		if !s.value.IsValid() {
			s.value = reflect.MakeSlice(l.typ, 1, 1)
		}
		v.Set(s.value)
	}
	v.SetLen(0)
	for n := 0; ; {
		p.space()
		first, elemAt := p.peek(), p.at
		if v.Cap() == n && !p.grant(l.elem.typ, max(n, 1)) { // it doubles at most
			return p.skipRest(depth)
		}
		v.Grow(1)
		v.SetLen(n + 1)
		elem := v.Index(n)
		elem.SetZero()
		if depth == maxNesting {
			return invalid
		}
		switch r := p.value(l.elem, elem, depth+1); {
		case r == invalid:
			return invalid
		case r == fits || first == 'n':
			n++
		default:
			v.SetLen(n)
			if l.element != nil && (!l.lax || first == '"' || first == '[' || first == '{') {
				p.checkBlank(l.element, p.b[elemAt:p.at])
			}
		}
		if p.space(); !p.take(',') {
			if !p.take(']') {
				return invalid
			}
			return fits
		}
	}
}

// skipRest steps over the rest of a list, from an element on.
func (p *parser) skipRest(depth int) result {
	for depth < maxNesting {
		p.space()
		if p.skip(depth+1) == invalid {
			return invalid
		}
		if p.space(); !p.take(',') {
			if !p.take(']') {
				return invalid
			}
			return fits
		}
	}
	return invalid
}

func (p *parser) string(v reflect.Value) result {
	raw, verbatim, ok := p.quoted()
	switch {
	case !ok:
		return invalid
	case !verbatim:
		raw = p.text.unescape(raw)
	}
	v.SetString(p.text.Add(raw))
	return fits
}

// textOr decodes into a [TextOr].
func (p *parser) textOr(l *layout, v reflect.Value, depth int) result {
	if p.peek() == '"' {
		return p.string(v.Field(0))
	}
	start := p.at
	r := p.value(l.elem, v.Field(1), depth)
	if r == absent {
		v.Field(2).SetBytes(append([]byte(nil), p.b[start:p.at]...))
		return fits
	}
	return r
}

// custom decodes a value by its UnmarshalJSON method, or by encoding/json where the type
// is an interface or a map.
func (p *parser) custom(v reflect.Value, depth int) result {
	start := p.at
	if p.skip(depth) == invalid {
		return invalid
	}
	var err error
	switch to := v.Addr().Interface().(type) {
	case json.Unmarshaler:
		err = to.UnmarshalJSON(p.b[start:p.at:p.at])
	default:
		err = json.Unmarshal(p.b[start:p.at], to)
	}
	if err != nil {
		v.SetZero()
		return absent
	}
	return fits
}

// quoted reads a string and returns it as written, without its quotes. It is verbatim if
// this is also its decoded form.
func (p *parser) quoted() (raw []byte, verbatim, ok bool) {
	if p.peek() != '"' {
		return nil, false, false
	}
	n, verbatim, ascii := scanString(p.b[p.at+1:])
	if n < 0 {
		return nil, false, false
	}
	raw = p.b[p.at+1 : p.at+1+n]
	p.at += n + 2
	return raw, verbatim && (ascii || utf8.Valid(raw)), true
}

// skip steps over the value at hand, and checks that it is valid JSON.
func (p *parser) skip(depth int) result {
	ok := false
	switch c := p.peek(); c {
	case '"':
		n, _, _ := scanString(p.b[p.at+1:])
		ok = n >= 0
		p.at += n + 2
	case '{', '[':
		ok = p.skipMembers(c == '{', depth)
	case 'n':
		ok = p.takeText("null")
	case 't':
		ok = p.takeText("true")
	case 'f':
		ok = p.takeText("false")
	default:
		n := scanNumber(p.b[p.at:])
		ok = n > 0
		p.at += n
	}
	if !ok {
		return invalid
	}
	return absent
}

// skipMembers steps over an object or a list.
func (p *parser) skipMembers(isObject bool, depth int) bool {
	end := byte(']')
	if isObject {
		end = '}'
	}
	p.at++
	if p.space(); p.take(end) {
		return true
	}
	for depth < maxNesting {
		if p.space(); isObject {
			_, _, ok := p.quoted()
			if p.space(); !ok || !p.take(':') {
				return false
			}
			p.space()
		}
		if p.skip(depth+1) == invalid {
			return false
		}
		if p.space(); !p.take(',') {
			return p.take(end)
		}
	}
	return false
}

// space skips white space.
func (p *parser) space() {
	for p.at < len(p.b) && p.b[p.at] <= ' ' && isSpace(p.b[p.at]) {
		p.at++
	}
}

// peek returns the next byte; 0 at the end.
func (p *parser) peek() byte {
	if p.at >= len(p.b) {
		return 0
	}
	return p.b[p.at]
}

// take steps over c, and reports whether it was there.
func (p *parser) take(c byte) bool {
	if p.at >= len(p.b) || p.b[p.at] != c {
		return false
	}
	p.at++
	return true
}

// takeText steps over s, and reports whether it was there.
func (p *parser) takeText(s string) bool {
	if len(p.b)-p.at < len(s) || string(p.b[p.at:p.at+len(s)]) != s {
		return false
	}
	p.at += len(s)
	return true
}
