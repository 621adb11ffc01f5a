package config

import (
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/parley-llm/parley/internal/nearest"
	"github.com/parley-llm/parley/providers"
)

// section is a part of the config file with its fields, to say where a misplaced field
// belongs.
type section struct {
	name   string // `"defaults"`
	fields []string
	exact  bool // a misspelt field probably does not belong here
}

// meant are names that other programs use for a part of the file, and the names of the parts.
var meant = map[string]string{"aliases": "models", "alias": "models", "model": "models", "provider": "providers", "group": "groups"}

// renamed has the fields that earlier versions had, with their present names.
var renamed = map[string]string{
	"reasoning":  "reasoning_effort",
	"strict":     "fail_on_unsupported",
	"unstreamed": "non_streaming",
	"answer":     "estimated_output_tokens",
}

// unknownField returns the message for a field that a part of the file does not have. It
// suggests a field of that part, or else the part that has such a field.
func unknownField(name string, part reflect.Type, fields []field) string {
	own := fieldNames(fields)
	if now := renamed[name]; slices.Contains(own, now) {
		return fmt.Sprintf("the field %q has a new name; write %q", name, now)
	}
	shown := quoted(name, own)
	if part == reflect.TypeFor[file]() && meant[name] != "" {
		return fmt.Sprintf("unknown field %q; did you mean %q?", name, meant[name])
	}
	_, editsToOwn := nearest.Of(name, own)
	sections := sectionsFor(part)
	for _, s := range sections {
		if editsToOwn > 1 && slices.Contains(s.fields, name) {
			return fmt.Sprintf("misplaced field %q; move it to %s", name, s.name)
		}
	}
	edits := min(2, len(name)/4, editsToOwn-1) // with more of them it is another word
	for _, s := range sections {
		if match, n := nearest.Of(name, s.fields); match != "" && n > 0 && n <= edits && !s.exact {
			return fmt.Sprintf("unknown field %q; did you mean %q in %s?", name, match, s.name)
		}
	}
	return fmt.Sprintf("unknown field%s; %s", shown, suggest(name, own))
}

// sectionsFor returns the other parts of the file in which a field of this part can belong,
// the most likely ones first.
func sectionsFor(part reflect.Type) []section {
	var all []section
	add := func(s section, t reflect.Type) {
		if t != part && t.Kind() == reflect.Struct {
			s.fields = fieldNames(fieldsOf(t))
			all = append(all, s)
		}
	}
	of := func(name string, t reflect.Type) { add(section{name: name}, t) }
	switch part {
	case reflect.TypeFor[groupConfig]():
		for _, kind := range slices.Sorted(maps.Keys(groupKinds)) {
			of(`"settings"`, groupKinds[kind].settings)
		}
	case reflect.TypeFor[storeConfig]():
		for _, kind := range storeKinds() {
			s, _ := storeKind(kind)
			of(`"settings"`, settingsType(s.New()))
		}
	}
	of(`"defaults"`, reflect.TypeFor[defaultsConfig]())
	of("the model", reflect.TypeFor[modelConfig]())
	add(section{name: `"info"`, exact: true}, reflect.TypeFor[infoConfig]())
	of(`"limits"`, reflect.TypeFor[limitsConfig]())
	add(section{name: `"tls"`, exact: true}, reflect.TypeFor[tlsConfig]())
	for _, name := range providers.Names() {
		if d, _ := providers.Lookup(name); d.Options != nil {
			of(`"options"`, reflect.TypeOf(d.Options))
		}
	}
	all = append(all, middlewareSections()...)
	add(section{name: "the top level of the file", exact: true}, reflect.TypeFor[file]())
	return all
}

// middlewareSections returns a section for each middleware, and one for each of their settings
// that no other middleware has.
func middlewareSections() []section {
	var all []section
	users := make(map[string][]string) // the middleware with a setting, by the setting
	for _, name := range middlewareNames() {
		all = append(all, section{name: `"middleware", as in "middleware: [` + name + `: {…}]"`, fields: []string{name}})
		kind, _ := middlewareNamed(name)
		if settings := settingsType(kind.new()); settings.Kind() == reflect.Struct {
			for _, f := range fieldsOf(settings) {
				users[f.name] = append(users[f.name], name)
			}
		}
	}
	for _, setting := range slices.Sorted(maps.Keys(users)) {
		if names := users[setting]; len(names) == 1 {
			all = append(all, section{name: `the middleware "` + names[0] + `"`, fields: []string{setting}})
		}
	}
	return all
}

func fieldNames(fields []field) []string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.name
	}
	return names
}
