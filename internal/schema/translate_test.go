package schema_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-llm/parley/internal/schema"
)

// profile returns a profile of the table.
func profile(t testing.TB, name string) schema.Profile {
	t.Helper()
	p, ok := schema.ProfileNamed(name)
	if !ok {
		t.Fatalf("there is no profile %q", name)
	}
	return p
}

// translations are the rows of the table of backends: each has the schema, and the profiles
// to which it is translated. The results are in testdata/translations.txt.
var translations = []struct{ name, profiles, schema string }{
	{"a schema that all accept", "*", `{"type":"object","properties":{"city":{"type":"string","description":"Where."},"unit":{"type":"string","enum":["C","F"]}},"required":["city","unit"],"additionalProperties":false}`},
	{"optional properties become nullable", "*", `{"type":"object","properties":{"a":{"type":"string"},"b":{"type":"integer","description":"B."}},"required":["a"]}`},
	{"optional and nullable", "openai-strict gemini gemini-openapi anthropic", `{"type":"object","properties":{"a":{"type":["string","null"]},"b":{"enum":["x",null]}}}`},
	{"optional enum", "openai-strict portable gemini-openapi", `{"type":"object","properties":{"a":{"type":"string","enum":["x","y"]}}}`},
	{"scalar at the root", "*", `{"type":"integer","description":"How many."}`},
	{"array at the root", "openai-strict anthropic llamacpp portable", `{"type":"array","items":{"type":"string"}}`},
	{"union at the root", "*", `{"anyOf":[{"type":"object","properties":{"kind":{"const":"a"},"x":{"type":"integer"}},"required":["kind","x"],"additionalProperties":false},{"type":"object","properties":{"kind":{"const":"b"},"y":{"type":"integer"}},"required":["kind","y"],"additionalProperties":false}]}`},
	{"oneOf without overlap", "openai-strict llamacpp", `{"type":"object","properties":{"u":{"oneOf":[{"type":"string"},{"type":"integer"}]}},"required":["u"]}`},
	{"oneOf with overlap", "openai-strict llamacpp", `{"type":"object","properties":{"u":{"oneOf":[{"type":"integer","minimum":0},{"type":"integer","maximum":9}]}},"required":["u"]}`},
	{"map", "*", `{"type":"object","properties":{"m":{"type":"object","description":"Sizes.","additionalProperties":{"type":"integer"}}},"required":["m"]}`},
	{"map with patterns", "openai-strict gemini", `{"type":"object","properties":{"m":{"type":"object","patternProperties":{"^x-":{"type":"string"}},"additionalProperties":false}},"required":["m"]}`},
	{"object that is open", "openai-strict gemini llamacpp", `{"type":"object","properties":{"a":{"type":"string"}},"required":["a"],"additionalProperties":{"type":"integer"}}`},
	{"reference", "*", `{"type":"object","properties":{"a":{"$ref":"#/$defs/A"},"b":{"$ref":"#/$defs/A"}},"required":["a","b"],"$defs":{"A":{"type":"object","properties":{"x":{"type":"string"}},"required":["x"]}}}`},
	{"reference with description", "openai-strict gemini anthropic deepseek-strict-tools", `{"type":"object","properties":{"a":{"$ref":"#/$defs/A","description":"First."}},"required":["a"],"$defs":{"A":{"type":"string"}}}`},
	{"reference in a union", "openai-strict deepseek-strict-tools", `{"type":"object","properties":{"a":{"anyOf":[{"$ref":"#/$defs/A"},{"type":"null"}]}},"required":["a"],"$defs":{"A":{"type":"string"}}}`},
	{"reference outside of $defs", "openai-strict llamacpp", `{"type":"object","properties":{"a":{"type":"array","items":{"type":"string"}},"b":{"$ref":"#/properties/a/items"}},"required":["a","b"]}`},
	{"draft-07 definitions", "openai-strict gemini", `{"$schema":"http://json-schema.org/draft-07/schema#","type":"object","properties":{"a":{"$ref":"#/definitions/A"}},"required":["a"],"definitions":{"A":{"type":"string","title":"A"}}}`},
	{"recursion", "openai openai-strict gemini llamacpp xgrammar", `{"type":"object","properties":{"v":{"type":"string"},"kids":{"type":"array","items":{"$ref":"#"}}},"required":["v","kids"]}`},
	{"recursion of a wrapped root", "openai-strict", `{"type":"array","items":{"anyOf":[{"type":"string"},{"$ref":"#"}]}}`},
	{"root that is a reference", "openai-strict openai-tools gemini anthropic", `{"$ref":"#/$defs/A","$defs":{"A":{"type":"object","properties":{"x":{"type":"string"}},"required":["x"]}}}`},
	{"lone allOf", "openai-strict xgrammar anthropic", `{"type":"object","properties":{"a":{"allOf":[{"type":"string","minLength":1}],"description":"Name."}},"required":["a"]}`},
	{"several allOf", "openai-strict xgrammar", `{"allOf":[{"type":"object","properties":{"a":{"type":"string"}},"required":["a"]},{"type":"object","properties":{"b":{"type":"string"}},"required":["b"]}]}`},
	{"properties beside anyOf", "openai-strict gemini", `{"type":"object","properties":{"a":{"type":"string"},"b":{"type":"string"}},"anyOf":[{"required":["a"]},{"required":["b"]}]}`},
	{"bounds of numbers", "openai-strict azure-strict-old gemini anthropic llamacpp portable", `{"type":"object","properties":{"i":{"type":"integer","minimum":0,"exclusiveMaximum":10},"n":{"type":"number","minimum":0.5,"multipleOf":0.5}},"required":["i","n"]}`},
	{"bounds of strings", "openai-strict gemini anthropic llamacpp llamacpp-tools ollama xgrammar", `{"type":"object","properties":{"s":{"type":"string","minLength":1,"maxLength":20,"pattern":"^a+$"},"t":{"type":"string","maxLength":5000},"u":{"type":"array","items":{"type":"string","pattern":"^b$"}}},"required":["s","t","u"]}`},
	{"look-around in a pattern", "openai-strict anthropic", `{"type":"object","properties":{"s":{"type":"string","pattern":"^(?!a)b$"}},"required":["s"]}`},
	{"formats", "openai-strict gemini gemini-openapi anthropic deepseek-strict-tools cerebras", `{"type":"object","properties":{"t":{"type":"string","format":"date-time"},"u":{"type":"string","format":"uri"},"e":{"type":"string","format":"email"}},"required":["t","u","e"]}`},
	{"bounds of arrays", "openai-strict anthropic", `{"type":"object","properties":{"a":{"type":"array","items":{"type":"string"},"minItems":1,"maxItems":3,"uniqueItems":true},"b":{"type":"array","items":{"type":"string"},"minItems":2}},"required":["a","b"]}`},
	{"tuple", "openai-strict gemini anthropic", `{"type":"object","properties":{"p":{"type":"array","prefixItems":[{"type":"string"},{"type":"integer"}],"items":false,"minItems":2}},"required":["p"]}`},
	{"const", "openai-strict gemini gemini-openapi cerebras", `{"type":"object","properties":{"s":{"const":"x"},"n":{"const":1}},"required":["s","n"]}`},
	{"several types", "openai-strict cerebras gemini gemini-openapi", `{"type":"object","properties":{"a":{"type":["string","integer"]},"b":{"type":["string","object"],"properties":{"x":{"type":"string"}},"required":["x"]}},"required":["a","b"]}`},
	{"no type", "openai-strict gemini xgrammar", `{"properties":{"a":{"enum":["x","y"]},"b":{"items":{"const":1}},"c":{"properties":{"d":{"const":true}}}},"required":["a","b","c"]}`},
	{"keywords that few accept", "openai-strict gemini anthropic llamacpp xgrammar", `{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"],"minProperties":1,"propertyNames":{"maxLength":3},"dependentRequired":{"a":["b"]},"if":{"required":["a"]},"then":{"required":["b"]},"not":{"required":["c"]}}`},
	{"annotations", "openai-strict gemini anthropic", `{"$schema":"https://json-schema.org/draft/2020-12/schema","$comment":"x","title":"T","type":"object","properties":{"a":{"type":"integer","title":"A","default":3,"examples":[1,2],"readOnly":true,"x-order":1}},"required":["a"]}`},
	{"required in another order", "gemini gemini-openapi", `{"type":"object","properties":{"z":{"type":"string"},"a":{"type":"string"}},"required":["a","z"]}`},
	{"no parameters", "openai-strict anthropic-strict-tools gemini", `{"type":"object","properties":{}}`},
}

