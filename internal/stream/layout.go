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

	// Of a struct:
	members []member
	byName  map[string]*member
	source  *member // the field of type Source, or nil
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
	if m := l.byName[string(key)]; m != nil {
		return m
	}
	for i, c := range key {
		if c >= 'A' && c <= 'Z' || c >= utf8.RuneSelf {
			return l.foldedMember(key)
		}
		if i == len(key)-1 {
			return nil
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

// layouts are the layouts made so far, for types that refer to themselves.
type layouts map[reflect.Type]*layout

var (
	unmarshalerType = reflect.TypeFor[json.Unmarshaler]()
	textOrType      = reflect.TypeFor[interface{ isTextOr() }]()
	sourceType      = reflect.TypeFor[Source]()
)

// of returns the layout of a type.
func (ls layouts) of(t reflect.Type) *layout {
	if l := ls[t]; l != nil {
		return l
	}
	l := &layout{typ: t, unmarshaler: reflect.PointerTo(t).Implements(unmarshalerType)}
	ls[t] = l
	switch kind := t.Kind(); {
	case reflect.PointerTo(t).Implements(textOrType):
		l.kind, l.elem = textOrKind, ls.of(t.Field(1).Type)
	case kind == reflect.Pointer:
		l.kind, l.elem = pointerKind, ls.of(t.Elem())
	case kind == reflect.String:
		l.kind = stringKind
	case l.unmarshaler, kind == reflect.Map, kind == reflect.Interface:
		l.kind = customKind
	case kind == reflect.Struct:
		l.kind = structKind
		ls.addFields(l, t, nil)
		l.byName = make(map[string]*member, len(l.members))
		for i := range l.members {
			l.byName[l.members[i].name] = &l.members[i]
		}
	case kind == reflect.Slice && t.Elem().Kind() == reflect.Uint8:
		l.kind = bytesKind
	case kind == reflect.Slice:
		l.kind, l.elem = sliceKind, ls.of(t.Elem())
	default:
		l.kind = scalarKind(t)
	}
	return l
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

// addFields adds the fields of the struct type t, which is found at index in the struct
// of the layout. Only fields with a json tag count; embedded structs need none.
func (ls layouts) addFields(l *layout, t reflect.Type, index []int) {
	for i := range t.NumField() {
		f := t.Field(i)
		at := append(index[:len(index):len(index)], i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Type == sourceType:
			l.source = &member{index: at}
		case f.Anonymous && name == "":
			ls.addFields(l, f.Type, at)
		case name != "" && name != "-":
			l.members = append(l.members, member{name, at, ls.of(f.Type), f.Tag.Get("stream") == "needed"})
		}
	}
}
