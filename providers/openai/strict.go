package openai

import (
	"encoding/json"
	"maps"
	"slices"
)

// schemaNode is the part of a JSON Schema that decides whether a field is optional.
type schemaNode struct {
	Properties map[string]schemaNode `json:"properties"`
	Required   []string              `json:"required"`
	Items      *schemaNode           `json:"items"`
	AnyOf      []schemaNode          `json:"anyOf"`
	Defs       map[string]schemaNode `json:"$defs"`
	Older      map[string]schemaNode `json:"definitions"`
}

// optionalField returns the path of the first optional field in a schema, or "". OpenAI
// rejects strict schemas with optional fields:
// https://platform.openai.com/docs/guides/structured-outputs#all-fields-must-be-required
func optionalField(schema json.RawMessage) string {
	var root schemaNode
	if json.Unmarshal(schema, &root) != nil { // of another form: the server decides
		return ""
	}
	return root.optional("")
}

func (n *schemaNode) optional(path string) string {
	for _, name := range slices.Sorted(maps.Keys(n.Properties)) {
		if !slices.Contains(n.Required, name) {
			return path + name
		}
		child := n.Properties[name]
		if found := child.optional(path + name + "."); found != "" {
			return found
		}
	}
	if n.Items != nil {
		if found := n.Items.optional(path); found != "" {
			return found
		}
	}
	for i := range n.AnyOf {
		if found := n.AnyOf[i].optional(path); found != "" {
			return found
		}
	}
	for _, defs := range []map[string]schemaNode{n.Defs, n.Older} {
		for _, name := range slices.Sorted(maps.Keys(defs)) {
			def := defs[name]
			if found := def.optional(name + "."); found != "" {
				return found
			}
		}
	}
	return ""
}

// checkStrict warns of an optional field in a strict schema.
func (b *requestBuilder) checkStrict(setting, of string, schema json.RawMessage, strict *bool) {
	if strict == nil || !*strict {
		return
	}
	if field := optionalField(schema); field != "" {
		b.warnOther(setting, "the strict schema"+of+" has the optional field "+field+
			", and servers accept required fields only: list it in required, and allow null in its type if it can be absent")
	}
}
