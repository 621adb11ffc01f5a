package tokens

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
)

// maxSchemaDepth is how deep a schema is rendered; what lies deeper counts as
// "any". OpenAI takes 10 levels at most:
// https://platform.openai.com/docs/guides/structured-outputs
const maxSchemaDepth = 16

// maxReferences is how many references of one schema are followed: a few that
// refer to each other could make any number. None is followed after maxExpanded bytes
// of text, as each could make as much as the schema is long.
const (
	maxReferences = 256
	maxExpanded   = 64 << 10
)

// member is a member of a JSON object. Their order counts, so that a map will
// not do.
type member struct {
	name  string
	value json.RawMessage
}

// object is a JSON object.
type object []member

// readObject returns the object's members in order, none if it is no object.
func readObject(data json.RawMessage) object {
	data = bytes.TrimLeft(data, " \t\r\n")
	if len(data) == 0 || data[0] != '{' {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(data))
	if _, err := d.Token(); err != nil {
		return nil
	}
	var members object
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return members
		}
		var m member
		m.name, _ = name.(string)
		if d.Decode(&m.value) != nil {
			return members
		}
		members = append(members, m)
	}
	return members
}

// readList returns the elements of a JSON list, none if it is no list.
func readList(data json.RawMessage) []json.RawMessage {
	var list []json.RawMessage
	if json.Unmarshal(data, &list) != nil {
		return nil
	}
	return list
}

// get returns a member's value, nil if there is none.
func (o object) get(name string) json.RawMessage {
	for i := range o {
		if o[i].name == name {
			return o[i].value
		}
	}
	return nil
}

// text returns a member that is a string.
func (o object) text(name string) string {
	var s string
	if json.Unmarshal(o.get(name), &s) != nil {
		return ""
	}
	return s
}

// typeScript writes a JSON Schema as OpenAI shows it to its models: as a
// TypeScript type. The form is that of the published harmony format,
// https://cookbook.openai.com/articles/openai-harmony.
type typeScript struct {
	strings.Builder
	root       object // where references point to
	references int    // that may still be followed
}

func newTypeScript(schema json.RawMessage) *typeScript {
	return &typeScript{root: readObject(schema), references: maxReferences}
}

// properties writes the properties of an object schema, a line each.
func (w *typeScript) properties(schema object, depth int) {
	required := make(map[string]bool)
	for _, name := range readList(schema.get("required")) {
		var s string
		if json.Unmarshal(name, &s) == nil {
			required[s] = true
		}
	}
	for _, p := range readObject(schema.get("properties")) {
		property := readObject(p.value)
		if description := property.text("description"); description != "" {
			w.WriteString("// " + description + "\n")
		}
		w.WriteString(p.name)
		if !required[p.name] {
			w.WriteByte('?')
		}
		w.WriteString(": ")
		w.typeOf(property, depth+1)
		w.WriteByte(',')
		if value := property.get("default"); value != nil {
			w.WriteString(" // default: " + plainValue(value))
		}
		w.WriteByte('\n')
	}
}

// typeOf writes the type that a schema stands for.
func (w *typeScript) typeOf(schema object, depth int) {
	if depth > maxSchemaDepth {
		w.WriteString("any")
		return
	}
	if values := readList(schema.get("enum")); values != nil {
		w.union(len(values), func(i int) { w.WriteString(compact(values[i])) })
		return
	}
	if value := schema.get("const"); value != nil {
		w.WriteString(compact(value))
		return
	}
	for _, choice := range [...]string{"anyOf", "oneOf", "allOf"} {
		if schemas := readList(schema.get(choice)); schemas != nil {
			w.union(len(schemas), func(i int) { w.typeOf(readObject(schemas[i]), depth+1) })
			return
		}
	}
	if pointer := schema.text("$ref"); pointer != "" {
		w.reference(pointer, depth)
		return
	}
	var name string
	if json.Unmarshal(schema.get("type"), &name) == nil {
		w.named(name, schema, depth)
		return
	}
	names := readList(schema.get("type"))
	if names == nil {
		w.WriteString("any")
		return
	}
	w.union(len(names), func(i int) {
		var name string
		_ = json.Unmarshal(names[i], &name) // what is no name is "any"
		w.named(name, schema, depth)
	})
}

