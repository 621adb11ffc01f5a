package schema_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/parley-llm/parley/internal/schema"
	"github.com/parley-llm/parley/internal/schema/googletype"
)

// parse reads a schema that must be correct.
func parse(t testing.TB, text string) *schema.Schema {
	t.Helper()
	s, err := schema.Parse([]byte(text), schema.Limits{})
	if err != nil {
		t.Fatalf("Parse(%s): %v", text, err)
	}
	return s
}

func TestParseRefusesMalformedSchemas(t *testing.T) {
	for _, test := range []struct{ name, schema, want string }{
		{"empty", ``, "schema: there is no JSON, the text is empty: write one JSON value"},
		{"cut off", `{"type":`, "schema: JSON ends too early, at byte 8: complete the value"},
		{"no JSON", `{type: 1}`, `schema: text is not valid JSON at byte 2, near "{type: 1}" (invalid character 't' looking for beginning of object key string): correct the syntax and write nothing but JSON`},
		{"not UTF-8", "{\"title\": \"\xff\"}", "schema: text is not valid UTF-8: encode it as UTF-8"},
		{"a number", `1`, "schema: a schema cannot be the number 1: write an object, true or false"},
		{"null for a schema", `{"properties": {"a/b": null}}`, "schema at /properties/a~1b: a schema cannot be null: write an object, true or false"},
		{"null for items", `{"items": null}`, "schema at /items: a schema cannot be null: write an object, true or false"},
		{"unknown type", `{"properties": {"a": {"type": "text"}}}`, `schema at /properties/a/type: the string "text" is not a type: use string, integer, number, boolean, object, array or null`},
		{"no types", `{"type": []}`, "schema at /type: type is an empty array: name at least one type"},
		{"minLength is text", `{"minLength": "3"}`, `schema at /minLength: minLength cannot be the string "3": write an integer from 0 to 2147483647`},
		{"minItems is negative", `{"minItems": -1}`, "schema at /minItems: minItems cannot be the number -1: write an integer from 0 to 2147483647"},
		{"minItems is a fraction", `{"minItems": 1.5}`, "schema at /minItems: minItems cannot be the number 1.5: write an integer from 0 to 2147483647"},
		{"multipleOf 0", `{"multipleOf": 0}`, "schema at /multipleOf: multipleOf cannot be the number 0: write a number above 0"},
		{"minimum with a huge exponent", `{"minimum": 1e99999999999}`, "schema at /minimum: minimum cannot be the number 1e99999999999: write a number"},
		{"empty anyOf", `{"anyOf": []}`, "schema at /anyOf: anyOf is empty: add a schema or remove the keyword"},
		{"required is no list", `{"required": "a"}`, `schema at /required: required cannot be the string "a": write an array`},
		{"required has a number", `{"required": [1]}`, "schema at /required: required cannot be an array: write an array of strings"},
		{"keyword twice", `{"type": "string", "type": "number"}`, `schema: keyword "type" occurs twice: keep one of them`},
		{"property twice", `{"properties": {"a": {}, "a": {}}}`, `schema at /properties: key "a" occurs twice: keep one of them`},
		{"reference to nothing", `{"$ref": "#/$defs/a"}`, `schema at /$ref: $ref "#/$defs/a" leads to no schema: add the schema, or correct the reference`},
		{"remote reference", `{"items": {"$ref": "https://example.com/s"}}`, `schema at /items/$ref: $ref "https://example.com/s" leads outside the schema, and nothing is downloaded: copy the schema into $defs and refer to #/$defs/NAME`},
		{"file reference", `{"$ref": "file:///etc/passwd"}`, `schema at /$ref: $ref "file:///etc/passwd" leads outside the schema, and nothing is downloaded: copy the schema into $defs and refer to #/$defs/NAME`},
		{"reference into a keyword", `{"$ref": "#/properties"}`, `schema at /$ref: $ref "#/properties" leads to no schema: add the schema, or correct the reference`},
		{"anchor twice", `{"$defs": {"a": {"$anchor": "x"}, "b": {"$anchor": "x"}}}`, `schema at /$defs/b/$anchor: anchor "x" occurs twice: rename one of them`},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := schema.Parse([]byte(test.schema), schema.Limits{})
			if err == nil || err.Error() != test.want {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
		})
	}
}

