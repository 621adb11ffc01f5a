package growthtest

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// variant is one way to make a reply large.
type variant struct {
	name   string
	reply  func(n int) string // with a member of about n bytes
	frames func(i int) string // or the frames of a stream
}

func (v variant) String() string { return v.name }

// longText is the text that "TEXT" in a reply is replaced with, if the size of the reply is n.
func longText(n int) string { return strings.Repeat("a", n/4) }

// variants returns the replies of the operation.
func (op *Operation) variants(t *testing.T) (all []variant) {
	var base any
	if err := json.Unmarshal([]byte(op.Reply), &base); err != nil {
		t.Fatalf("Operation.Reply: %v", err)
	}
	put := func(path []string, value json.RawMessage, text string) string {
		text, _ = strings.CutSuffix(strings.TrimPrefix(string(raw(text)), `"`), `"`)
		return strings.Replace(string(raw(with(base, path, value))), "TEXT", text, 1)
	}
	members := membersOf(op.Wire, nil, nil)
	places := map[reflect.Type]string{} // the first place of each struct, if possible in the valid reply
	for _, inReply := range []bool{true, false} {
		for _, m := range members {
			if _, known := places[m.of]; !known && (!inReply || at(base, m.path[:m.depth]) != nil) {
				places[m.of] = strings.Join(m.path[:m.depth], ".")
			}
		}
	}
	for _, m := range members {
		if places[m.of] != strings.Join(m.path[:m.depth], ".") && !exhaustive() {
			continue
		}
		path := m.path
		forms := m.forms(at(base, path))
		for _, name := range slices.Sorted(maps.Keys(forms)) {
			grow := forms[name]
			name := strings.Join(path, ".") + ": " + name
			all = append(all, variant{name: name, reply: func(n int) string { return put(path, grow(n), longText(n)) }})
		}
		if op.Frame != nil {
			forms := m.small(at(base, path))
			for _, name := range slices.Sorted(maps.Keys(forms)) {
				small := forms[name]
				name := strings.Join(path, ".") + ": frames with " + name
				before, after, _ := strings.Cut(put(path, json.RawMessage(`"@@"`), "ab"), `"@@"`)
				all = append(all, variant{name: name, frames: func(i int) string { return before + string(small(i)) + after }})
			}
		}
	}
	return all
}

// element is the step of a path to the first element of a list, and anyKey the one to a
// value of a map.
const (
	element = "[]"
	anyKey  = "{}"
)

// at returns the value at the path, or nil.
func at(doc any, path []string) any {
	for _, step := range path {
		switch d := doc.(type) {
		case map[string]any:
			doc = d[step]
		case []any:
			if step != element || len(d) == 0 {
				return nil
			}
			doc = d[0]
		default:
			return nil
		}
	}
	return doc
}

// with returns a copy of the document with the value at the path.
func with(doc any, path []string, value json.RawMessage) any {
	if len(path) == 0 {
		return value
	}
	step, rest := path[0], path[1:]
	if step == element {
		list, _ := doc.([]any)
		copied := append([]any{}, list...)
		if len(copied) == 0 {
			copied = []any{nil}
		}
		copied[0] = with(copied[0], rest, value)
		return copied
	}
	object, _ := doc.(map[string]any)
	copied := map[string]any{}
	for k, v := range object {
		copied[k] = v
	}
	copied[step] = with(copied[step], rest, value)
	return copied
}

// member is a member of a wire struct that a server can make large.
type member struct {
	path  []string
	typ   reflect.Type // nil for any JSON
	of    reflect.Type // the struct that has the member
	depth int          // the number of steps to that struct
}

var unmarshaler = reflect.TypeFor[json.Unmarshaler]()

// parents are the structs around a member.
type parents []reflect.Type

// enter adds a type. It reports false if the type is recursive and has been entered.
func (p parents) enter(t reflect.Type) (parents, bool) {
	return append(slices.Clip(p), t), !slices.Contains(p, t)
}

