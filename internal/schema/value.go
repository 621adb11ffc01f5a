package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// kind is the JSON type of a value.
type kind uint8

const (
	kindNull kind = iota
	kindBool
	kindNumber
	kindString
	kindArray
	kindObject
)

var kindNames = [...]string{"null", "boolean", "number", "string", "array", "object"}

func (k kind) String() string { return kindNames[k] }

// value is a JSON value. It keeps the order of members and the text of numbers.
type value struct {
	kind kind
	text string // the decoded string, the number as written, or "true" or "false"
	list *elements
}

// elements are the items of an array or the members of an object.
type elements struct {
	values   []value
	names    []string       // of members; nil for an array
	index    map[string]int // for objects with more than manyMembers members
	repeated []string       // names that occur more than once
	mark     *mark          // set in translated schemas only
}

const manyMembers = 8

// member returns the first member called name.
func (v *value) member(name string) (*value, bool) {
	if v.list == nil {
		return nil, false
	}
	if v.list.index != nil {
		i, ok := v.list.index[name]
		if !ok {
			return nil, false
		}
		return &v.list.values[i], true
	}
	for i, n := range v.list.names {
		if n == name {
			return &v.list.values[i], true
		}
	}
	return nil, false
}

// add appends a member. It returns v for chaining.
func (v value) add(name string, member value) value {
	v.list.names = append(v.list.names, name)
	v.list.values = append(v.list.values, member)
	if v.list.index != nil {
		v.list.index[name] = len(v.list.values) - 1
	} else {
		v.list.findRepeated()
	}
	return v
}

// addAll appends the members of another object whose names are new.
func (v value) addAll(other *value) value {
	for i, name := range other.list.names {
		if !v.has(name) {
			v = v.add(name, other.list.values[i])
		}
	}
	return v
}

// has reports whether there is a member called name.
func (v *value) has(name string) bool {
	_, ok := v.member(name)
	return ok
}

// remove takes a member out of an object.
func (v *value) remove(name string) {
	for i, n := range v.list.names {
		if n == name {
			v.list.names = append(v.list.names[:i:i], v.list.names[i+1:]...)
			v.list.values = append(v.list.values[:i:i], v.list.values[i+1:]...)
			v.list.findRepeated()
			return
		}
	}
}

// findRepeated fills repeated, and the index of an object with many members.
func (e *elements) findRepeated() {
	e.repeated, e.index = nil, nil
	if len(e.names) > manyMembers {
		e.index = make(map[string]int, len(e.names))
		for i, name := range e.names {
			if _, ok := e.index[name]; ok {
				e.repeated = append(e.repeated, name)
			} else {
				e.index[name] = i
			}
		}
		return
	}
	for i, name := range e.names {
		for _, earlier := range e.names[:i] {
			if name == earlier {
				e.repeated = append(e.repeated, name)
				break
			}
		}
	}
}

func newObject() value              { return value{kind: kindObject, list: &elements{}} }
func newArray(items ...value) value { return value{kind: kindArray, list: &elements{values: items}} }
func newString(text string) value   { return value{kind: kindString, text: text} }
func newBool(b bool) value          { return value{kind: kindBool, text: strconv.FormatBool(b)} }
func newStrings(texts []string) value {
	items := make([]value, len(texts))
	for i, text := range texts {
		items[i] = newString(text)
	}
	return newArray(items...)
}

// appendJSON appends the value as compact JSON.
func (v *value) appendJSON(b []byte) []byte {
	switch v.kind {
	case kindNull:
		return append(b, "null"...)
	case kindBool, kindNumber:
		return append(b, v.text...)
	case kindString:
		return appendString(b, v.text)
	case kindArray:
		b = append(b, '[')
		for i := range v.list.values {
			if i > 0 {
				b = append(b, ',')
			}
			b = v.list.values[i].appendJSON(b)
		}
		return append(b, ']')
	}
	b = append(b, '{')
	for i := range v.list.values {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendString(b, v.list.names[i]), ':')
		b = v.list.values[i].appendJSON(b)
	}
	return append(b, '}')
}

// appendString appends text as a JSON string. HTML characters stay as they are.
func appendString(b []byte, text string) []byte {
	plain := true
	for i := range len(text) {
		if c := text[i]; c < ' ' || c == '"' || c == '\\' || c == 0x7f {
			plain = false
			break
		}
	}
	if plain {
		b = append(b, '"')
		b = append(b, text...)
		return append(b, '"')
	}
	var buf bytes.Buffer
	encoder := json.NewEncoder(&buf)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(text); err != nil { // a string always encodes
		return append(b, `""`...)
	}
	return append(b, bytes.TrimSuffix(buf.Bytes(), []byte("\n"))...)
}

// reader reads values from text that encoding/json has found to be valid JSON.
type reader struct {
	text     string
	pos      int
	depth    int // nesting that is still allowed
	values   int // number of values that are still allowed
	maxDepth int
	maxCount int

	duplicates bool // some object has a key twice
}