func TestTranslations(t *testing.T) {
	var b strings.Builder
	for _, test := range translations {
		fmt.Fprintf(&b, "# %s\n%s\n", test.name, test.schema)
		s := parse(t, test.schema)
		names := strings.Fields(test.profiles)
		if test.profiles == "*" {
			names = nil
			for _, p := range schema.Profiles() {
				names = append(names, p.Name)
			}
		}
		for _, name := range names {
			tr, err := s.For(profile(t, name))
			if err != nil {
				t.Fatalf("%s: %s: %v", test.name, name, err)
			}
			fmt.Fprintf(&b, "%s: %s\n", name, tr.Schema)
			for _, w := range tr.Warnings {
				fmt.Fprintf(&b, "  warning: %s\n", w)
			}
		}
		b.WriteString("\n")
	}
	file := filepath.Join("testdata", "translations.txt")
	if os.Getenv("PARLEY_UPDATE") != "" {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(b.String(), "\n")); diff != "" {
		t.Errorf("translations differ from %s; PARLEY_UPDATE=1 writes it:\n%s", file, diff)
	}
}

func TestUnsupportedSchemas(t *testing.T) {
	object := func(n int, property string) string {
		var properties []string
		for i := range n {
			properties = append(properties, fmt.Sprintf(`"p%d":%s`, i, property))
		}
		return `{"type":"object","properties":{` + strings.Join(properties, ",") + `}}`
	}
	nested := func(levels int) string {
		return strings.Repeat(`{"type":"object","properties":{"a":`, levels) + `{"type":"string"}` + strings.Repeat("}}", levels)
	}
	names := func(n, size int) string {
		var values []string
		for i := range n {
			values = append(values, fmt.Sprintf(`"%0*d"`, size, i))
		}
		return `{"type":"object","properties":{"a":{"enum":[` + strings.Join(values, ",") + `]}}}`
	}
	for _, test := range []struct{ name, profile, schema, want string }{
		{"any value", "openai-strict", `{"type":"object","properties":{"a":{}}}`, "schema at /properties/a: schema accepts any value, which openai-strict cannot express: give it a type"},
		{"any items", "openai-strict", `{"type":"object","properties":{"a":{"type":"array"}}}`, "schema at /properties/a: array has no items, and openai-strict cannot express items of any type: add items with a type"},
		{"map of any", "openai-strict", `{"type":"object","properties":{"a":{"type":"object"}}}`, "schema at /properties/a: schema accepts any value, which openai-strict cannot express: give it a type"},
		{"recursion", "anthropic", `{"type":"object","properties":{"a":{"$ref":"#"}}}`, `schema at /properties/a/$ref: anthropic cannot express the recursion of "#": limit the nesting, or use another backend`},
		{"recursion of a definition", "gemini-openapi", `{"$ref":"#/$defs/A","$defs":{"A":{"type":"array","items":{"$ref":"#/$defs/A"}}}}`, `schema at /$defs/A/items/$ref: gemini-openapi cannot express the recursion of "#/$defs/A": limit the nesting, or use another backend`},
		{"contradiction", "gemini", `{"allOf":[{"type":"string"},{"type":"integer"}]}`, "schema: no value can match the schema: remove the contradiction"},
		{"false", "openai-strict", `false`, "schema: no value can match the schema: remove the contradiction"},
		{"dynamic reference", "llamacpp", `{"$dynamicAnchor":"a","items":{"$dynamicRef":"#a"}}`, "schema at /items/$dynamicRef: llamacpp has no $dynamicRef: use $ref"},
		{"enum of maps", "deepseek-strict-tools", `{"type":"object","properties":{"a":{"type":"object","additionalProperties":{"type":"integer"},"enum":[{"x":1}]}}}`, "schema at /properties/a/enum: deepseek-strict-tools has no maps, and so no enum of objects: describe the objects by properties"},
		{"same first key", "openai-strict", `{"type":"object","properties":{"u":{"anyOf":[{"type":"object","properties":{"a":{"type":"string"}}},{"type":"object","properties":{"a":{"type":"integer"}}}]}}}`, "schema: objects in one anyOf begin with the same property, which openai-strict refuses: give each alternative a property that the others lack"},
		{"too many alternatives", "cerebras", `{"type":"object","properties":{"u":{"anyOf":[{"type":"string"},{"type":"integer"},{"type":"number"},{"type":"boolean"},{"type":"null"},{"type":"array","items":{"type":"null"}}]}}}`, "schema: schema has 6 alternatives in one anyOf, and cerebras accepts 5: simplify the schema, or use another backend"},
		{"too many properties", "openai-strict", object(5001, `{"type":"null"}`), "schema: schema has 5001 properties, and openai-strict accepts 5000: simplify the schema, or use another backend"},
		{"too many properties for old Azure", "azure-strict-old", object(101, `{"type":"null"}`), "schema: schema has 101 properties, and azure-strict-old accepts 100: simplify the schema, or use another backend"},
		{"nested too deep", "openai-strict", nested(11), "schema: schema has 11 levels of nested objects, and openai-strict accepts 10: simplify the schema, or use another backend"},
		{"too many enum values", "openai-strict", names(1001, 4), "schema: schema has 1001 enum values, and openai-strict accepts 1000: simplify the schema, or use another backend"},
		{"large enum", "openai-strict", names(251, 60), "schema: schema has 15060 characters in one large enum, and openai-strict accepts 15000: simplify the schema, or use another backend"},
		{"too many characters", "openai-strict", names(240, 501), "schema: schema has 120241 characters in names, enums and constants, and openai-strict accepts 120000: simplify the schema, or use another backend"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := parse(t, test.schema).For(profile(t, test.profile))
			e, ok := errors.AsType[*schema.Error](err)
			if !ok || e.Error() != test.want || !e.Unsupported {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
		})
	}
}

