package gotype

import (
	"encoding"
	"encoding/json"
	"fmt"
	"math/big"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// Schema returns the JSON Schema of a type, as compact JSON. Objects are closed: they have
// additionalProperties false. The order of properties is the order of the fields. A named
// type that contains itself, or that occurs several times, is in $defs.
//
// The error is an [*Error] that names the field.
func Schema(t reflect.Type) (json.RawMessage, error) { return schemaOf(t, false) }

// LenientSchema returns the schema for the validation of answers: null in an optional field
// means that the field is absent, as it does for a [Decoder].
func LenientSchema(t reflect.Type) (json.RawMessage, error) { return schemaOf(t, true) }

func schemaOf(t reflect.Type, lenient bool) (json.RawMessage, error) {
	if t.Kind() == reflect.Pointer && t.Name() == "" {
		return schemaOf(t.Elem(), lenient)
	}
	w := &walk{lenient: lenient, root: t, uses: map[reflect.Type]int{}, names: map[reflect.Type]string{}, taken: map[string]bool{}}
	path := t.String()
	if t.Name() != "" {
		path = t.Name()
	}
	if err := w.survey(t, path); err != nil {
		return nil, err
	}
	out, err := w.body(t, path)
	if err != nil {
		return nil, err
	}
	if len(w.defs) > 0 {
		out.add("$defs", w.defs)
	}
	return out.appendJSON(nil), nil
}

// walk is the state of one Schema.
type walk struct {
	lenient bool
	root    reflect.Type
	uses    map[reflect.Type]int
	names   map[reflect.Type]string // of types in $defs
	taken   map[string]bool
	defs    object
}

// special are types whose JSON does not follow from their kind or their methods.
var special = map[reflect.Type]object{
	reflect.TypeFor[time.Time]():       {{"type", "string"}, {"format", "date-time"}},
	reflect.TypeFor[time.Duration]():   {{"type", "string"}, {"description", `a duration such as "1h30m", "45s" or "250ms"`}, {"pattern", durationPattern}},
	reflect.TypeFor[json.RawMessage](): {},
	reflect.TypeFor[json.Number]():     {{"type", "number"}},
	reflect.TypeFor[big.Int]():         {{"type", "integer"}},
}

const durationPattern = `^[+-]?([0-9]+(\.[0-9]*)?(ns|us|µs|ms|s|m|h))+$|^0$`

var (
	marshaler       = reflect.TypeFor[json.Marshaler]()
	unmarshaler     = reflect.TypeFor[json.Unmarshaler]()
	textMarshaler   = reflect.TypeFor[encoding.TextMarshaler]()
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
	schemaMaker     = reflect.TypeFor[interface{ JSONSchema() json.RawMessage }]()
)

// implements reports whether t or a pointer to it has the methods of an interface.
func implements(t, i reflect.Type) bool {
	return t.Implements(i) || t.Kind() != reflect.Pointer && t.Kind() != reflect.Interface && reflect.PointerTo(t).Implements(i)
}

// opaque reports whether the JSON of the type does not follow from its fields or elements.
func opaque(t reflect.Type) bool {
	_, isSpecial := special[t]
	return isSpecial || implements(t, schemaMaker) || implements(t, marshaler) || implements(t, unmarshaler) ||
		implements(t, textMarshaler) || implements(t, textUnmarshaler)
}

// isBytes reports whether encoding/json writes the type as base64.
func isBytes(t reflect.Type) bool {
	return t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8 && !opaque(t.Elem())
}

// definable reports whether a type can be in $defs.
func definable(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Struct, reflect.Slice, reflect.Map, reflect.Array:
		return t.Name() != "" && !opaque(t) && !isBytes(t)
	}
	return false
}

// survey counts the uses of each named type, and refuses what has no JSON.
func (w *walk) survey(t reflect.Type, path string) error {
	if t.Kind() == reflect.Pointer {
		return w.surveyPointer(t, path)
	}
	if opaque(t) {
		return w.checkOpaque(t, path)
	}
	if definable(t) {
		if w.uses[t]++; w.uses[t] > 1 {
			return nil
		}
	}
	switch t.Kind() {
	case reflect.Slice, reflect.Array:
		return w.survey(t.Elem(), path+"[]")
	case reflect.Map:
		if err := checkKey(t, path); err != nil {
			return err
		}
		return w.survey(t.Elem(), path+"[]")
	case reflect.Struct:
		return w.surveyFields(t, path)
	case reflect.Interface:
		if t.NumMethod() > 0 {
			return &Error{path, t, "an interface has no schema", `use a struct type, or "any" for any JSON value`}
		}
	case reflect.Chan, reflect.Func, reflect.Complex64, reflect.Complex128, reflect.UnsafePointer, reflect.Invalid:
		return &Error{path, t, "the type has no JSON", `use another type, or exclude the field with the tag json:"-"`}
	}
	return nil
}

