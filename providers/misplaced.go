package providers

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
)

// home is a part of the config file with the fields that it has, to tell where a field belongs
// that stands elsewhere.
type home struct {
	where  string // "under \"defaults\""
	fields []string
	exact  bool // a field that is spelt otherwise is not likely one of these
}

// unknownField says what to do about a field that its part of the file does not have: the one of
// that part which is meant, or else where in the file there is one of this name.
func unknownField(name string, part reflect.Type, fields []field) string {
	own := fieldNames(fields)
	_, slipsToOwn := nearestOf(name, own)
	homes := homesFor(part)
	for _, h := range homes {
		if slipsToOwn > 1 && slices.Contains(h.fields, name) {
			return fmt.Sprintf("there is no field %q here: it belongs %s", name, h.where)
		}
	}
	slips := min(2, len(name)/4, slipsToOwn-1) // more of them, and it is another word
	for _, h := range homes {
		if meant, d := nearestOf(name, h.fields); meant != "" && d > 0 && d <= slips && !h.exact {
			return fmt.Sprintf("there is no field %q here; did you mean %q, which belongs %s?", name, meant, h.where)
		}
	}
	return fmt.Sprintf("there is no field %q; %s", name, orNearest(name, own))
}

// homesFor returns the parts of the file in which a field could stand that is not one of this part,
// the likelier ones first.
func homesFor(part reflect.Type) []home {
	var homes []home
	add := func(h home, t reflect.Type) {
		if t != part && t.Kind() == reflect.Struct {
			h.fields = fieldNames(fieldsOf(t))
			homes = append(homes, h)
		}
	}
	of := func(where string, t reflect.Type) { add(home{where: where}, t) }
	registry.RLock()
	defer registry.RUnlock()
	switch part {
	case reflect.TypeFor[groupConfig]():
		for _, name := range slices.Sorted(maps.Keys(registry.groups)) {
			of(`under "settings"`, registry.groups[name].settings)
		}
	case reflect.TypeFor[storeConfig]():
		for _, name := range slices.Sorted(maps.Keys(registry.stores)) {
			of(`under "settings"`, registry.stores[name].settings)
		}
	}
	of(`under "defaults"`, reflect.TypeFor[defaultsConfig]())
	of("at a model", reflect.TypeFor[modelConfig]())
	add(home{where: `under "info"`, exact: true}, reflect.TypeFor[infoConfig]())
	of(`under "limits"`, reflect.TypeFor[limitsConfig]())
	add(home{where: `under "tls"`, exact: true}, reflect.TypeFor[tlsConfig]())
	for _, name := range slices.Sorted(maps.Keys(registry.options)) {
		of(`under "options"`, registry.options[name])
	}
	users := make(map[string][]string) // the middleware that has a setting, by the setting's name
	for _, name := range slices.Sorted(maps.Keys(registry.middleware)) {
		homes = append(homes, home{where: `under "middleware", as in "middleware: [` + name + `: {…}]"`, fields: []string{name}})
		if settings := registry.middleware[name].settings; settings.Kind() == reflect.Struct {
			for _, f := range fieldsOf(settings) {
				users[f.name] = append(users[f.name], name)
			}
		}
	}
	for _, setting := range slices.Sorted(maps.Keys(users)) {
		if names := users[setting]; len(names) == 1 { // of several, nobody can say which is meant
			homes = append(homes, home{where: `to the middleware "` + names[0] + `"`, fields: []string{setting}})
		}
	}
	add(home{where: "at the top of the file", exact: true}, reflect.TypeFor[file]())
	return homes
}

func fieldNames(fields []field) []string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.name
	}
	return names
}