func TestLimitsOfProfilesAreInclusive(t *testing.T) {
	nested := strings.Repeat(`{"type":"object","properties":{"a":`, 10) + `{"type":"string"}` + strings.Repeat("}}", 10)
	if _, err := parse(t, nested).For(profile(t, "openai-strict")); err != nil {
		t.Errorf("10 levels: %v", err)
	}
}

func TestHostileSchemasTranslateInBounds(t *testing.T) {
	// Each level inlines the next one twice: 2^16 objects.
	var defs []string
	for i := range 16 {
		defs = append(defs, fmt.Sprintf(`"d%d":{"type":"object","properties":{"a":{"$ref":"#/$defs/d%d"},"b":{"$ref":"#/$defs/d%d"}}}`, i, i+1, i+1))
	}
	s := parse(t, `{"$ref":"#/$defs/d0","$defs":{`+strings.Join(defs, ",")+`,"d16":{"type":"string"}}}`)
	if _, err := s.For(profile(t, "portable")); err == nil || !strings.Contains(err.Error(), "expands to more than 30000 subschemas") {
		t.Errorf("got %v", err)
	}
	unions := strings.TrimSuffix(strings.Repeat(`{"anyOf":[{"type":"object"},{"required":["a"]}]},`, 20), ",")
	if _, err := parse(t, `{"allOf":[`+unions+`]}`).For(profile(t, "gemini")); err == nil || !strings.Contains(err.Error(), "expands to more than 30000 subschemas") {
		t.Errorf("got %v", err)
	}
}

