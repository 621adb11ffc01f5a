package config

import (
	"reflect"
	"strings"
	"unicode"
)

// field is a struct field that a file can set.
type field struct {
	name   string
	goName string
	index  []int
	typ    reflect.Type
}

// fieldsOf returns the fields of a struct that a file can set. The name of a field is its yaml
// tag, or else its json tag or its Go name in snake_case. Functions, channels, interfaces with
// methods, unexported fields and fields tagged "-" are left out.
func fieldsOf(t reflect.Type) []field {
	var fields []field
	for i := range t.NumField() {
		f := t.Field(i)
		tag, tagged := f.Tag.Lookup("yaml")
		if !tagged {
			tag = f.Tag.Get("json")
		}
		name, rest, _ := strings.Cut(tag, ",")
		if f.Anonymous && (rest == "inline" || name == "") && f.Type.Kind() == reflect.Struct {
			for _, inner := range fieldsOf(f.Type) {
				inner.index = append([]int{i}, inner.index...)
				fields = append(fields, inner)
			}
			continue
		}
		if !f.IsExported() || name == "-" || !isData(f.Type) {
			continue
		}
		if name == "" {
			name = f.Name
		}
		if !tagged {
			name = underscored(name)
		}
		fields = append(fields, field{name, f.Name, []int{i}, f.Type})
	}
	return fields
}

func isData(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Func, reflect.Chan, reflect.UnsafePointer, reflect.Complex64, reflect.Complex128:
		return false
	case reflect.Interface:
		return t.NumMethod() == 0
	case reflect.Pointer, reflect.Slice, reflect.Map:
		return isData(t.Elem())
	}
	return true
}

// underscored returns a name in snake_case: numCtx is num_ctx, TopP is top_p.
func underscored(name string) string {
	var b strings.Builder
	runes := []rune(name)
	for i, r := range runes {
		lowerBefore := i > 0 && !unicode.IsUpper(runes[i-1]) && runes[i-1] != '_'
		lowerAfter := i > 0 && i+1 < len(runes) && unicode.IsLower(runes[i+1]) && unicode.IsUpper(runes[i-1])
		if unicode.IsUpper(r) && (lowerBefore || lowerAfter) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