func TestParseRefusesReferenceCircles(t *testing.T) {
	for _, test := range []struct{ name, schema, path string }{
		{"to itself", `{"$ref": "#"}`, "/$ref"},
		{"of two", `{"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}}`, "/$defs/b/$ref"},
		{"through allOf", `{"allOf": [{"$ref": "#"}]}`, "/allOf/0/$ref"},
		{"through anyOf", `{"$defs": {"a": {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/a"}]}}}`, "/$defs/a/anyOf/1/$ref"},
		{"through not", `{"not": {"$ref": "#"}}`, "/not/$ref"},
		{"through if and else", `{"if": true, "else": {"$ref": "#"}}`, "/else/$ref"},
		{"through dependentSchemas", `{"dependentSchemas": {"a": {"$ref": "#"}}}`, "/dependentSchemas/a/$ref"},
		{"through an anchor", `{"$anchor": "top", "oneOf": [{"$ref": "#top"}]}`, "/oneOf/0/$ref"},
		{"of a dynamic reference", `{"$dynamicAnchor": "n", "allOf": [{"$dynamicRef": "#n"}]}`, "/allOf/0/$dynamicRef"},
		{"in draft-07", `{"$schema": "http://json-schema.org/draft-07/schema#", "definitions": {"a": {"$ref": "#/definitions/a"}}}`, "/definitions/a/$ref"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := schema.Parse([]byte(test.schema), schema.Limits{})
			e, ok := errors.AsType[*schema.Error](err)
			if !ok || e.Path != test.path || !strings.Contains(e.Problem, "is a circle that never reaches a value") {
				t.Errorf("got %v, want a circle at %s", err, test.path)
			}
		})
	}
}

func TestParseTakesRecursionThroughValues(t *testing.T) {
	v := parse(t, `{"properties": {"next": {"$ref": "#"}, "kids": {"items": {"$ref": "#"}}, "n": {"type": "integer"}}}`).Validator(schema.Options{})
	report := v.Validate([]byte(`{"next": {"next": {"n": 1.5}}, "kids": [{"n": "x"}]}`))
	want := "/next/next/n: must be an integer, but is the number 1.5: write it without a fraction\n" +
		`/kids/0/n: must be an integer, but is the string "x"`
	if report.String() != want {
		t.Errorf("got\n%s\nwant\n%s", report, want)
	}
}

func TestDraftsOfKeywords(t *testing.T) {
	const draft7, draft2020 = `"$schema": "http://json-schema.org/draft-07/schema#"`, `"$schema": "https://json-schema.org/draft/2020-12/schema"`
	for _, test := range []struct {
		schema, instance string
		valid            bool
	}{
		{`{"items": [{"type": "string"}], "additionalItems": false}`, `[1]`, false},
		{`{"items": [{"type": "string"}], "additionalItems": false}`, `["a", 1]`, false},
		{`{"items": [{"type": "string"}]}`, `["a", 1]`, true},
		{`{"dependencies": {"a": ["b"], "c": {"minProperties": 2}}}`, `{"a": 1}`, false},
		{`{"dependencies": {"a": ["b"], "c": {"minProperties": 2}}}`, `{"c": 1}`, false},
		{`{` + draft7 + `, "items": [{"type": "string"}]}`, `[1]`, false},
		{`{` + draft2020 + `, "items": [{"type": "string"}], "dependencies": {"a": ["b"]}}`, `[1]`, true},
		{`{` + draft7 + `, "prefixItems": [{"type": "string"}], "unevaluatedItems": false}`, `[1]`, true},
		{`{` + draft7 + `, "dependentRequired": {"a": ["b"]}}`, `{"a": 1}`, true},
		{`{` + draft7 + `, "properties": {"a": {"$ref": "#/$defs/x", "minimum": 5}}, "$defs": {"x": {"type": "integer"}}}`, `{"a": 1}`, true},
		{`{"properties": {"a": {"$ref": "#/definitions/x", "minimum": 5}}, "definitions": {"x": {"type": "integer"}}}`, `{"a": 1}`, false},
	} {
		report := parse(t, test.schema).Validator(schema.Options{}).Validate([]byte(test.instance))
		if report.Valid() != test.valid {
			t.Errorf("%s %s: valid=%v %s", test.schema, test.instance, report.Valid(), report)
		}
	}
}