// readError is a failed read. path is built while the recursion unwinds.
type readError struct {
	path         string
	problem, fix string
}

// readValue reads data as one JSON value with at most the given nesting and number of
// values. encoding/json decides whether data is valid.
func readValue(data []byte, maxDepth, maxCount int) (value, *readError) {
	v, _, err := readInstance(data, maxDepth, maxCount)
	return v, err
}

// readInstance is readValue, and reports whether any object has a key twice.
func readInstance(data []byte, maxDepth, maxCount int) (value, bool, *readError) {
	if !json.Valid(data) {
		return value{}, false, syntaxError(data)
	}
	if !utf8.Valid(data) {
		return value{}, false, &readError{problem: "text is not valid UTF-8", fix: "encode it as UTF-8"}
	}
	r := &reader{text: string(data), depth: maxDepth, values: maxCount, maxDepth: maxDepth, maxCount: maxCount}
	v, err := r.value()
	return v, r.duplicates, err
}

// syntaxError explains why data is not JSON.
func syntaxError(data []byte) *readError {
	if len(bytes.TrimSpace(data)) == 0 {
		return &readError{problem: "there is no JSON, the text is empty", fix: "write one JSON value"}
	}
	var raw json.RawMessage
	err := json.Unmarshal(data, &raw)
	syntax, ok := errors.AsType[*json.SyntaxError](err)
	if !ok {
		return &readError{problem: fmt.Sprintf("text is not valid JSON (%v)", err), fix: "write one JSON value"}
	}
	if syntax.Offset >= int64(len(data)) && strings.Contains(syntax.Error(), "unexpected end") {
		return &readError{problem: "JSON ends too early, at byte " + strconv.Itoa(len(data)), fix: "complete the value"}
	}
	near := data[max(0, syntax.Offset-20):min(int64(len(data)), syntax.Offset+10)]
	problem := fmt.Sprintf("text is not valid JSON at byte %d, near %q (%v)", syntax.Offset, near, syntax)
	return &readError{problem: problem, fix: "correct the syntax and write nothing but JSON"}
}

func (r *reader) space() {
	for r.pos < len(r.text) {
		switch r.text[r.pos] {
		case ' ', '\t', '\n', '\r':
			r.pos++
		default:
			return
		}
	}
}

func (r *reader) value() (value, *readError) {
	r.space()
	if r.values--; r.values < 0 {
		return value{}, &readError{problem: fmt.Sprintf("there are more than %d values", r.maxCount), fix: "make it smaller"}
	}
	switch r.text[r.pos] {
	case '{', '[':
		return r.elements()
	case '"':
		return value{kind: kindString, text: r.string()}, nil
	case 'n':
		r.pos += len("null")
		return value{}, nil
	case 't':
		r.pos += len("true")
		return value{kind: kindBool, text: "true"}, nil
	case 'f':
		r.pos += len("false")
		return value{kind: kindBool, text: "false"}, nil
	}
	start := r.pos
	for r.pos < len(r.text) && strings.IndexByte("+-.0123456789eE", r.text[r.pos]) >= 0 {
		r.pos++
	}
	return value{kind: kindNumber, text: r.text[start:r.pos]}, nil
}

// elements reads an array or an object.
func (r *reader) elements() (value, *readError) {
	if r.depth--; r.depth < 0 {
		return value{}, &readError{
			problem: fmt.Sprintf("values are nested more than %d levels deep", r.maxDepth), fix: "nest them less",
		}
	}
	defer func() { r.depth++ }()
	v := newArray()
	end := byte(']')
	if r.text[r.pos] == '{' {
		v, end = newObject(), '}'
	}
	r.pos++
	for r.space(); r.text[r.pos] != end; r.space() {
		if r.text[r.pos] == ',' {
			r.pos++
			r.space()
		}
		segment := ""
		if v.kind == kindObject {
			segment = r.string()
			v.list.names = append(v.list.names, segment)
			r.space()
			r.pos++ // the colon
		}
		element, err := r.value()
		if err != nil {
			if v.kind == kindArray {
				segment = strconv.Itoa(len(v.list.values))
			}
			if len(err.path) < maxPath {
				err.path = "/" + escape(shorten(segment, maxPath)) + err.path
			}
			return value{}, err
		}
		v.list.values = append(v.list.values, element)
	}
	r.pos++
	v.list.findRepeated()
	r.duplicates = r.duplicates || len(v.list.repeated) > 0
	return v, nil
}

// string reads a string. Escapes are decoded by encoding/json.
func (r *reader) string() string {
	start := r.pos
	escaped := false
	for r.pos++; r.text[r.pos] != '"'; r.pos++ {
		if r.text[r.pos] == '\\' {
			escaped = true
			r.pos++
		}
	}
	r.pos++
	if !escaped {
		return r.text[start+1 : r.pos-1]
	}
	var text string
	if err := json.Unmarshal([]byte(r.text[start:r.pos]), &text); err != nil { // it was valid before
		return ""
	}
	return text
}
