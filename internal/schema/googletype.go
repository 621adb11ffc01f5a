package schema

import (
	"fmt"
	"reflect"
	"strings"
	"sync"

	"github.com/google/jsonschema-go/jsonschema"
)

// schemaFields maps keywords to the fields of jsonschema-go's type that hold schemas.
var schemaFields = sync.OnceValue(func() map[string][]int {
	fields := map[string][]int{}
	t := reflect.TypeFor[jsonschema.Schema]()
	for i := range t.NumField() {
		field := t.Field(i)
		switch field.Type {
		case reflect.TypeFor[*jsonschema.Schema](), reflect.TypeFor[[]*jsonschema.Schema](), reflect.TypeFor[map[string]*jsonschema.Schema]():
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			switch field.Name {
			case "Items":
				name = "items"
			case "ItemsArray":
				name = "items[]"
			case "DependencySchemas":
				name = "dependencies"
			}
			fields[name] = field.Index
		}
	}
	return fields
})

// checkTree bounds the nesting of s. Writing a schema that contains itself would not end.
func checkTree(s *jsonschema.Schema, path string, depth int) *Error {
	if s == nil {
		return &Error{Path: path, Problem: "schema is nil", Fix: "set it or remove it"}
	}
	if depth < 0 {
		return &Error{Path: path, Problem: "subschemas are nested too deep, or contain themselves", Fix: "use $ref for recursion"}
	}
	v := reflect.ValueOf(s).Elem()
	for keyword, index := range schemaFields() {
		keyword = strings.TrimSuffix(keyword, "[]")
		switch field := v.FieldByIndex(index).Interface().(type) {
		case *jsonschema.Schema:
			if field == nil {
				continue
			}
			if err := checkTree(field, path+"/"+keyword, depth-1); err != nil {
				return err
			}
		case []*jsonschema.Schema:
			for i, one := range field {
				if err := checkTree(one, fmt.Sprintf("%s/%s/%d", path, keyword, i), depth-1); err != nil {
					return err
				}
			}
		case map[string]*jsonschema.Schema:
			for name, one := range field {
				if err := checkTree(one, path+"/"+keyword+"/"+escape(name), depth-1); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// setOrder sets PropertyOrder of s and everything below it to the order of n.
func setOrder(s *jsonschema.Schema, n *node) {
	s.PropertyOrder = n.order
	v := reflect.ValueOf(s).Elem()
	for _, kid := range n.kids {
		keyword := kid.keyword
		if keyword == "items" && kid.hasKey {
			keyword = "items[]"
		}
		index, ok := schemaFields()[keyword]
		if !ok {
			continue
		}
		var child *jsonschema.Schema
		switch field := v.FieldByIndex(index).Interface().(type) {
		case *jsonschema.Schema:
			child = field
		case map[string]*jsonschema.Schema:
			child = field[kid.key]
		case []*jsonschema.Schema:
			for i, one := range field {
				if indexKey(i) == kid.key {
					child = one
				}
			}
		}
		if child != nil {
			setOrder(child, kid)
		}
	}
}
