package config

import (
	"encoding"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/parley-llm/parley/providers"
)

// Schema returns the JSON Schema of config files, with which editors complete and check them.
// It includes the options, middleware and stores that this program imports. The schema with
// everything in this module is docs/config.schema.json.
func Schema() []byte {
	s := &schemer{defs: make(map[string]any)}
	root := s.of(reflect.TypeFor[file]())
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["title"] = "Parley: models by name"
	root["$defs"] = s.defs
	data, err := json.MarshalIndent(root, "", "  ")
	if err != nil {
		panic("parley: config: the schema cannot be encoded: " + err.Error())
	}
	return append(data, '\n')
}

// schemer makes schemas of Go types.
type schemer struct{ defs map[string]any }

type object = map[string]any

// schemaType is a type whose schema does not follow from its kind.
type schemaType interface{ schema(s *schemer) object }

// of returns the schema of a type. Named types are put into the definitions, so that a type
// that is used twice is written once.
func (s *schemer) of(t reflect.Type) object {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if own, ok := reflect.New(t).Interface().(schemaType); ok {
		return s.named(t, func() object { return own.schema(s) })
	}
	if reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) {
		return object{"type": "string"}
	}
	switch t.Kind() {
	case reflect.Struct:
		return s.named(t, func() object { return s.structure(t) })
	case reflect.Map:
		return object{"type": "object", "additionalProperties": s.of(t.Elem())}
	case reflect.Slice:
		if t == reflect.TypeFor[json.RawMessage]() {
			return object{}
		}
		return object{"type": "array", "items": s.of(t.Elem())}
	case reflect.Interface:
		return object{}
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.String:
		return object{"type": "string"}
	case reflect.Float32, reflect.Float64:
		return object{"type": "number"}
	}
	if t == reflect.TypeFor[time.Duration]() {
		return object{"type": "string", "pattern": `^-?([0-9.]+(ns|us|µs|ms|s|m|h))+$|^0$`}
	}
	return object{"type": "integer"}
}

// named puts the schema of a named type into the definitions and returns a reference.
func (s *schemer) named(t reflect.Type, write func() object) object {
	generic := strings.Contains(t.Name(), "[")
	if t == reflect.TypeFor[file]() || t.Name() == "" || generic || t == reflect.TypeFor[text]() || t == reflect.TypeFor[day]() {
		return write()
	}
	name := t.Name()
	if t.PkgPath() != reflect.TypeFor[file]().PkgPath() {
		name = t.String() // with its package, for example "openai.Options"
	}
	if _, done := s.defs[name]; !done {
		s.defs[name] = object{} // for a type that contains itself
		s.defs[name] = write()
	}
	return object{"$ref": "#/$defs/" + name}
}

func (s *schemer) structure(t reflect.Type) object {
	properties := object{}
	for _, f := range fieldsOf(t) {
		property := s.of(f.typ)
		if doc := t.FieldByIndex(f.index).Tag.Get("doc"); doc != "" {
			property = maps.Clone(property)
			property["description"] = doc
		}
		properties[f.name] = property
	}
	return object{"type": "object", "properties": properties, "additionalProperties": false}
}

func (*text) schema(*schemer) object { return object{"type": "string", "minLength": 1} }

func (*day) schema(*schemer) object { return object{"type": "string", "format": "date"} }

func (*statusConfig) schema(*schemer) object { return object{"enum": statuses} }

func (k *keySource) schema(s *schemer) object {
	one := func(name string, more ...string) object {
		inner := s.structure(reflect.TypeFor[keyOrigin]())
		properties := inner["properties"].(object)
		maps.DeleteFunc(properties, func(key string, _ any) bool { return key != name && !slices.Contains(more, key) })
		inner["required"] = []string{name}
		return inner
	}
	return object{"oneOf": []object{{"type": "string", "minLength": 1}, one("env"), one("file"), one("command", "expires")}}
}

// schema of a table: the names of its rows are chosen by the user.
func (t *table[T]) schema(s *schemer) object {
	return object{"type": "object", "additionalProperties": s.of(reflect.TypeFor[T]()), "propertyNames": object{"minLength": 1}}
}

func (m *modelConfig) schema(s *schemer) object {
	long := s.structure(reflect.TypeFor[modelConfig]())
	long["required"] = []string{"model"}
	var names []string
	for _, name := range providers.Names() {
		if d, _ := providers.Lookup(name); d.Options != nil {
			names = append(names, name)
		}
	}
	long["properties"].(object)["settings"] = s.providerSettings()
	long["properties"].(object)["options"] = s.any("options that only this provider has", names, func(name string) object {
		d, _ := providers.Lookup(name)
		return s.of(reflect.TypeOf(d.Options))
	})
	return object{"oneOf": []object{{"type": "string", "minLength": 1}, long}}
}

func (p *providerConfig) schema(s *schemer) object {
	schema := s.structure(reflect.TypeFor[providerConfig]())
	schema["properties"].(object)["settings"] = s.providerSettings()
	return schema
}

// providerSettings returns the schema of the settings that only one provider has.
func (s *schemer) providerSettings() object {
	var names []string
	for _, name := range providers.Names() {
		if d, _ := providers.Lookup(name); d.Settings != nil {
			names = append(names, name)
		}
	}
	return s.any("settings that only this provider has, for example the quirks of a server", names, func(name string) object {
		d, _ := providers.Lookup(name)
		return s.of(reflect.TypeOf(d.Settings))
	})
}

// any returns the schema of a value that has one of these types, each listed once.
func (s *schemer) any(description string, names []string, of func(name string) object) object {
	var choices []object
	for _, name := range names {
		if choice := of(name); !slices.ContainsFunc(choices, func(c object) bool { return reflect.DeepEqual(c, choice) }) {
			choices = append(choices, choice)
		}
	}
	if choices == nil {
		return object{"type": "object", "description": description}
	}
	return object{"anyOf": choices, "description": description}
}

func (m *middlewareConfig) schema(s *schemer) object {
	names := middlewareNames()
	properties := object{}
	for _, name := range names {
		kind, _ := middlewareNamed(name)
		properties[name] = s.of(settingsType(kind.new()))
	}
	long := object{"type": "object", "properties": properties, "additionalProperties": false, "minProperties": 1, "maxProperties": 1}
	return object{"oneOf": []object{{"enum": append([]string{}, names...)}, long}}
}

func (g *groupConfig) schema(s *schemer) object {
	schema := s.structure(reflect.TypeFor[groupConfig]())
	schema["required"] = []string{"kind", "models"}
	kinds := groupNames()
	properties := schema["properties"].(object)
	properties["kind"] = object{"enum": append([]string{}, kinds...), "description": "how the group selects a model"}
	properties["models"].(object)["minItems"] = 1
	properties["settings"] = s.any("settings of this kind of group", kinds, func(name string) object {
		return s.of(groupKinds[name].settings)
	})
	return schema
}

func (c *storeConfig) schema(s *schemer) object {
	schema := s.structure(reflect.TypeFor[storeConfig]())
	schema["required"] = []string{"kind"}
	kinds := storeKinds()
	properties := schema["properties"].(object)
	properties["kind"] = object{"enum": append([]string{}, kinds...), "description": "the kind of store"}
	properties["settings"] = s.any("settings of this kind of store", kinds, func(name string) object {
		kind, _ := storeKind(name)
		return s.of(settingsType(kind.New()))
	})
	return schema
}

// schema of a part that is decoded later: the part around it sets the real one.
func (*raw) schema(*schemer) object { return object{"type": "object"} }