func TestParseBoundsHostileSchemas(t *testing.T) {
	fanOut := func(levels int) string {
		var defs []string
		for i := range levels {
			defs = append(defs, fmt.Sprintf(`"d%d": {"allOf": [{"$ref": "#/$defs/d%d"}, {"$ref": "#/$defs/d%d"}]}`, i, i+1, i+1))
		}
		defs = append(defs, fmt.Sprintf(`"d%d": {"type": "string"}`, levels))
		return `{"$ref": "#/$defs/d0", "$defs": {` + strings.Join(defs, ", ") + "}}"
	}
	chain := func(length int) string {
		var defs []string
		for i := range length {
			defs = append(defs, fmt.Sprintf(`"d%d": {"$ref": "#/$defs/d%d"}`, i, i+1))
		}
		defs = append(defs, fmt.Sprintf(`"d%d": {}`, length))
		return `{"$defs": {` + strings.Join(defs, ", ") + "}}"
	}
	for _, test := range []struct{ name, schema, want string }{
		{"too many bytes", `{"title": "` + strings.Repeat("x", 1<<20) + `"}`, "schema has 1048589 bytes, more than 1048576: shorten descriptions, or split the schema"},
		{"too many subschemas", `{"allOf": [` + strings.Repeat(`{},`, 50_000) + `{}]}`, "schema has more than 50000 subschemas: remove some, or split the schema"},
		{"nested too deep", strings.Repeat(`{"not": `, 101) + "{}" + strings.Repeat("}", 101), "subschemas are nested more than 100 levels deep: flatten the schema"},
		{"JSON nested too deep", `{"const": ` + strings.Repeat("[", 300) + strings.Repeat("]", 300) + "}", "values are nested more than 220 levels deep: nest them less"},
		{"JSON nested very deep", strings.Repeat("[", 500_000), "text is not valid JSON at byte 10001"},
		{"too many enum values", `{"enum": [` + strings.Repeat("1,", 10_000) + "1]}", "schema at /enum: schema has more than 10000 enum values: shorten the list, or use a pattern"},
		{"a huge pattern", `{"pattern": "((abcdefghij){30}){30}"}`, "schema at /pattern: pattern is too large: it expands to more than 5000 steps: use smaller repetitions, or maxLength"},
		{"many large classes", `{"pattern": "^\\pL{900}$"}`, "pattern is too large"},
		{"a long pattern", `{"patternProperties": {"` + strings.Repeat("ab", 3000) + `": {}}}`, "pattern is too large"},
		{"many large patterns", `{"allOf": [` + strings.Repeat(`{"pattern": "(ab){1000}"},`, 20) + `{}]}`, "patterns are too large together: they expand to more than 50000 steps: use fewer or simpler patterns"},
		{"fan-out of references", fanOut(40), "references expand to more than 100000 schemas for one value: share fewer references"},
		{"a long chain of references", chain(1000), "more than 200 schemas apply to one value, one through the other: refer to the last schema directly"},
		{"long addresses", `{"$id": "https://example.com/` + strings.Repeat("x", 5000) + `"}`, "schema at /$id: $id is longer than 4096 bytes: use a shorter one"},
	} {
		t.Run(test.name, func(t *testing.T) {
			start := time.Now()
			_, err := schema.Parse([]byte(test.schema), schema.Limits{})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("took %v", took)
			}
			if err != nil && len(err.Error()) > 1500 {
				t.Errorf("the error has %d bytes", len(err.Error()))
			}
		})
	}
}