// membersOf returns all members of a type, which is at the path.
func membersOf(t reflect.Type, path []string, in parents) (all []member) {
	path = append([]string(nil), path...)
	own := func(typ reflect.Type) { all = append(all, member{path: path, typ: typ}) }
	switch {
	case t == reflect.TypeFor[json.RawMessage]() || t.Kind() == reflect.Interface:
		own(nil)
		return all
	case t.Kind() != reflect.Pointer && reflect.PointerTo(t).Implements(unmarshaler) && len(path) > 0:
		own(nil) // and the members of its usual form
	}
	switch t.Kind() {
	case reflect.Pointer:
		return append(all, membersOf(t.Elem(), path, in)...)
	case reflect.Struct:
		in, ok := in.enter(t)
		if !ok {
			return all
		}
		for f := range fields(t) {
			for _, m := range membersOf(f.typ, append(path, f.path...), in) {
				if m.of == nil {
					m.of, m.depth = t, len(path)
				}
				all = append(all, m)
			}
		}
	case reflect.Slice:
		own(t)
		if t.Elem().Kind() != reflect.Uint8 {
			all = append(all, membersOf(t.Elem(), append(path, element), in)...)
		}
	case reflect.Map:
		own(t)
		all = append(all, membersOf(t.Elem(), append(path, anyKey), in)...)
	case reflect.Bool:
	default:
		own(t)
	}
	return all
}

// field is a member of an object.
type field struct {
	path []string // the name, or nothing for an embedded struct
	typ  reflect.Type
}

// fields returns the members of a struct. A field with another form of the same value, such
// as that of a stream.TextOr, has no name.
func fields(t reflect.Type) func(yield func(field) bool) {
	return func(yield func(field) bool) {
		for i := range t.NumField() {
			f := t.Field(i)
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			switch {
			case name == "-" || f.Type.Name() == "Source":
			case name != "":
				if !yield(field{[]string{name}, f.Type}) {
					return
				}
			case f.Anonymous || f.Name == "Value" || !f.IsExported():
				if k := f.Type.Kind(); k == reflect.Struct || k == reflect.Slice {
					if !yield(field{nil, f.Type}) {
						return
					}
				}
			}
		}
	}
}

// forms returns the functions that make the member's value, of about n bytes. The value of
// the valid reply is given.
func (m member) forms(valid any) map[string]func(n int) json.RawMessage {
	forms := map[string]func(n int) json.RawMessage{}
	list := func(name string, item func(i int) string) {
		forms["list of "+name] = func(n int) json.RawMessage { return listOf(n, item) }
	}
	if elements, ok := valid.([]any); ok && len(elements) > 0 {
		item := string(raw(elements[0]))
		list("valid elements", func(int) string { return item })
	}
	if m.typ == nil || m.typ.Kind() == reflect.String || m.typ == reflect.TypeFor[[]byte]() {
		forms["long string"] = func(n int) json.RawMessage { return raw(strings.Repeat("a", n)) }
		forms["escapes"] = func(n int) json.RawMessage { return json.RawMessage(`"` + strings.Repeat(`\"`, n/2) + `"`) }
		forms["code points"] = func(n int) json.RawMessage { return json.RawMessage(`"` + strings.Repeat(`\ud83d\ude00`, n/12) + `"`) }
	}
	if m.typ == nil {
		forms["keys"] = func(n int) json.RawMessage { return keys(n, "1") }
		forms["nesting"] = func(n int) json.RawMessage {
			n = min(n/2, 5000)
			return json.RawMessage(strings.Repeat("[", n) + strings.Repeat("]", n))
		}
		list("objects", func(int) string { return `{}` })
		list("numbers", func(int) string { return `1` })
		list("strings", func(i int) string { return fmt.Sprintf(`"s%d"`, i) })
		return forms
	}
	switch m.typ.Kind() {
	case reflect.Int, reflect.Int64, reflect.Float64, reflect.Float32:
		forms["digits"] = func(n int) json.RawMessage { return json.RawMessage(strings.Repeat("1", n)) }
		forms["decimals"] = func(n int) json.RawMessage { return json.RawMessage("0." + strings.Repeat("1", n)) }
	case reflect.Map:
		forms["keys"] = func(n int) json.RawMessage { return keys(n, string(filled(m.typ.Elem(), 1, everything))) }
	case reflect.Slice:
		elem := m.typ.Elem()
		if elem.Kind() == reflect.Struct {
			list("{}", func(int) string { return `{}` })
		}
		empty := string(filled(elem, 0, nothing))
		list("empty elements", func(int) string { return empty })
		equal := string(filled(elem, 1, everything))
		list("equal elements", func(int) string { return equal })
		list("different elements", numbered(elem, everything))
		for _, only := range membersOf(elem, nil, nil) {
			if isNumber(only.typ) && len(only.path) > 1 {
				continue // only the numbers of the element itself, such as its index, have an influence
			}
			if len(only.path) > 0 && !strings.Contains(strings.Join(only.path, ""), element) {
				name := strings.Join(only.path, ".")
				list("elements with "+name, numbered(elem, func(path string) bool { return path == name }))
			}
		}
	}
	return forms
}

