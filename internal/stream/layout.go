package stream

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"unicode/utf8"
)

// layout is a Go type as a [Decoder] sees it. It is made once for each type and never
// changed.
type layout struct {
	kind        kind
	typ         reflect.Type
	unmarshaler bool    // of a string type: UnmarshalJSON takes the other forms
	elem        *layout // of a pointer, a slice, or the Value of a TextOr

	// slot is the place among the reused values of a pointer or a slice, and among the orders
	// of a struct; see FrameDecoder.
	slot int

	// Of a slice whose elements are needed: an element that does not fit is an error. If
	// lax, numbers and booleans are left out.
	element *member
	lax     bool

	// Of a struct:
	members []member
	table   [tableSize]*member // by the hash of the name
	source  *member            // the field of type Source, or nil
}

// tableSize is the size of the hash table of members, a power of two.
const tableSize = 32

// hash returns the place of a key in the hash table of members. The key is not empty.
func hash(key []byte) int {
	n := len(key)
	return (n + int(key[0])<<1 + int(key[n-1])<<2 + int(key[n/2])) % tableSize
}

type kind uint8

const (
	pointerKind kind = iota
	structKind
	sliceKind
	stringKind
	textOrKind
	customKind // UnmarshalJSON, or encoding/json, decodes it
	intKind
	uintKind
	floatKind
	boolKind
	bytesKind // base64
)

// member is a struct field with its key.
type member struct {
	next   *member // of the same hash
	name   string
	index  []int // more than one for a field of an embedded struct
	layout *layout
	needed bool // a value that does not fit is an error
}

// of returns the field's value in a struct.
func (m *member) of(v reflect.Value) reflect.Value {
	for _, i := range m.index {
		v = v.Field(i)
	}
	return v
}

// member returns the field for a key: that of the same name, or the first one whose name
// differs only in case, as encoding/json does. It returns nil if there is none.
func (l *layout) member(key []byte) *member {
	if len(key) == 0 {
		return nil
	}
	for m := l.table[hash(key)]; m != nil; m = m.next {
		if m.name == string(key) {
			return m
		}
	}
	for _, c := range key {
		if c >= 'A' && c <= 'Z' || c >= utf8.RuneSelf {
			return l.foldedMember(key)
		}
	}
	return nil
}

func (l *layout) foldedMember(key []byte) *member {
	for i := range l.members {
		if m := &l.members[i]; strings.EqualFold(m.name, string(key)) {
			return m
		}
	}
	return nil
}

// want names the JSON values that fit the type.
func (l *layout) want() string {
	switch l.kind {
	case pointerKind:
		return l.elem.want()
	case structKind:
		return "an object"
	case sliceKind:
		return "an array"
	case stringKind, bytesKind:
		return "a string"
	case boolKind:
		return "a boolean"
	case intKind, uintKind, floatKind:
		return "a number"
	}
	return "another value"
}

// layouts makes the layouts of a type and of the types in it.
type layouts struct {
	structs map[reflect.Type]*layout // made so far: a type can refer to itself
	slots   int
}

var (
	unmarshalerType = reflect.TypeFor[json.Unmarshaler]()
	textOrType      = reflect.TypeFor[interface{ isTextOr() }]()
	sourceType      = reflect.TypeFor[Source]()
)

// of returns the layout of a type.
func (ls *layouts) of(t reflect.Type) *layout {
	if l := ls.structs[t]; l != nil {
		return l
	}
	l := &layout{typ: t, unmarshaler: reflect.PointerTo(t).Implements(unmarshalerType)}
	switch kind := t.Kind(); {
	case reflect.PointerTo(t).Implements(textOrType):
		l.kind = textOrKind
		ls.structs[t] = l
		l.elem = ls.of(t.Field(1).Type)
	case kind == reflect.Pointer:
		l.kind, l.slot = pointerKind, ls.newSlot()
		l.elem = ls.of(t.Elem())
	case kind == reflect.String:
		l.kind = stringKind
	case l.unmarshaler, kind == reflect.Map, kind == reflect.Interface:
		l.kind = customKind
	case kind == reflect.Struct:
		l.kind, l.slot = structKind, ls.newSlot()
		ls.structs[t] = l
		ls.addMembers(l, t, nil)
		for i := range l.members {
			m := &l.members[i]
			at := &l.table[hash([]byte(m.name))]
			m.next, *at = *at, m
		}
	case kind == reflect.Slice && t.Elem().Kind() == reflect.Uint8:
		l.kind = bytesKind
	case kind == reflect.Slice:
		l.kind, l.slot = sliceKind, ls.newSlot()
		l.elem = ls.of(t.Elem())
	default:
		l.kind = scalarKind(t)
	}
	return l
}

func (ls *layouts) newSlot() int {
	ls.slots++
	return ls.slots - 1
}

// scalarKind returns the kind of a type that holds a number or a boolean.
func scalarKind(t reflect.Type) kind {
	switch t.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return intKind
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return uintKind
	case reflect.Float32, reflect.Float64:
		return floatKind
	case reflect.Bool:
		return boolKind
	}
	panic(fmt.Sprintf("stream: no JSON value fits the type %v", t))
}

// addMembers adds the fields of the struct type t, which is found at index in the struct
// of the layout. Only fields with a json tag count; embedded structs need none.
func (ls *layouts) addMembers(l *layout, t reflect.Type, index []int) {
	for i := range t.NumField() {
		f := t.Field(i)
		at := append(index[:len(index):len(index)], i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Type == sourceType:
			l.source = &member{index: at}
		case f.Anonymous && name == "":
			ls.addMembers(l, f.Type, at)
		case name != "" && name != "-":
			m := member{name: name, index: at, layout: ls.of(f.Type)}
			need, elements, _ := strings.Cut(f.Tag.Get("stream"), ",")
			m.needed = need == "needed"
			if elements != "" { // no other field has this layout
				m.layout.element = &member{name: "an element of " + name, layout: m.layout.elem}
				m.layout.lax = elements == "objects"
			}
			l.members = append(l.members, m)
		}
	}
}
