package config

import (
	"reflect"
	"strings"

	"go.yaml.in/yaml/v4"
)

// text is a string with its place in the file.
type text struct {
	place
	value string
}

func (t *text) decode(d *decoder, n *yaml.Node) {
	t.place = placeOf(n)
	d.value(n, reflect.ValueOf(&t.value).Elem())
	if n.Kind == yaml.ScalarNode && n.ShortTag() == "!!str" && n.Value == "" {
		d.add(t.place, "the value is missing; write one, or remove the field")
	}
}

// raw is a part of a file that is decoded later, when its type is known. See reading.decode.
type raw struct{ node *yaml.Node }

func (r *raw) decode(_ *decoder, n *yaml.Node) { r.node = n }

// namedByModel is a type whose rows in a [table] have names of the form provider/model.
type namedByModel interface{ namedByModel() }

// hide returns the text of an error about this part, without the values that can be secrets.
func (r raw) hide(text string) string {
	if r.node == nil {
		return text
	}
	if r.node.Kind == yaml.ScalarNode && quoted(r.node.Value, nil) == "" {
		text = strings.ReplaceAll(text, r.node.Value, "(not shown)")
	}
	for _, n := range r.node.Content {
		text = raw{n}.hide(text)
	}
	return text
}

// table is a mapping whose keys are names that the user chooses, in the order of the file.
//
// Security: no name contains a slash, unless the rows are facts about models. A name of the
// form provider/model always means this model at this provider, so that a file that nobody
// named cannot answer in its place.
type table[T any] []row[T]

type row[T any] struct {
	name  text
	value T
}

func (t *table[T]) decode(d *decoder, n *yaml.Node) {
	for _, pair := range d.pairs(n) {
		r := row[T]{name: text{placeOf(pair[0]), pair[0].Value}}
		_, qualified := any(&r.value).(namedByModel)
		switch {
		case r.name.value == "":
			d.add(r.name.place, "the name is missing; write one before the colon")
		case strings.Contains(r.name.value, "/") && !qualified:
			d.add(r.name.place, "the name contains a slash, which is reserved for provider/model; use another name")
		}
		d.value(pair[1], reflect.ValueOf(&r.value).Elem())
		*t = append(*t, r)
	}
}

// get returns the row of a name, or nil.
func (t table[T]) get(name string) *row[T] {
	for i := range t {
		if t[i].name.value == name {
			return &t[i]
		}
	}
	return nil
}

func (t table[T]) names() []string {
	names := make([]string, len(t))
	for i, r := range t {
		names[i] = r.name.value
	}
	return names
}