// small returns the functions that make a small value for each frame of a stream.
func (m member) small(valid any) map[string]func(i int) json.RawMessage {
	forms := map[string]func(i int) json.RawMessage{}
	if valid != nil {
		value := raw(valid)
		forms["its valid value"] = func(int) json.RawMessage { return value }
	}
	if m.typ == nil {
		forms["a string"] = func(i int) json.RawMessage { return raw(fmt.Sprintf("s%d", i)) }
		forms["an object"] = func(i int) json.RawMessage { return json.RawMessage(fmt.Sprintf(`{"k":%d}`, i)) }
		return forms
	}
	item := numbered(m.typ, everything)
	forms["a different value"] = func(i int) json.RawMessage { return json.RawMessage(item(i)) }
	return forms
}

// listOf returns a list of about n bytes.
func listOf(n int, item func(i int) string) json.RawMessage {
	var b strings.Builder
	b.WriteByte('[')
	for i := 0; b.Len() < n; i++ {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(item(i))
	}
	b.WriteByte(']')
	return json.RawMessage(b.String())
}

// keys returns an object of about n bytes.
func keys(n int, value string) json.RawMessage {
	var b strings.Builder
	b.WriteByte('{')
	for i := 0; b.Len() < n; i++ {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `"k%d":%s`, i, value)
	}
	b.WriteByte('}')
	return json.RawMessage(b.String())
}

// numbered returns a function that makes the same value as filled for each number.
func numbered(t reflect.Type, set func(path string) bool) func(i int) string {
	const number = 123456789
	pieces := strings.Split(string(filled(t, number, set)), strconv.Itoa(number))
	return func(i int) string { return strings.Join(pieces, strconv.Itoa(i)) }
}

func everything(string) bool { return true }
func nothing(string) bool    { return false }

// filled returns a value of a type in JSON. Members whose path is in the set get a value that
// depends on i; numbers are 0 otherwise, and all else is left out.
func filled(t reflect.Type, i int, set func(path string) bool) json.RawMessage {
	value := fill(t, i, "", nil, set)
	if value == nil {
		value = zero(t)
	}
	return raw(value)
}

func zero(t reflect.Type) any {
	switch t.Kind() {
	case reflect.Slice:
		return []any{}
	case reflect.String:
		return ""
	case reflect.Int, reflect.Int64, reflect.Float64, reflect.Float32:
		return 0
	}
	return map[string]any{}
}

func isNumber(t reflect.Type) bool {
	return t != nil && t.Kind() >= reflect.Int && t.Kind() <= reflect.Float64
}

func fill(t reflect.Type, i int, path string, in parents, set func(path string) bool) any {
	if t.Kind() == reflect.Struct {
		var ok bool
		if in, ok = in.enter(t); !ok {
			return nil
		}
	}
	isAny := t == reflect.TypeFor[json.RawMessage]() || t == reflect.TypeFor[[]byte]() || t.Kind() == reflect.Interface
	switch kind := t.Kind(); {
	case isAny || kind == reflect.String || t.PkgPath() == "time":
		if set(path) {
			return fmt.Sprintf("name of the element %d", i)
		}
	case kind == reflect.Pointer:
		return fill(t.Elem(), i, path, in, set)
	case kind == reflect.Struct:
		object := map[string]any{}
		for f := range fields(t) {
			if len(f.path) == 0 {
				if inner, ok := fill(f.typ, i, path, in, set).(map[string]any); ok {
					for k, v := range inner {
						object[k] = v
					}
				}
				continue
			}
			inner := strings.TrimPrefix(path+"."+f.path[0], ".")
			if value := fill(f.typ, i, inner, in, set); value != nil {
				object[f.path[0]] = value
			}
		}
		if len(object) > 0 {
			return object
		}
	case kind == reflect.Slice && set(path):
		if value := fill(t.Elem(), i, path, in, set); value != nil {
			return []any{value}
		}
	case kind == reflect.Bool && set(path):
		return true
	case isNumber(t):
		if set(path) {
			return i
		}
		if !set("") { // every member alone gets the number 0 beside it
			return 0
		}
	}
	return nil
}
