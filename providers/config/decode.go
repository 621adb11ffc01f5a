package config

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// decoder fills Go values from YAML. It is strict: an unknown field or a value of the wrong
// type is a problem with a place, and is never ignored.
type decoder struct {
	*problems
	open  map[*yaml.Node]bool // anchors whose value is being read, to detect cycles
	known map[reflect.Type][]field
	nodes int // read so far, including those behind aliases
}

// parse fills r.file. It reports whether the file has the right form.
func (r *reading) parse(data []byte) bool {
	d := &decoder{problems: &r.problems}
	if root := d.parse(data); root != nil {
		d.value(root, reflect.ValueOf(r.file).Elem())
	}
	r.names = append(r.file.Models.names(), r.file.Groups.names()...)
	return len(r.list) == 0
}

// decode fills the value that into points to from a part of the file whose type was not known
// to parse. It reports whether the part has the right form.
func (r *reading) decode(part raw, into any) bool {
	before := len(r.list)
	if part.node != nil {
		d := &decoder{problems: &r.problems}
		d.value(part.node, reflect.ValueOf(into).Elem())
	}
	return len(r.list) == before
}

// maxNodes limits the number of values in a file, because aliases of aliases grow fast.
const maxNodes = 100_000

// ownDecoder is a type that reads itself from a node.
type ownDecoder interface {
	decode(d *decoder, n *yaml.Node)
}

func placeOf(n *yaml.Node) place { return place{n.Line, n.Column} }

// parse returns the root of a file, or nil and a problem.
func (d *decoder) parse(data []byte) *yaml.Node {
	if at, ok := firstBroken(data); ok {
		d.add(at, "invalid UTF-8 or a control character; save the file as UTF-8 text")
		return nil
	}
	var document yaml.Node
	err := yaml.Load(data, &document)
	var broken *yaml.LoadError
	switch {
	case err == nil && len(document.Content) == 1:
		return document.Content[0]
	case err == nil || strings.Contains(err.Error(), "no documents"):
		d.add(place{}, "the file is empty; add models, for example \"models: {fast: openai/gpt-6-luna}\"")
	case strings.Contains(err.Error(), "multiple"):
		d.add(place{}, "the file has several documents (---); keep one")
	case errors.As(err, &broken) && tabAt(data, broken.Mark.Line):
		d.add(place{broken.Mark.Line, 1}, "the line is indented with a tab; use spaces")
	case errors.As(err, &broken) && bracedAt(data, broken.Mark.Line) != "":
		name := bracedAt(data, broken.Mark.Line)
		d.add(place{broken.Mark.Line, broken.Mark.Column}, "variables in a text are not replaced; for the environment variable %s, write {env: %s}", name, name)
	case errors.As(err, &broken):
		message := broken.Message
		if strings.Contains(message, "unknown anchor") { // its name can be a key that begins with *
			message = "unknown anchor"
		}
		d.add(place{broken.Mark.Line, broken.Mark.Column}, "invalid YAML: %s", message)
	default:
		d.add(place{}, "invalid YAML")
	}
	return nil
}

// tabAt reports whether a line, counted from 1, is indented with a tab.
func tabAt(data []byte, line int) bool {
	for range line - 1 {
		_, data, _ = bytes.Cut(data, []byte("\n"))
	}
	return bytes.HasPrefix(bytes.TrimLeft(data, " "), []byte("\t"))
}

// braced matches ${NAME} in place of a value. In a mapping in braces, it is not valid YAML.
var braced = regexp.MustCompile(`:\s*\$\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}`)

// bracedAt returns the name in the first ${NAME} of a line, counted from 1, or "".
func bracedAt(data []byte, line int) string {
	lines := bytes.Split(data, []byte("\n"))
	if line < 1 || line > len(lines) {
		return ""
	}
	if match := braced.FindSubmatch(lines[line-1]); match != nil {
		return string(match[1])
	}
	return ""
}

// firstBroken returns the place of the first character that YAML does not allow.
func firstBroken(data []byte) (place, bool) {
	at := place{1, 1}
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		switch {
		case r == utf8.RuneError && size == 1, unicode.IsControl(r) && !strings.ContainsRune("\n\r\t\u0085", r):
			return at, true
		case r == '\n':
			at = place{at.line + 1, 1}
		default:
			at.column++
		}
		i += size
	}
	return place{}, false
}