func (w *walk) surveyPointer(t reflect.Type, path string) error {
	seen := map[reflect.Type]bool{}
	for at := t; at.Kind() == reflect.Pointer; at = at.Elem() {
		if seen[at] {
			return &Error{path, t, "the pointer type leads to itself", "use a struct"}
		}
		seen[at] = true
	}
	return w.survey(t.Elem(), path)
}

func (w *walk) surveyFields(t reflect.Type, path string) error {
	for _, f := range fieldsOf(t) {
		if inner := unsettable(t, f.index); inner != nil {
			return &Error{path + "." + f.goName, inner, "encoding/json cannot set an embedded pointer to an unexported struct", "embed the struct itself"}
		}
		if err := w.survey(f.typ, path+"."+f.goName); err != nil {
			return err
		}
	}
	return nil
}

// unsettable returns the unexported struct behind an embedded pointer on the way to a field,
// or nil.
func unsettable(t reflect.Type, index []int) reflect.Type {
	for _, i := range index[:len(index)-1] {
		sf := t.Field(i)
		t = sf.Type
		if t.Kind() == reflect.Pointer {
			t = t.Elem()
			if !sf.IsExported() {
				return t
			}
		}
	}
	return nil
}

func (w *walk) checkOpaque(t reflect.Type, path string) error {
	_, isSpecial := special[t]
	switch {
	case isSpecial, implements(t, schemaMaker):
		return nil
	case implements(t, marshaler), implements(t, unmarshaler):
		return &Error{path, t, "the type writes its own JSON", "give it a method JSONSchema() json.RawMessage"}
	}
	return nil
}

func checkKey(t reflect.Type, path string) error {
	switch k := t.Key(); {
	case k.Kind() == reflect.String, implements(k, textMarshaler), isInteger(k.Kind()):
		return nil
	default:
		return &Error{path, t, "a map with keys of type " + k.String() + " has no JSON", "use string keys"}
	}
}

func isInteger(k reflect.Kind) bool { return k >= reflect.Int && k <= reflect.Uintptr }

// of returns the schema of a type, or a reference to it.
func (w *walk) of(t reflect.Type, path string) (object, error) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case !definable(t):
	case t == w.root:
		return object{{"$ref", "#"}}, nil
	case w.names[t] != "":
		return object{{"$ref", "#/$defs/" + w.names[t]}}, nil
	case w.uses[t] > 1:
		name := w.name(t)
		place := len(w.defs)
		w.defs.add(name, nil) // keeps the order of first use
		body, err := w.body(t, path)
		w.defs[place].value = body
		return object{{"$ref", "#/$defs/" + name}}, err
	}
	return w.body(t, path)
}

// name returns an unused name for a type in $defs.
func (w *walk) name(t reflect.Type) string {
	base := strings.Trim(strings.Map(func(r rune) rune {
		if r < 0x80 && (r == '_' || '0' <= r && r <= '9' || 'a' <= r|0x20 && r|0x20 <= 'z') {
			return r
		}
		return '_'
	}, shortName(t.Name())), "_")
	name := base
	for i := 2; w.taken[name]; i++ {
		name = base + "_" + strconv.Itoa(i)
	}
	w.taken[name], w.names[t] = true, name
	return name
}

// shortName returns the name of a type without the import paths of its type arguments:
// Page[example.com/shop.Item] becomes Page[Item].
func shortName(name string) string {
	var b strings.Builder
	for _, piece := range strings.FieldsFunc(name, func(r rune) bool { return r == '[' || r == ',' || r == ']' || r == '*' }) {
		if i := strings.LastIndexAny(piece, "./"); i >= 0 {
			piece = piece[i+1:]
		}
		if b.Len() > 0 {
			b.WriteByte('_')
		}
		b.WriteString(piece)
	}
	return b.String()
}

// body returns the schema of a type itself.
func (w *walk) body(t reflect.Type, path string) (object, error) {
	if opaque(t) {
		return ofOpaque(t, path)
	}
	if isBytes(t) {
		return object{{"type", "string"}, {"contentEncoding", "base64"}}, nil
	}
	out, err := w.ofKind(t, path)
	if err != nil {
		return nil, err
	}
	values, ok, err := enumMethod(t, path)
	if ok {
		out.add("enum", values)
	}
	return out, err
}

func ofOpaque(t reflect.Type, path string) (object, error) {
	if s, ok := special[t]; ok {
		return append(object(nil), s...), nil
	}
	if implements(t, schemaMaker) {
		raw, err := callJSONSchema(t)
		if err == nil {
			out, ok := parseObject(raw)
			if ok {
				return out, nil
			}
			err = fmt.Errorf("it is no JSON object")
		}
		return nil, &Error{path, t, "JSONSchema returned no schema (" + err.Error() + ")", "return a JSON object"}
	}
	out := object{{"type", "string"}}
	values, ok, err := enumMethod(t, path)
	if ok {
		out.add("enum", values)
	}
	return out, err
}