func TestInlinedEnumsMayExceedTheLimitOfSchemas(t *testing.T) {
	var values, properties []string
	for i := range 1000 {
		values = append(values, fmt.Sprintf(`"v%d"`, i))
	}
	for i := range 20 {
		properties = append(properties, fmt.Sprintf(`"p%d":{"$ref":"#/$defs/e"}`, i))
	}
	s := parse(t, `{"type":"object","properties":{`+strings.Join(properties, ",")+`},"$defs":{"e":{"enum":[`+strings.Join(values, ",")+`]}}}`)
	tr, err := s.For(profile(t, "portable"))
	if err != nil {
		t.Fatal(err)
	}
	back, err := tr.Back([]byte(`{"p0":"v1","p1":null}`))
	if err != nil || string(back) != `{"p0":"v1"}` {
		t.Errorf("got %s, %v", back, err)
	}
}

func TestDeepInliningIsBounded(t *testing.T) {
	var defs []string
	for i := range 8000 {
		defs = append(defs, fmt.Sprintf(`"d%d":{"type":"object","properties":{"a":{"$ref":"#/$defs/d%d"}}}`, i, i+1))
	}
	s := parse(t, `{"$ref":"#/$defs/d0","$defs":{`+strings.Join(defs, ",")+`,"d8000":{"type":"string"}}}`)
	for _, name := range []string{"portable", "gemini", "openai-strict"} {
		if _, err := s.For(profile(t, name)); err == nil || !strings.Contains(err.Error(), "nested more than 3000 levels deep") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestSharedBaseIsNoRecursion(t *testing.T) {
	s := parse(t, `{"allOf":[{"$ref":"#/$defs/A"},{"$ref":"#/$defs/B"}],"$defs":{"Base":{"type":"object","properties":{"id":{"type":"string"}},"required":["id"]},"A":{"allOf":[{"$ref":"#/$defs/Base"},{"properties":{"a":{"type":"string"}},"required":["a"]}]},"B":{"allOf":[{"$ref":"#/$defs/Base"},{"properties":{"b":{"type":"string"}},"required":["b"]}]}}}`)
	for _, name := range []string{"portable", "anthropic", "openai-strict"} {
		tr, err := s.For(profile(t, name))
		want := `{"type":"object","properties":{"a":{"type":"string"},"b":{"type":"string"},"id":{"type":"string"}},"required":["a","b","id"],"additionalProperties":false}`
		if err != nil || string(tr.Schema) != want {
			t.Errorf("%s: got %s, %v\nwant %s", name, tr.Schema, err, want)
		}
	}
}

func TestBack(t *testing.T) {
	const order = `{"type":"object","properties":{"note":{"type":"string"},"maybe":{"type":["string","null"]},"sizes":{"type":"object","additionalProperties":{"type":"object","properties":{"w":{"type":"integer"}},"additionalProperties":false}},"list":{"type":"array","items":{"anyOf":[{"type":"string"},{"type":"object","properties":{"kind":{"const":"a"},"x":{"type":"integer"}},"required":["kind"]},{"type":"object","properties":{"kind":{"const":"b"},"m":{"type":"object","additionalProperties":{"type":"boolean"}}},"required":["kind","m"]}]}}},"required":["list"]}`
	for _, test := range []struct{ name, profile, schema, answer, want string }{
		{"null for an absent member", "openai-strict", order, `{"note":null,"maybe":null,"sizes":null,"list":[]}`, `{"maybe":null,"list":[]}`},
		{"pairs of a map", "openai-strict", order, `{"note":"n","maybe":"m","sizes":[{"key":"s","value":{"w":null}},{"key":"","value":{"w":9007199254740993}}],"list":[]}`, `{"note":"n","maybe":"m","sizes":{"s":{},"":{"w":9007199254740993}},"list":[]}`},
		{"alternatives", "openai-strict", order, `{"note":null,"maybe":"","sizes":null,"list":["t",{"x":null,"kind":"a"},{"m":[{"key":"k","value":true}],"kind":"b"}]}`, `{"maybe":"","list":["t",{"kind":"a"},{"m":{"k":true},"kind":"b"}]}`},
		{"duplicate keys stay", "openai-strict", order, `{"sizes":[{"key":"s","value":{"w":1}},{"key":"s","value":{"w":2}}],"list":[]}`, `{"sizes":{"s":{"w":1},"s":{"w":2}},"list":[]}`},
		{"a map although pairs were asked for", "openai-strict", order, `{"sizes":{"s":{"w":null}},"list":[]}`, `{"sizes":{"s":{"w":null}},"list":[]}`},
		{"wrapped scalar", "openai-strict", `{"type":"integer"}`, ` {"value": 7} `, `7`},
		{"not wrapped although asked for", "openai-strict", `{"type":"integer"}`, `7`, `7`},
		{"wrapped by a hint", "openai-tools", `{"type":"array","items":{"type":"string"}}`, `{"value":["\u00e9\n"]}`, `["é\n"]`},
		{"wrapped recursion", "openai-strict", `{"type":"array","items":{"anyOf":[{"type":"object","properties":{"o":{"type":"string"}}},{"$ref":"#"}]}}`, `{"value":[[{"o":null}],{"o":"x"}]}`, `[[{}],{"o":"x"}]`},
		{"unchanged text", "gemini", order, ` {"list" : [] } `, ` {"list" : [] } `},
		{"no JSON stays where nothing is to do", "gemini", order, `no`, `no`},
	} {
		t.Run(test.name, func(t *testing.T) {
			tr, err := parse(t, test.schema).For(profile(t, test.profile))
			if err != nil {
				t.Fatal(err)
			}
			back, err := tr.Back([]byte(test.answer))
			if err != nil || string(back) != test.want {
				t.Errorf("got  %s, %v\nwant %s", back, err, test.want)
			}
		})
	}
	tr, err := parse(t, order).For(profile(t, "openai-strict"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tr.Back([]byte(`{"list":`)); err == nil || err.Error() != "schema: JSON ends too early, at byte 8: complete the value" {
		t.Errorf("cut answer: got %v", err)
	}
}

func TestRelocateFindsPlacesInTheAnswer(t *testing.T) {
	s := parse(t, `{"type":"array","items":{"type":"object","properties":{"sizes":{"type":"object","additionalProperties":{"type":"object","properties":{"a/b":{"type":"integer","minimum":5}},"required":["a/b"],"additionalProperties":false}},"u":{"anyOf":[{"type":"string","maxLength":1},{"type":"array","items":{"type":"object","additionalProperties":{"type":"string","minLength":2}}}]}},"required":["sizes","u"]}}`)
	tr, err := s.For(profile(t, "openai-strict"))
	if err != nil {
		t.Fatal(err)
	}
	answer := []byte(`{"value":[{"sizes":[{"key":"x","value":{"a/b":7}},{"key":"s/t","value":{"a/b":1}}],"u":"long"},{"sizes":[],"u":[[],[{"key":"k","value":"z"}]]},{"sizes":{}}]}`)
	back, err := tr.Back(answer)
	if err != nil {
		t.Fatal(err)
	}
	report := s.Validator(schema.Options{}).Validate(back)
	before := strings.Join([]string{
		"/0/sizes/s~1t/a~1b: must be at least 5, but is 1",
		"/0/u: must have at most 1 characters, but has 4",
		"/1/u/1/k: must have at least 2 characters, but has 1",
		`/2: member "u" is missing: add it`,
	}, "\n")
	if report.String() != before {
		t.Fatalf("got\n%s\nwant\n%s", report, before)
	}
	tr.Relocate(answer, report)
	after := strings.Join([]string{
		"/value/0/sizes/1/value/a~1b: must be at least 5, but is 1",
		"/value/0/u: must have at most 1 characters, but has 4",
		"/value/1/u/1/0/value: must have at least 2 characters, but has 1",
		`/value/2: member "u" is missing: add it`,
	}, "\n")
	if report.String() != after {
		t.Errorf("got\n%s\nwant\n%s", report, after)
	}
}

func TestCostCountsForTheRequest(t *testing.T) {
	tr, err := parse(t, `{"type":"object","properties":{"a":{"type":"string"},"b":{"type":["string","null"]},"c":{"type":"object","properties":{"d":{"anyOf":[{"type":"string"},{"type":"integer"}]}},"required":["d"]}},"required":["b"]}`).
		For(profile(t, "anthropic-strict-tools"))
	if err != nil {
		t.Fatal(err)
	}
	if want := (schema.Cost{Optional: 2, Unions: 2}); tr.Cost != want {
		t.Errorf("got %+v, want %+v", tr.Cost, want)
	}
}

func TestProfilesAreComplete(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range schema.Profiles() {
		if seen[p.Name] || p.Name == "" || p.Source == "" {
			t.Errorf("profile %q occurs twice or has no name or source", p.Name)
		}
		seen[p.Name] = true
		if !p.Hint && p.Keywords == "" {
			t.Errorf("profile %q has no keywords", p.Name)
		}
	}
	if _, ok := schema.ProfileNamed("unknown"); ok {
		t.Error("there is a profile called unknown")
	}
}
