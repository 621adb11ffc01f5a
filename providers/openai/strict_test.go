package openai_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/openai"
)

// A server rejects a strict schema with an optional field with a text that few understand. For
// OpenAI and others, package schema translates such schemas, so this is about the rest.
func TestOptionalFieldOfAStrictSchemaHasAWarning(t *testing.T) {
	for name, tt := range map[string]struct{ schema, field string }{
		"all required":   {`{"type":"object","properties":{"a":{"type":"string"}},"required":["a"]}`, ""},
		"one optional":   {`{"type":"object","properties":{"a":{"type":"string"},"b":{}},"required":["a"]}`, "b"},
		"none required":  {`{"type":"object","properties":{"a":{"type":"string"}}}`, "a"},
		"inside":         {`{"properties":{"a":{"properties":{"b":{}}}},"required":["a"]}`, "a.b"},
		"in a list":      {`{"properties":{"a":{"items":{"properties":{"b":{}}}}},"required":["a"]}`, "a.b"},
		"in a choice":    {`{"properties":{"a":{"anyOf":[{"type":"null"},{"properties":{"b":{}}}]}},"required":["a"]}`, "a.b"},
		"in definitions": {`{"$defs":{"D":{"properties":{"b":{}}}},"properties":{"a":{"$ref":"#/$defs/D"}},"required":["a"]}`, "D.b"},
		"no object":      {`{"type":"string"}`, ""},
		"another form":   {`{"items":[{"type":"string"}]}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			for _, strict := range []*bool{new(true), new(false), nil} {
				got := capture(t, openai.Config{Server: openai.NVIDIA}, "m", &llm.Request{
					Messages: hi, FailOnUnsupported: true,
					Format: &llm.Format{Schema: json.RawMessage(tt.schema), Strict: strict},
					Tools:  []llm.Tool{{Name: "f", Parameters: json.RawMessage(tt.schema), Strict: strict}},
				})
				var about []string
				for _, w := range got.Warnings {
					about = append(about, w.Setting)
					if w.Code != llm.WarnOther || !strings.Contains(w.Message, "the optional field "+tt.field+",") {
						t.Errorf("the warning is %v", w)
					}
				}
				want := ""
				if tt.field != "" && strict != nil && *strict {
					want = "Tools Format"
				}
				equal(t, "warnings", strings.Join(about, " "), want)
			}
		})
	}
}
