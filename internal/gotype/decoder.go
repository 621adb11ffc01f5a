package gotype

import (
	"fmt"
	"reflect"
	"strings"
)

// Decoder fills a Go value with JSON that arrives in pieces. Each byte is read once.
//
// After each piece, the value is a prefix of the final one: strings grow by whole
// characters, and lists by elements. Numbers, booleans, times, enums, texts with a pattern or
// a format, values that encoding/json decodes, and entries of maps appear when they are
// complete. Later pieces do not change what has appeared.
//
// A Decoder is for one value and not safe for concurrent use.
type Decoder struct {
	state  state
	stack  []frame
	offset int // bytes before the current piece
	failed error
	wrong  error // the first value of a wrong type

	root reflect.Value
	plan *plan

	text    strings.Builder // the current growing string
	grows   reflect.Value   // the place of the current growing string
	isKey   bool            // the current string is a key
	scratch []byte          // a key, number, literal or complete string
	escape  []byte          // the digits of an escape
	high    rune            // the first half of a surrogate pair, or 0

	raw      []byte // the text of a value that encoding/json decodes
	rawDepth int    // the depth at which it began, plus 1, or 0
	rawFrom  int    // its start in the current piece
}

// state is the position in the grammar of JSON.
type state uint8

const (
	beforeValue state = iota
	beforeFirstItem
	beforeFirstKey
	beforeKey
	beforeColon
	afterValue
	inString
	inEscape
	inUnicode
	inNumber
	inLiteral
)

// frame is an object or an array that is open.
type frame struct {
	plan  *plan
	place reflect.Value // the struct, slice, array or map
	list  bool
	n     int        // items so far
	field *fieldPlan // the current member of a struct
	key   reflect.Value
	entry reflect.Value // the current value of a map
	seen  []bool        // the fields of a struct with defaults that have values
}

const maxDepth = 500

// NewDecoder returns a decoder that fills the value that target points to. The type must
// have a [Schema].
func NewDecoder(target any) *Decoder {
	v := reflect.ValueOf(target).Elem()
	return &Decoder{root: v, plan: planOf(v.Type(), false)}
}

// Decode fills the value that target points to with one JSON text.
func Decode(text string, target any) error {
	d := NewDecoder(target)
	if err := d.Write(text); err != nil {
		return err
	}
	return d.Close()
}

// Write reads a piece. The error is about the syntax, and Write returns it again afterwards.
func (d *Decoder) Write(piece string) error {
	if d.failed != nil {
		return d.failed
	}
	d.rawFrom = 0
	for i := 0; i < len(piece); {
		next := d.step(piece, i)
		if d.failed != nil {
			return d.failed
		}
		i = next
	}
	if d.rawDepth > 0 {
		d.raw = append(d.raw, piece[d.rawFrom:]...)
	}
	d.publish(false)
	d.offset += len(piece)
	return nil
}

// Close returns an error if the text is incomplete, or if a value has a type that its place
// does not accept.
func (d *Decoder) Close() error {
	switch {
	case d.failed != nil:
		return d.failed
	case d.state == inNumber && len(d.stack) == 0:
		d.endNumber()
		d.endRaw("", 0)
	}
	if d.failed == nil && !(d.state == afterValue && len(d.stack) == 0) {
		d.failed = fmt.Errorf("the JSON ends too early, after %d bytes", d.offset)
	}
	if d.failed != nil {
		return d.failed
	}
	return d.wrong
}

// Complete reports whether a whole value has been read. A number at the top is complete only
// after Close.
func (d *Decoder) Complete() bool { return d.state == afterValue && len(d.stack) == 0 }

