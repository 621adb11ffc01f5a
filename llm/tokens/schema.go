package tokens

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
)

// maxSchemaDepth limits the depth to which a schema is rendered. Deeper parts count as
// "any". OpenAI accepts at most 10 levels:
// https://platform.openai.com/docs/guides/structured-outputs
const maxSchemaDepth = 16

// maxReferences limits the references that are followed in one schema, because a few
// references to each other could expand without end. After maxExpanded bytes of output no
// reference is followed, because each one could add as many bytes as the schema has.
const (
	maxReferences = 256
	maxExpanded   = 64 << 10
)

// member is a member of a JSON object. A map would lose the order of members, and the
// order matters for the count.
type member struct {
	name  string
	value json.RawMessage
}

// object is a JSON object.
type object []member

// readObject returns the members of the object in order, or none if data is not an
// object.
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

// readList returns the elements of a JSON list, or none if data is not a list.
func readList(data json.RawMessage) []json.RawMessage {
	var list []json.RawMessage
	if json.Unmarshal(data, &list) != nil {
		return nil
	}
	return list
}

// get returns the value of a member, or nil if there is none.
func (o object) get(name string) json.RawMessage {
	for i := range o {
		if o[i].name == name {
			return o[i].value
		}
	}
	return nil
}

// text returns the value of a member that is a string, or "".
func (o object) text(name string) string {
	var s string
	if json.Unmarshal(o.get(name), &s) != nil {
		return ""
	}
	return s
}

// typeScript writes a JSON Schema as OpenAI shows it to its models: as a TypeScript type.
// The layout is that of the published harmony format,
// https://cookbook.openai.com/articles/openai-harmony.
type typeScript struct {
	strings.Builder
	root       object // the schema that references are resolved in
	references int    // the number of references that may still be followed
}

func newTypeScript(schema json.RawMessage) *typeScript {
	return &typeScript{root: readObject(schema), references: maxReferences}
}

// properties writes the properties of an object schema, one per line.
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
		_ = json.Unmarshal(names[i], &name) // a value that is not a string becomes "any"
		w.named(name, schema, depth)
	})
}

// named writes the type of a schema with the given value of "type".
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

// reference writes the type that a pointer within the schema refers to.
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

// plainValue returns a default value as it is shown: a string without quotes.
func plainValue(value json.RawMessage) string {
	var s string
	if json.Unmarshal(value, &s) == nil && value[0] == '"' {
		return s
	}
	return compact(value)
}

// compact returns JSON without insignificant white space.
func compact(data json.RawMessage) string {
	var b bytes.Buffer
	if json.Compact(&b, data) != nil {
		return string(data)
	}
	return b.String()
}

// writeOutline writes a schema as compact JSON without the keywords required and
// additionalProperties. The model does not see these two in a response format.
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
			case "enum", "const", "default", "examples": // plain values, which may look like schemas
				w.WriteString(compact(m.value))
			case "properties", "$defs", "definitions": // schemas by name; a name may equal a keyword
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

// writeMembers writes an object with the members that show selects.
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
		name, _ := json.Marshal(m.name) // encoding a string does not fail
		w.WriteString(string(name) + ":")
		write(m)
	}
	w.WriteString("}")
}