// value reads a node into v.
func (d *decoder) value(n *yaml.Node, v reflect.Value) {
	if d.nodes++; d.nodes > maxNodes {
		if d.nodes == maxNodes+1 {
			d.add(placeOf(n), "the aliases expand to more than %d values; use fewer aliases", maxNodes)
		}
		return
	}
	if n.Kind == yaml.AliasNode {
		if d.open[n.Alias] {
			d.add(placeOf(n), "the alias%s contains itself; remove it here", quoted(n.Value, nil))
			return
		}
		if d.open == nil {
			d.open = make(map[*yaml.Node]bool)
		}
		d.open[n.Alias] = true
		defer delete(d.open, n.Alias)
		d.value(n.Alias, v)
		return
	}
	if own, ok := v.Addr().Interface().(ownDecoder); ok {
		own.decode(d, n)
		return
	}
	if words, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok && n.Kind == yaml.ScalarNode {
		if err := words.UnmarshalText([]byte(n.Value)); err != nil {
			d.add(placeOf(n), "invalid value: %s", withoutValue(err, n.Value))
		}
		return
	}
	if n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" && v.Kind() != reflect.Interface {
		d.add(placeOf(n), "the value is missing; write one, or remove the field")
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		fresh := reflect.New(v.Type().Elem())
		d.value(n, fresh.Elem())
		v.Set(fresh)
	case reflect.Struct:
		d.structure(n, v)
	case reflect.Map:
		d.mapping(n, v)
	case reflect.Slice:
		d.list(n, v)
	case reflect.Interface:
		if plain := d.plain(n); plain != nil {
			v.Set(reflect.ValueOf(plain))
		}
	default:
		d.scalar(n, v)
	}
}

// pairs returns the keys and values of a mapping. Those that it merges (<<) follow, unless the
// mapping has the same key itself.
func (d *decoder) pairs(n *yaml.Node) [][2]*yaml.Node {
	if n.Kind != yaml.MappingNode {
		d.add(placeOf(n), "expected a mapping such as \"name: value\", found %s", describe(n))
		return nil
	}
	var all, merged [][2]*yaml.Node
	at := make(map[string]place)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		switch earlier, twice := at[key.Value]; {
		case key.Kind != yaml.ScalarNode:
			d.add(placeOf(key), "expected the name of a field, found %s", describe(key))
		case twice:
			d.add(placeOf(key), "duplicate field%s; it is also in line %d", quoted(key.Value, nil), earlier.line)
		case key.ShortTag() == "!!merge":
			merged = append(merged, d.merged(value)...)
		default:
			at[key.Value] = placeOf(key)
			all = append(all, [2]*yaml.Node{key, value})
		}
	}
	for _, pair := range merged {
		if _, own := at[pair[0].Value]; !own {
			at[pair[0].Value] = placeOf(pair[0])
			all = append(all, pair)
		}
	}
	return all
}

func (d *decoder) merged(n *yaml.Node) [][2]*yaml.Node {
	if d.nodes++; d.nodes > maxNodes {
		d.add(placeOf(n), "the aliases expand to more than %d values; use fewer aliases", maxNodes)
		return nil
	}
	target := n
	if n.Kind == yaml.AliasNode {
		target = n.Alias
	}
	if d.open[target] {
		d.add(placeOf(n), "the merged mapping (<<) contains itself; remove the merge")
		return nil
	}
	if target.Kind == yaml.SequenceNode {
		var all [][2]*yaml.Node
		for _, item := range target.Content {
			all = append(all, d.merged(item)...)
		}
		return all
	}
	if d.open == nil {
		d.open = make(map[*yaml.Node]bool)
	}
	d.open[target] = true
	defer delete(d.open, target)
	return d.pairs(target)
}

func (d *decoder) structure(n *yaml.Node, v reflect.Value) {
	fields, done := d.known[v.Type()]
	if !done {
		if d.known == nil {
			d.known = make(map[reflect.Type][]field)
		}
		fields = fieldsOf(v.Type())
		d.known[v.Type()] = fields
	}
	if n.Kind != yaml.MappingNode {
		d.add(placeOf(n), "expected a mapping with some of the fields %s; found %s", strings.Join(fieldNames(fields), ", "), describe(n))
		return
	}
	for _, pair := range d.pairs(n) {
		name := pair[0].Value
		i := slices.IndexFunc(fields, func(f field) bool { return f.name == name })
		if i < 0 && (d.full() || d.has(placeOf(pair[0]))) { // suggestions take time
			continue
		}
		if i < 0 {
			d.add(placeOf(pair[0]), "%s", unknownField(name, v.Type(), fields))
			continue
		}
		d.value(pair[1], v.FieldByIndex(fields[i].index))
	}
}

func (d *decoder) mapping(n *yaml.Node, v reflect.Value) {
	if v.IsNil() {
		v.Set(reflect.MakeMap(v.Type()))
	}
	first := make(map[string]*yaml.Node) // by key; two texts can be the same key
	for _, pair := range d.pairs(n) {
		key := reflect.New(v.Type().Key()).Elem()
		if key.Kind() != reflect.String {
			d.add(placeOf(pair[0]), "this setting cannot be written in a file; set it in the program")
			return
		}
		key.SetString(pair[0].Value)
		if words, ok := key.Addr().Interface().(encoding.TextUnmarshaler); ok {
			if err := words.UnmarshalText([]byte(pair[0].Value)); err != nil {
				d.add(placeOf(pair[0]), "invalid value: %s", withoutValue(err, pair[0].Value))
				return
			}
		}
		if earlier := first[key.String()]; earlier != nil {
			d.add(placeOf(pair[0]), "duplicate key%s; it means the same as%s in line %d", quoted(pair[0].Value, nil), quoted(earlier.Value, nil), earlier.Line)
			continue
		}
		first[key.String()] = pair[0]
		value := reflect.New(v.Type().Elem()).Elem()
		d.value(pair[1], value)
		v.SetMapIndex(key, value)
	}
}

