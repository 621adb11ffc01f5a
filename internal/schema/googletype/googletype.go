// Package googletype converts between schemas and the type of
// github.com/google/jsonschema-go, for packages that need that type. The rest of this module
// does not link it.
package googletype

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"sync"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/parley-llm/parley/internal/schema"
)

// From reads a schema in jsonschema-go's type. Numbers in it have the precision of that
// type: float64 for bounds. The error is a [*schema.Error].
func From(source *jsonschema.Schema, limits schema.Limits) (*schema.Schema, error) {
	depth := limits.Depth
	if depth <= 0 {
		depth = defaultDepth
	}
	if err := checkTree(source, "", depth); err != nil {
		return nil, err
	}
	data, err := json.Marshal(source)
	if err != nil {
		return nil, &schema.Error{Problem: fmt.Sprintf("schema cannot be written as JSON (%v)", err), Fix: "correct the field"}
	}
	return schema.Parse(data, limits)
}

// defaultDepth is the default of [schema.Limits.Depth].
const defaultDepth = 100

// Type returns a schema in jsonschema-go's type, with PropertyOrder set. The caller owns the
// result.
//
// It costs more for deeply nested schemas: jsonschema-go reads each level again for every
// level above it.
func Type(s *schema.Schema) (*jsonschema.Schema, error) {
	var t *jsonschema.Schema
	if err := json.Unmarshal(s.JSON(), &t); err != nil {
		return nil, fmt.Errorf("schema: jsonschema-go cannot read it: %w", err)
	}
	setOrder(t, "", s.PropertyOrders())
	return t, nil
}

// Resolve returns a schema resolved by jsonschema-go. It does not load remote schemas.
func Resolve(s *schema.Schema) (*jsonschema.Resolved, error) {
	t, err := Type(s)
	if err != nil {
		return nil, err
	}
	return t.Resolve(nil)
}

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
func checkTree(s *jsonschema.Schema, path string, depth int) *schema.Error {
	if s == nil {
		return &schema.Error{Path: path, Problem: "schema is nil", Fix: "set it or remove it"}
	}
	if depth < 0 {
		return &schema.Error{Path: path, Problem: "subschemas are nested too deep, or contain themselves", Fix: "use $ref for recursion"}
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

// setOrder sets PropertyOrder of s and everything below it. orders has the order of each
// subschema by its JSON pointer.
func setOrder(s *jsonschema.Schema, path string, orders map[string][]string) {
	s.PropertyOrder = orders[path]
	v := reflect.ValueOf(s).Elem()
	for keyword, index := range schemaFields() {
		at := path + "/" + strings.TrimSuffix(keyword, "[]")
		switch field := v.FieldByIndex(index).Interface().(type) {
		case *jsonschema.Schema:
			if field != nil {
				setOrder(field, at, orders)
			}
		case []*jsonschema.Schema:
			for i, one := range field {
				setOrder(one, fmt.Sprintf("%s/%d", at, i), orders)
			}
		case map[string]*jsonschema.Schema:
			for name, one := range field {
				setOrder(one, at+"/"+escape(name), orders)
			}
		}
	}
}

var pointerEscaper = strings.NewReplacer("~", "~0", "/", "~1")

// escape returns one segment of a JSON pointer (RFC 6901).
func escape(segment string) string { return pointerEscaper.Replace(segment) }