func TestLimitsAreSettings(t *testing.T) {
	for name, limits := range map[string]schema.Limits{
		"Bytes": {Bytes: 10}, "Nodes": {Nodes: 2}, "Depth": {Depth: 1}, "EnumValues": {EnumValues: 1},
		"PatternSize": {PatternSize: 1}, "Chain": {Chain: 1}, "Expansion": {Expansion: 2},
	} {
		text := `{"anyOf": [{"enum": ["a", "b"]}, {"items": {"pattern": "abc"}}, {"allOf": [{}, {}]}]}`
		if _, err := schema.Parse([]byte(text), limits); err == nil {
			t.Errorf("%s: the schema was accepted", name)
		}
		if _, err := schema.Parse([]byte(text), schema.Limits{}); err != nil {
			t.Errorf("default limits: %v", err)
		}
	}
}

func TestSchemaKeepsTextAndOrder(t *testing.T) {
	const text = `{"title":"T","properties":{"z":{"maximum":9007199254740993},"a":{"const":"<é\n>"}},"x-unknown":[1.0,{}],"type":"object"}`
	s := parse(t, " "+strings.ReplaceAll(text, ":", " : ")+"\n")
	if got := string(s.JSON()); got != text {
		t.Errorf("got  %s\nwant %s", got, text)
	}
	typed, err := googletype.Type(s)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(typed.PropertyOrder, " "); got != "z a" {
		t.Errorf("PropertyOrder is %q", got)
	}
	if typed.Properties["a"] == nil || *typed.Properties["a"].Const != "<é\n>" {
		t.Errorf("const is %v", typed.Properties["a"])
	}
}

func TestTypeSetsOrderEverywhere(t *testing.T) {
	s := parse(t, `{"$schema": "http://json-schema.org/draft-07/schema#", "items": [{"properties": {"z": {}, "a": {}}}],
		"anyOf": [true, {"properties": {"y": {}, "b": {}}}], "dependencies": {"k": {"properties": {"x": {}, "c": {}}}, "l": ["m"]}}`)
	typed, err := googletype.Type(s)
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprint(typed.ItemsArray[0].PropertyOrder, typed.AnyOf[1].PropertyOrder, typed.DependencySchemas["k"].PropertyOrder)
	if got != "[z a] [y b] [x c]" {
		t.Errorf("got %s", got)
	}
}

func TestFromReadsGoogleSchemas(t *testing.T) {
	type query struct {
		City string `json:"city"`
		Days int    `json:"days,omitempty"`
	}
	typed, err := jsonschema.For[query](nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := googletype.From(typed, schema.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	report := s.Validator(schema.Options{}).Validate([]byte(`{"days": "2"}`))
	want := "member \"city\" is missing: add it\n/days: must be an integer, but is the string \"2\": write it without quotes"
	if report.String() != want {
		t.Errorf("got\n%s\nwant\n%s", report, want)
	}
}

func TestFromRefusesSchemasThatContainThemselves(t *testing.T) {
	circle := &jsonschema.Schema{}
	circle.Items = &jsonschema.Schema{Properties: map[string]*jsonschema.Schema{"a": circle}}
	_, err := googletype.From(circle, schema.Limits{})
	if err == nil || !strings.HasSuffix(err.Error(), "subschemas are nested too deep, or contain themselves: use $ref for recursion") {
		t.Errorf("got %v", err)
	}
	for name, bad := range map[string]*jsonschema.Schema{
		"nil": nil, "nil property": {Properties: map[string]*jsonschema.Schema{"a": nil}}, "nil branch": {AnyOf: []*jsonschema.Schema{nil}},
	} {
		if _, err := googletype.From(bad, schema.Limits{}); err == nil || !strings.Contains(err.Error(), "schema is nil") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestResolveReturnsGooglesType(t *testing.T) {
	resolved, err := googletype.Resolve(parse(t, `{"properties": {"a": {"$ref": "#/$defs/x"}}, "$defs": {"x": {"type": "string"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal([]byte(`{"a": 1}`), &v); err != nil {
		t.Fatal(err)
	}
	if resolved.Validate(v) == nil {
		t.Error("the resolved schema accepts a number for a string")
	}
}
