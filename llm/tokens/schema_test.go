package tokens

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-llm/parley/llm"
)

func TestNamespaceShowsToolsAsTypeScript(t *testing.T) {
	for _, tt := range []struct {
		name string
		tool llm.Tool
		want string
	}{
		{"without parameters", llm.Tool{Name: "now"}, "type now = () => any;\n\n"},
		{"with an empty list of parameters", llm.Tool{Name: "now", Description: "The time.", Parameters: []byte(`{"type":"object","properties":{}}`)}, "// The time.\ntype now = () => any;\n\n"},
		{
			"in the order of the properties", llm.Tool{Name: "f", Parameters: []byte(` {"type":"object","properties":{
				"z":{"type":"string","description":"last letter"},"a":{"type":"integer","default":3},"l":{"type":"array","items":{"type":"boolean"}}},"required":["z"]}`)},
			"type f = (_: {\n// last letter\nz: string,\na?: number, // default: 3\nl?: boolean[],\n}) => any;\n\n",
		},
		{
			"with choices", llm.Tool{Name: "f", Parameters: []byte(`{"properties":{"e":{"enum":["a",1]},"c":{"const":null},"o":{"anyOf":[{"type":"string"},{"type":"null"}]},"t":{"type":["number","null"]}}}`)},
			"type f = (_: {\ne?: \"a\" | 1,\nc?: null,\no?: string | null,\nt?: number | null,\n}) => any;\n\n",
		},
		{
			"with objects and references", llm.Tool{Name: "f", Parameters: []byte(`{"description":"All of it.","properties":{"p":{"$ref":"#/$defs/P"},"q":{"type":"object"}},"$defs":{"P":{"type":"object","properties":{"x":{"type":"number"}},"required":["x"]}}}`)},
			"type f = (_: // All of it.\n{\np?: {\nx: number,\n},\nq?: object,\n}) => any;\n\n",
		},
		{"with what is no schema", llm.Tool{Name: "f", Parameters: []byte(`{"properties":{"a":true,"b":{"type":7},"c":{"type":"what"},"d":{"type":"array"}}}`)}, "type f = (_: {\na?: any,\nb?: any,\nc?: any,\nd?: any[],\n}) => any;\n\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			want := "namespace functions {\n\n" + tt.want + "} // namespace functions"
			if diff := cmp.Diff(want, namespace([]llm.Tool{tt.tool})); diff != "" {
				t.Errorf("the namespace (-want +got):\n%s", diff)
			}
		})
	}
}

func TestResponseFormatIsShownWithoutTwoKeywords(t *testing.T) {
	got := formatText(&llm.Format{Description: "A thing.", Schema: []byte(`{ "type": "object", "additionalProperties": false, "required": ["required"],
		"properties": {"required": {"type": "string", "enum": ["a", {"required": 1}]}, "l": {"items": {"anyOf": [{"required": []}]}}}}`)})
	want := "# Response Formats\n\n## answer\n\n// A thing.\n" +
		`{"type":"object","properties":{"required":{"type":"string","enum":["a",{"required":1}]},"l":{"items":{"anyOf":[{}]}}}}`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the format (-want +got):\n%s", diff)
	}
}

// hostileSchemas are slow, deep or infinite.
func hostileSchemas() map[string]string {
	return map[string]string{
		"a reference to itself":           `{"properties":{"a":{"$ref":"#"},"b":{"$ref":"#"}}}`,
		"references that multiply":        `{"properties":{"x":{"$ref":"#/$defs/a"}},"$defs":{"a":{"anyOf":[{"$ref":"#/$defs/b"},{"$ref":"#/$defs/b"}]},"b":{"anyOf":[{"$ref":"#/$defs/a"},{"$ref":"#/$defs/a"}]}}}`,
		"a long list of references":       `{"properties":{"x":{"$ref":"#/$defs/a"}},"$defs":{"a":{"anyOf":[` + strings.Repeat(`{"$ref":"#/$defs/a"},`, 2000) + `{}]}}}`,
		"a reference to nothing":          `{"properties":{"x":{"$ref":"#/a/b/c"}}}`,
		"objects in objects":              strings.Repeat(`{"type":"object","properties":{"a":`, 4000) + `{}` + strings.Repeat(`}}`, 4000),
		"lists in lists":                  `{"properties":{"a":` + strings.Repeat(`{"type":"array","items":`, 4000) + `{}` + strings.Repeat(`}`, 4001) + `}`,
		"choices in choices":              `{"properties":{"a":` + strings.Repeat(`{"anyOf":[`, 4000) + `{}` + strings.Repeat(`]}`, 4000) + `}}`,
		"deeper than JSON is read":        strings.Repeat(`{"properties":{"a":`, 20000),
		"an enum of a megabyte":           `{"properties":{"a":{"enum":[` + strings.Repeat(`"0123456789",`, 1<<20/13) + `""]}}}`,
		"an enum under sixteen levels":    strings.Repeat(`{"properties":{"a":`, 15) + `{"enum":[` + strings.Repeat(`"a",`, 1<<18) + `""]}` + strings.Repeat(`}}`, 15),
		"twenty thousand properties":      `{"properties":{` + strings.Repeat(`"a":{"type":"string"},`, 20_000) + `"b":{}}}`,
		"a megabyte of one letter":        `{"properties":{"a":{"description":"` + strings.Repeat("a", 1<<20) + `"}}}`,
		"a schema that stops in a string": `{"properties":{"a`,
	}
}

func TestHostileSchemasAreCountedInBounds(t *testing.T) {
	for name, schema := range hostileSchemas() {
		t.Run(name, func(t *testing.T) {
			begun := time.Now()
			text := namespace([]llm.Tool{{Name: "f", Parameters: json.RawMessage(schema)}})
			format := formatText(&llm.Format{Schema: json.RawMessage(schema)})
			if limit := 64<<10 + 4*len(schema); len(text) > limit || len(format) > limit {
				t.Errorf("a schema of %d bytes became a text of %d bytes and a format of %d", len(schema), len(text), len(format))
			}
			if taken := time.Since(begun); taken > 30*time.Second {
				t.Errorf("that took %v", taken)
			}
		})
	}
}

func FuzzSchema(f *testing.F) {
	for _, schema := range hostileSchemas() {
		if len(schema) < 1000 {
			f.Add([]byte(schema))
		}
	}
	for _, schema := range []string{"", "null", "[]", "{}", `{"properties":{"a":{"type":"object","properties":{"b":{"enum":[1,"x"]}}}},"required":["a"]}`, `{"properties":[]}`, `{"type":["string",1]}`} {
		f.Add([]byte(schema))
	}
	f.Fuzz(func(t *testing.T, schema []byte) {
		tools := []llm.Tool{{Name: "f", Parameters: schema}}
		text := namespace(tools)
		if !strings.HasPrefix(text, "namespace functions {\n\ntype f = (") || !strings.HasSuffix(text, ") => any;\n\n} // namespace functions") {
			t.Errorf("no namespace: %q", text)
		}
		if n := toolSeams(tools); n < -2 || n > 1 {
			t.Errorf("one tool differs from its text by %d tokens", n)
		}
		format := formatText(&llm.Format{Schema: schema})
		if outline := strings.TrimPrefix(format, "# Response Formats\n\n## answer\n\n"); json.Valid(schema) && !json.Valid([]byte(outline)) {
			t.Errorf("the outline of valid JSON is not valid JSON: %q", outline)
		}
	})
}
