package gotype

import (
	"cmp"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"sync"
	"unicode"
)

// field is a member of the JSON object of a struct.
type field struct {
	name     string
	index    []int // as in reflect.StructField, through embedded structs
	typ      reflect.Type
	tag      reflect.StructTag
	goName   string // "Inner.Name", for errors
	quoted   bool   // has the option ",string"
	optional bool   // may be absent
	named    bool   // has a name in its tag
}

var fieldCache sync.Map // reflect.Type to []field

// fieldsOf returns the members of a struct, in the order of the fields, by the rules of
// encoding/json.
func fieldsOf(t reflect.Type) []field {
	if known, ok := fieldCache.Load(t); ok {
		return known.([]field)
	}
	var all []field
	collect(t, field{}, map[reflect.Type]bool{}, &all)
	byName := map[string][]field{}
	for _, f := range all {
		byName[f.name] = append(byName[f.name], f)
	}
	var kept []field
	for _, f := range all {
		if winner, ok := dominant(byName[f.name]); ok && slices.Equal(winner.index, f.index) {
			kept = append(kept, f)
		}
	}
	slices.SortStableFunc(kept, func(a, b field) int { return slices.Compare(a.index, b.index) })
	known, _ := fieldCache.LoadOrStore(t, kept)
	return known.([]field)
}

// dominant returns the field that wins a name: the least nested, then the one with a tag. It
// returns false if two fields are equal in both, because encoding/json then drops all.
func dominant(fields []field) (field, bool) {
	rank := func(a, b field) int {
		if c := cmp.Compare(len(a.index), len(b.index)); c != 0 || a.named == b.named {
			return c
		}
		if a.named {
			return -1
		}
		return 1
	}
	sorted := slices.SortedStableFunc(slices.Values(fields), rank)
	return sorted[0], len(sorted) == 1 || rank(sorted[0], sorted[1]) != 0
}

// collect adds the fields of t and of the structs embedded in it. above is the embedded field
// that leads to t.
func collect(t reflect.Type, above field, open map[reflect.Type]bool, all *[]field) {
	if open[t] { // a struct that embeds itself through a pointer
		return
	}
	open[t] = true
	defer delete(open, t)
	for i := range t.NumField() {
		sf := t.Field(i)
		tag := sf.Tag.Get("json")
		embedded := sf.Type
		if embedded.Kind() == reflect.Pointer && embedded.Name() == "" {
			embedded = embedded.Elem()
		}
		isStruct := embedded.Kind() == reflect.Struct
		if tag == "-" || !sf.IsExported() && !(sf.Anonymous && isStruct) {
			continue
		}
		name, options, _ := strings.Cut(tag, ",")
		if !validName(name) {
			name = oddName(sf.Tag)
		}
		f := field{
			name: name, index: append(slices.Clone(above.index), i), typ: sf.Type, tag: sf.Tag,
			goName: join(above.goName, sf.Name), named: name != "", optional: above.optional,
		}
		if sf.Anonymous && name == "" && isStruct {
			f.optional = f.optional || sf.Type.Kind() == reflect.Pointer
			collect(embedded, f, open, all)
			continue
		}
		if !sf.IsExported() { // an embedded unexported struct with a name
			continue
		}
		f.name = cmp.Or(name, sf.Name)
		f.quoted = has(options, "string") && quotable(sf.Type)
		f.optional = f.optional || has(options, "omitempty") || has(options, "omitzero") || sf.Type.Kind() == reflect.Pointer
		_, hasDefault := sf.Tag.Lookup("default")
		f.optional = f.optional || hasDefault
		switch sf.Tag.Get("required") {
		case "true":
			f.optional = false
		case "false":
			f.optional = true
		}
		*all = append(*all, f)
	}
}

func join(above, name string) string {
	if above == "" {
		return name
	}
	return above + "." + name
}

// has reports whether the options of a json tag have a word.
func has(options, word string) bool {
	for option := range strings.SplitSeq(options, ",") {
		if option == word {
			return true
		}
	}
	return false
}

// quotable reports whether ",string" has an effect on the type.
func quotable(t reflect.Type) bool {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.Bool, reflect.String, reflect.Float32, reflect.Float64,
		reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return true
	}
	return false
}

// oddName returns the name that encoding/json takes from a tag with an unusual name, or "" if
// it takes the name of the field. It asks encoding/json, because the rules differ between
// versions of Go: since Go 1.27, a name ends before a quotation mark.
func oddName(tag reflect.StructTag) string {
	const field = "X"
	t := reflect.StructOf([]reflect.StructField{{Name: field, Type: reflect.TypeFor[bool](), Tag: tag}})
	written, err := json.Marshal(reflect.Zero(t).Interface())
	var members map[string]bool
	if err != nil || json.Unmarshal(written, &members) != nil {
		return ""
	}
	for name := range members {
		if name != field {
			return name
		}
	}
	return ""
}

// validName reports whether encoding/json takes the name from a tag in all versions.
func validName(name string) bool {
	for _, r := range name {
		if !strings.ContainsRune("!#$%&()*+-./:;<=>?@[]^_{|}~ ", r) && !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return false
		}
	}
	return true
}