func (d *Decoder) syntax(at int, format string, args ...any) int {
	d.failed = fmt.Errorf("at byte %d of the JSON: %s", d.offset+at, fmt.Sprintf(format, args...))
	return at
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

// step reads at least one byte of piece at i and returns the next position.
func (d *Decoder) step(piece string, i int) int {
	c := piece[i]
	switch d.state {
	case inString:
		return d.readString(piece, i)
	case inEscape:
		return d.readEscape(piece, i)
	case inUnicode:
		return d.readUnicode(piece, i)
	case inNumber:
		for i < len(piece) && strings.IndexByte("0123456789+-.eE", piece[i]) >= 0 {
			d.scratch = append(d.scratch, piece[i])
			i++
		}
		if i < len(piece) {
			d.endNumber()
			d.endRaw(piece, i)
		}
		return i
	case inLiteral:
		if c < 'a' || c > 'z' {
			return d.syntax(i, "unexpected %q", c)
		}
		d.scratch = append(d.scratch, c)
		d.tryLiteral(piece, i)
		return i + 1
	}
	if isSpace(c) {
		return i + 1
	}
	switch d.state {
	case beforeFirstItem:
		if c == ']' {
			return d.closeFrame(piece, i)
		}
		return d.startValue(piece, i)
	case beforeValue:
		return d.startValue(piece, i)
	case beforeFirstKey, beforeKey:
		if c == '}' && d.state == beforeFirstKey {
			return d.closeFrame(piece, i)
		}
		if c != '"' {
			return d.syntax(i, "expected a key, not %q", c)
		}
		d.state, d.isKey, d.scratch = inString, true, d.scratch[:0]
		return i + 1
	case beforeColon:
		if c != ':' {
			return d.syntax(i, "expected a colon, not %q", c)
		}
		d.state = beforeValue
		return i + 1
	}
	return d.afterValue(piece, i)
}

func (d *Decoder) afterValue(piece string, i int) int {
	c := piece[i]
	if len(d.stack) == 0 {
		return d.syntax(i, "unexpected %q after the value", c)
	}
	top := &d.stack[len(d.stack)-1]
	switch {
	case c == ',' && top.list:
		d.state = beforeValue
	case c == ',':
		d.state = beforeKey
	case c == ']' && top.list, c == '}' && !top.list:
		return d.closeFrame(piece, i)
	default:
		return d.syntax(i, "expected a comma or the end, not %q", c)
	}
	return i + 1
}

// current returns the plan of the value that comes next.
func (d *Decoder) current() *plan {
	if len(d.stack) == 0 {
		return d.plan
	}
	top := &d.stack[len(d.stack)-1]
	switch {
	case top.plan.form == formStruct && top.field != nil:
		return top.field.plan
	case top.plan.form == formSlice, top.plan.form == formMap && top.key.IsValid(),
		top.plan.form == formArray && top.n < top.place.Len():
		return top.plan.elem
	}
	return skipped
}

// startValue reads the first byte of a value.
func (d *Decoder) startValue(piece string, i int) int {
	p := d.current()
	if d.rawDepth == 0 && (p.form == formRaw || p.form == formQuoted || p.form == formDuration) {
		d.raw, d.rawDepth, d.rawFrom = d.raw[:0], len(d.stack)+1, i
	}
	switch c := piece[i]; {
	case c == '"':
		d.state, d.isKey, d.scratch, d.grows = inString, false, d.scratch[:0], reflect.Value{}
		if p.form == formText && d.rawDepth == 0 {
			d.text.Reset()
			d.grows = d.place()
		}
	case c == '{', c == '[':
		return d.openFrame(p, i, c == '[')
	case c == '-', '0' <= c && c <= '9':
		d.state, d.scratch = inNumber, append(d.scratch[:0], c)
	case c == 't', c == 'f', c == 'n':
		d.state, d.scratch = inLiteral, append(d.scratch[:0], c)
	default:
		return d.syntax(i, "expected a value, not %q", c)
	}
	return i + 1
}

// openFrame starts an object or an array.
func (d *Decoder) openFrame(p *plan, i int, list bool) int {
	if len(d.stack) >= maxDepth {
		return d.syntax(i, "nested more than %d levels deep", maxDepth)
	}
	f := frame{plan: skipped, list: list}
	fits := list && (p.form == formSlice || p.form == formArray) || !list && (p.form == formStruct || p.form == formMap)
	switch {
	case d.rawDepth > 0:
	case fits:
		f.plan, f.place = p, d.place()
		switch {
		case p.form == formMap:
			f.place.Set(reflect.MakeMap(p.typ))
		case p.form == formSlice:
			f.place.Set(reflect.MakeSlice(p.typ, 0, 0))
		case len(p.defaults) > 0:
			f.seen = make([]bool, p.numbers)
		}
	default:
		d.mismatch(p, map[bool]string{true: "an array", false: "an object"}[list])
	}
	d.stack = append(d.stack, f)
	d.state = beforeFirstKey
	if list {
		d.state = beforeFirstItem
	}
	return i + 1
}

// closeFrame ends an object or an array.
func (d *Decoder) closeFrame(piece string, i int) int {
	last := len(d.stack) - 1
	f := &d.stack[last]
	if f.seen != nil {
		for _, field := range f.plan.defaults {
			if !f.seen[field.number] {
				d.setDefault(f, field)
			}
		}
	}
	d.stack = d.stack[:last]
	d.endValue()
	d.endRaw(piece, i+1)
	return i + 1
}

// place returns the place of the value that starts or, if it appears when it is complete,
// has ended. It makes the place: an element of a slice, an entry of a map, a pointer.
func (d *Decoder) place() reflect.Value {
	var v reflect.Value
	p := d.plan
	if len(d.stack) == 0 {
		v = d.root
	} else {
		top := &d.stack[len(d.stack)-1]
		p = d.current()
		switch top.plan.form {
		case formStruct:
			v = fieldAt(top.place, top.field.index)
			if top.seen != nil {
				top.seen[top.field.number] = true
			}
		case formSlice:
			if top.place.Len() == top.place.Cap() {
				top.place.Grow(1)
			}
			top.place.SetLen(top.place.Len() + 1)
			v = top.place.Index(top.place.Len() - 1)
			v.SetZero()
		case formArray:
			v = top.place.Index(top.n)
		case formMap:
			v = reflect.New(top.plan.typ.Elem()).Elem()
			top.entry = v
		}
	}
	for range p.pointers {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	return v
}

// fieldAt returns a field, and allocates the embedded pointers on the way.
func fieldAt(v reflect.Value, index []int) reflect.Value {
	for i, n := range index {
		if i > 0 && v.Kind() == reflect.Pointer {
			if v.IsNil() {
				v.Set(reflect.New(v.Type().Elem()))
			}
			v = v.Elem()
		}
		v = v.Field(n)
	}
	return v
}

// endValue moves on after a value.
func (d *Decoder) endValue() {
	d.state = afterValue
	if len(d.stack) == 0 {
		return
	}
	top := &d.stack[len(d.stack)-1]
	if top.entry.IsValid() {
		if d.rawDepth == 0 {
			top.place.SetMapIndex(top.key, top.entry)
			top.entry = reflect.Value{}
		}
	}
	top.n++
}

// endKey chooses the place of the next value.
func (d *Decoder) endKey() {
	d.state = beforeColon
	top := &d.stack[len(d.stack)-1]
	switch top.plan.form {
	case formStruct:
		top.field = top.plan.fields[string(d.scratch)]
	case formMap:
		key, err := mapKey(top.plan.typ.Key(), string(d.scratch))
		top.key = key
		if err != nil && d.wrong == nil {
			d.wrong = fmt.Errorf("%s: the key %q is no %s", d.path(), d.scratch, top.plan.typ.Key())
		}
	}
}