func (d *decoder) list(n *yaml.Node, v reflect.Value) {
	if v.Type() == reflect.TypeFor[json.RawMessage]() {
		if data, err := json.Marshal(d.plain(n)); err == nil {
			v.SetBytes(data)
		}
		return
	}
	if n.Kind != yaml.SequenceNode {
		d.add(placeOf(n), "expected a list such as [a, b], found %s", describe(n))
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), 0, len(n.Content))) // an empty list differs from no list
	for _, item := range n.Content {
		value := reflect.New(v.Type().Elem()).Elem()
		d.value(item, value)
		v.Set(reflect.Append(v, value))
	}
}

func (d *decoder) scalar(n *yaml.Node, v reflect.Value) {
	want := wanted(v.Type())
	if n.Kind != yaml.ScalarNode {
		d.add(placeOf(n), "expected %s, found %s", want, describe(n))
		return
	}
	tag, ok := n.ShortTag(), false
	switch {
	case v.Type() == reflect.TypeFor[time.Duration]():
		if duration, err := time.ParseDuration(n.Value); err == nil {
			v.SetInt(int64(duration))
			ok = true
		}
	case v.Kind() == reflect.String:
		if ok = tag == "!!str" || tag == "!!timestamp"; ok { // a date is text, unless the type is day
			v.SetString(n.Value)
		}
	case v.Kind() == reflect.Bool:
		if ok = tag == "!!bool"; ok {
			v.SetBool(strings.EqualFold(n.Value, "true"))
		}
	case v.CanInt() && tag == "!!int":
		var i int64
		if ok = n.Decode(&i) == nil && !v.OverflowInt(i); ok {
			v.SetInt(i)
		}
	case v.CanUint() && tag == "!!int":
		var u uint64
		if ok = n.Decode(&u) == nil && !v.OverflowUint(u); ok {
			v.SetUint(u)
		}
	case v.CanFloat() && (tag == "!!float" || tag == "!!int"):
		var f float64
		if ok = n.Decode(&f) == nil && !math.IsNaN(f) && !math.IsInf(f, 0); ok {
			v.SetFloat(f)
		}
	}
	if !ok {
		d.add(placeOf(n), "expected %s, found %s", want, describe(n))
	}
}

// plain returns a value in the types of package encoding/json: maps, slices, strings, numbers.
func (d *decoder) plain(n *yaml.Node) any {
	if n.Kind == yaml.AliasNode {
		var v any
		d.value(n, reflect.ValueOf(&v).Elem())
		return v
	}
	switch n.Kind {
	case yaml.MappingNode:
		m := map[string]any{}
		d.mapping(n, reflect.ValueOf(m))
		return m
	case yaml.SequenceNode:
		list := []any{}
		for _, item := range n.Content {
			var v any
			d.value(item, reflect.ValueOf(&v).Elem())
			list = append(list, v)
		}
		return list
	}
	switch n.ShortTag() {
	case "!!null":
		return nil
	case "!!str", "!!timestamp", "!!merge":
		return n.Value
	case "!!bool":
		return strings.EqualFold(n.Value, "true")
	case "!!int":
		var i int64
		if n.Decode(&i) == nil {
			return i
		}
	case "!!float":
		var f float64
		if n.Decode(&f) == nil && !math.IsNaN(f) && !math.IsInf(f, 0) {
			return f
		}
	}
	d.add(placeOf(n), "unsupported value: %s", describe(n))
	return nil
}

// wanted describes the values of a type, for error messages.
func wanted(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[time.Duration]():
		return "a duration such as 30s or 5m"
	case t.Kind() == reflect.String:
		return "text"
	case t.Kind() == reflect.Bool:
		return "true or false"
	case t.Kind() == reflect.Float64 || t.Kind() == reflect.Float32:
		return "a number"
	}
	return "an integer"
}

// describe describes a node, for error messages.
//
// Security: it shows no text, because a misplaced text can be a key.
func describe(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	case yaml.AliasNode:
		return "an alias"
	}
	switch n.ShortTag() {
	case "!!null":
		return "nothing"
	case "!!int", "!!float":
		if len(n.Value) < 8 { // a longer one can be a secret
			return "the number " + n.Value
		}
		return "a number"
	case "!!bool":
		return n.Value
	}
	return "text"
}