// named writes the type of a schema with this "type".
func (w *typeScript) named(name string, schema object, depth int) {
	switch name {
	case "string", "number", "boolean", "null":
		w.WriteString(name)
	case "integer":
		w.WriteString("number")
	case "array":
		if items := schema.get("items"); items != nil {
			w.typeOf(readObject(items), depth+1)
		} else {
			w.WriteString("any")
		}
		w.WriteString("[]")
	case "object":
		if schema.get("properties") == nil {
			w.WriteString("object")
			return
		}
		w.WriteString("{\n")
		w.properties(schema, depth)
		w.WriteByte('}')
	default:
		w.WriteString("any")
	}
}

// union writes alternatives.
func (w *typeScript) union(n int, write func(i int)) {
	for i := range n {
		if i > 0 {
			w.WriteString(" | ")
		}
		write(i)
	}
}

// reference writes the type that a pointer within the schema leads to.
func (w *typeScript) reference(pointer string, depth int) {
	if w.references == 0 || w.Len() > maxExpanded {
		w.WriteString("any")
		return
	}
	w.references--
	target := w.root
	if pointer != "#" {
		for name := range strings.SplitSeq(strings.TrimPrefix(pointer, "#/"), "/") {
			target = readObject(target.get(name))
		}
	}
	w.typeOf(target, depth+1)
}

// plainValue returns a default as it is shown: text without its quotes.
func plainValue(value json.RawMessage) string {
	var s string
	if json.Unmarshal(value, &s) == nil && value[0] == '"' {
		return s
	}
	return compact(value)
}

// compact returns JSON without the space between its tokens.
func compact(data json.RawMessage) string {
	var b bytes.Buffer
	if json.Compact(&b, data) != nil {
		return string(data)
	}
	return b.String()
}

// writeOutline writes a schema as compact JSON without the two keywords that
// are not shown to the model in a response format: required and
// additionalProperties.
func writeOutline(w io.StringWriter, schema json.RawMessage, depth int) {
	schema = bytes.TrimLeft(schema, " \t\r\n")
	switch {
	case depth > maxSchemaDepth || len(schema) == 0:
		w.WriteString(compact(schema))
	case schema[0] == '[':
		w.WriteString("[")
		for i, element := range readList(schema) {
			if i > 0 {
				w.WriteString(",")
			}
			writeOutline(w, element, depth+1)
		}
		w.WriteString("]")
	case schema[0] == '{':
		writeMembers(w, readObject(schema), func(m member) (show bool) {
			return m.name != "required" && m.name != "additionalProperties"
		}, func(m member) {
			switch m.name {
			case "enum", "const", "default", "examples": // values, which may look like schemas
				w.WriteString(compact(m.value))
			case "properties", "$defs", "definitions": // schemas by name, which may be those of keywords
				writeMembers(w, readObject(m.value), func(member) bool { return true },
					func(m member) { writeOutline(w, m.value, depth+1) })
			default:
				writeOutline(w, m.value, depth+1)
			}
		})
	default:
		w.WriteString(compact(schema))
	}
}

// writeMembers writes an object of those members that are shown.
func writeMembers(w io.StringWriter, members object, show func(member) bool, write func(member)) {
	w.WriteString("{")
	first := true
	for _, m := range members {
		if !show(m) {
			continue
		}
		if !first {
			w.WriteString(",")
		}
		first = false
		name, _ := json.Marshal(m.name) // strings are always written
		w.WriteString(string(name) + ":")
		write(m)
	}
	w.WriteString("}")
}