// receiver returns a value of t, or a pointer to one, that has a method.
func receiver(t reflect.Type, name string) reflect.Value {
	v := reflect.New(t)
	if t.Kind() == reflect.Pointer {
		v.Elem().Set(reflect.New(t.Elem()))
	}
	if m := v.Elem().MethodByName(name); m.IsValid() {
		return m
	}
	return v.MethodByName(name)
}

func callJSONSchema(t reflect.Type) (raw json.RawMessage, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return receiver(t, "JSONSchema").Call(nil)[0].Interface().(json.RawMessage), nil
}

// enumMethod returns the values of the method Enum() []T, if the type has it.
func enumMethod(t reflect.Type, path string) (values list, ok bool, err error) {
	m := receiver(t, "Enum")
	if !m.IsValid() || m.Type().NumIn() != 0 || m.Type().NumOut() != 1 || m.Type().Out(0) != reflect.SliceOf(t) {
		return nil, false, nil
	}
	defer func() {
		if p := recover(); p != nil {
			err = &Error{path, t, fmt.Sprintf("Enum panicked (%v)", p), "return the values"}
		}
	}()
	for _, v := range m.Call(nil)[0].Seq2() {
		raw, err := json.Marshal(v.Interface())
		if err != nil {
			return nil, false, &Error{path, t, "a value of Enum has no JSON (" + err.Error() + ")", "correct it"}
		}
		values = append(values, json.RawMessage(raw))
	}
	if len(values) == 0 {
		return nil, false, &Error{path, t, "Enum returned no values", "return at least one"}
	}
	return values, true, nil
}

func (w *walk) ofKind(t reflect.Type, path string) (object, error) {
	switch k := t.Kind(); {
	case k == reflect.Bool:
		return object{{"type", "boolean"}}, nil
	case k == reflect.String:
		return object{{"type", "string"}}, nil
	case k == reflect.Float32, k == reflect.Float64:
		return object{{"type", "number"}}, nil
	case isInteger(k):
		return ofInteger(k), nil
	case k == reflect.Interface:
		return object{}, nil
	case k == reflect.Slice:
		items, err := w.of(t.Elem(), path+"[]")
		return object{{"type", "array"}, {"items", items}}, err
	case k == reflect.Array:
		items, err := w.of(t.Elem(), path+"[]")
		return object{{"type", "array"}, {"items", items}, {"minItems", t.Len()}, {"maxItems", t.Len()}}, err
	case k == reflect.Map:
		values, err := w.of(t.Elem(), path+"[]")
		out := object{{"type", "object"}, {"additionalProperties", values}}
		if key := t.Key(); isInteger(key.Kind()) && !implements(key, textMarshaler) {
			out.add("propertyNames", object{{"pattern", integerPattern(key.Kind())}})
		}
		return out, err
	default: // a struct: survey has refused all other kinds
		return w.ofStruct(t, path)
	}
}

func ofInteger(k reflect.Kind) object {
	out := object{{"type", "integer"}}
	switch k {
	case reflect.Int8, reflect.Int16, reflect.Int32:
		bits := 8 << (k - reflect.Int8)
		out.add("minimum", -(int64(1) << (bits - 1)))
		out.add("maximum", int64(1)<<(bits-1)-1)
	case reflect.Uint8, reflect.Uint16, reflect.Uint32:
		out.add("minimum", 0)
		out.add("maximum", int64(1)<<(8<<(k-reflect.Uint8))-1)
	case reflect.Uint, reflect.Uint64, reflect.Uintptr:
		out.add("minimum", 0)
	}
	return out
}

func integerPattern(k reflect.Kind) string {
	if k >= reflect.Uint {
		return "^(0|[1-9][0-9]*)$"
	}
	return "^(0|-?[1-9][0-9]*)$"
}

func (w *walk) ofStruct(t reflect.Type, path string) (object, error) {
	properties, required := object{}, list{}
	for _, f := range fieldsOf(t) {
		at := path + "." + f.goName
		member, err := w.of(f.typ, at)
		if err != nil {
			return nil, err
		}
		if f.quoted {
			member = quotedText(f.typ)
		}
		if member, err = tagged(member, f, at); err != nil {
			return nil, err
		}
		if w.lenient && f.optional && len(member) > 0 {
			member = object{{"anyOf", list{member, object{{"type", "null"}}}}}
		}
		properties.add(f.name, member)
		if !f.optional {
			required = append(required, f.name)
		}
	}
	out := object{{"type", "object"}, {"properties", properties}}
	if len(required) > 0 {
		out.add("required", required)
	}
	out.add("additionalProperties", false)
	return out, nil
}

// quotedText returns the schema of a field with the option ",string".
func quotedText(t reflect.Type) object {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	pattern := `^".*"$`
	switch k := t.Kind(); {
	case k == reflect.Bool:
		pattern = "^(true|false)$"
	case k == reflect.Float32, k == reflect.Float64:
		pattern = `^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$`
	case isInteger(k):
		pattern = integerPattern(k)
	}
	return object{{"type", "string"}, {"pattern", pattern}}
}
