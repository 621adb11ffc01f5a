package schema_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/parley-llm/parley/internal/schema"
	"github.com/parley-llm/parley/internal/schema/googletype"
)

// seeds are schemas with instances that fuzzing starts from.
var seeds = [][2]string{
	{`{"type":"object","properties":{"a":{"type":"integer","minimum":1},"b":{"type":["string","null"],"maxLength":3}},"required":["a"],"additionalProperties":false}`, `{"a":1,"b":"x"}`},
	{`{"$defs":{"n":{"properties":{"next":{"$ref":"#/$defs/n"},"v":{"enum":[1,"a",null]}}}},"$ref":"#/$defs/n"}`, `{"next":{"v":2}}`},
	{`{"oneOf":[{"const":1},{"anyOf":[{"pattern":"^a+$"},{"format":"date"}]},{"not":{"type":"array"}}]}`, `"aa"`},
	{`{"prefixItems":[{"type":"null"},true],"items":{"multipleOf":0.5},"uniqueItems":true,"contains":{"const":2},"minContains":1,"maxItems":4}`, `[null,1,2,2.5]`},
	{`{"$schema":"http://json-schema.org/draft-07/schema#","definitions":{"a":{"$id":"#x"}},"items":[{"$ref":"#x"}],"additionalItems":false,"dependencies":{"a":["b"],"c":{"minProperties":2}}}`, `[1]`},
	{`{"$id":"https://example.com/a","$anchor":"q","if":{"required":["a"]},"then":{"propertyNames":{"maxLength":2}},"else":{"patternProperties":{"^x":{"type":"string"}}},"unevaluatedProperties":false}`, `{"x":"1"}`},
	{`{"$dynamicAnchor":"t","properties":{"k":{"items":{"$dynamicRef":"#t"}}},"unevaluatedItems":{"type":"null"},"dependentSchemas":{"a":{"minProperties":1}},"dependentRequired":{"a":["b"]}}`, `{"k":[{"k":[]}],"a":1}`},
	{`{"allOf":[{"$ref":"#/properties/a~1b"},{"exclusiveMinimum":-1e3}],"properties":{"a/b":{"exclusiveMaximum":9007199254740993}}}`, `9007199254740992`},
}

// FuzzParse reads schemas. One that is accepted must read again from its own JSON, and
// everything that is done with it must end.
func FuzzParse(f *testing.F) {
	for _, seed := range seeds {
		f.Add([]byte(seed[0]))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := schema.Parse(data, schema.Limits{Bytes: 1 << 16})
		if err != nil {
			if len(err.Error()) > 2000 {
				t.Errorf("the error has %d bytes", len(err.Error()))
			}
			return
		}
		again, err := schema.Parse(s.JSON(), schema.Limits{})
		if err != nil {
			t.Fatalf("cannot read %s again: %v", s.JSON(), err)
		}
		if !bytes.Equal(again.JSON(), s.JSON()) {
			t.Errorf("%s became %s", s.JSON(), again.JSON())
		}
		v := s.Validator(schema.Options{Formats: true})
		for _, seed := range seeds {
			v.Validate([]byte(seed[1]))
		}
		v.Validate(data)
	})
}

// inexact matches numbers that jsonschema-go may treat differently, because it uses float64.
var inexact = regexp.MustCompile(`[0-9]{15}|[0-9][.eE]|multipleOf`)

var quoted = regexp.MustCompile(`"[^"]*"`)

// misread reports whether jsonschema-go would take a member for a keyword that it is not: it
// ignores case.
func misread(source []byte) bool {
	for _, word := range quoted.FindAll(source, -1) {
		word = word[1 : len(word)-1]
		t := reflect.TypeFor[jsonschema.Schema]()
		for i := range t.NumField() {
			name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
			if name == "-" {
				name = strings.ToLower(t.Field(i).Name)
			}
			if string(word) != name && strings.EqualFold(string(word), name) {
				return true
			}
		}
	}
	return false
}

// older matches keywords of draft-07 that jsonschema-go ignores unless $schema names the draft.
var older = regexp.MustCompile(`"items":\[|"dependencies"`)

// FuzzValidate compares results with those of jsonschema-go.
func FuzzValidate(f *testing.F) {
	for _, seed := range seeds {
		for _, other := range seeds {
			f.Add([]byte(seed[0]), []byte(other[1]))
		}
	}
	f.Fuzz(func(t *testing.T, source, instance []byte) {
		if len(source) > 2000 || len(instance) > 200 {
			return
		}
		s, err := schema.Parse(source, schema.Limits{Expansion: 100})
		if err != nil {
			return
		}
		v := s.Validator(schema.Options{MaxFindings: 1000})
		report := v.Validate(instance)
		if report.Err() == nil != report.Valid() {
			t.Errorf("Err is %v, Valid is %v", report.Err(), report.Valid())
		}
		if first := s.Validator(schema.Options{MaxFindings: 1}).Validate(instance); first.Valid() != report.Valid() {
			t.Errorf("valid=%v with one finding, %v with many", first.Valid(), report.Valid())
		}
		for _, finding := range report.Findings {
			if finding.Keyword == "" { // no JSON, duplicate keys, a limit
				return
			}
		}
		if older.Match(s.JSON()) && !strings.Contains(string(s.JSON()), "draft-07") {
			return
		}
		if len(v.Unchecked()) > 0 || inexact.Match(s.JSON()) || misread(s.JSON()) || inexact.Match(instance) {
			return
		}
		resolved, err := googletype.Resolve(s)
		var decoded any
		if err != nil || json.Unmarshal(instance, &decoded) != nil {
			return
		}
		err = resolved.Validate(decoded)
		if err != nil && strings.Contains(err.Error(), "cannot validate version") {
			return
		}
		if (err == nil) != report.Valid() {
			t.Errorf("%s\n%s\nwe say %v, jsonschema-go says %v", s.JSON(), instance, report, err)
		}
	})
}

// FuzzStream translates any text back in pieces. The result never depends on the size of the
// pieces.
func FuzzStream(f *testing.F) {
	f.Add(0, 1, `{"a":null,"m":[{"key":"x","value":[{"key":"y","value":1}]}]}`)
	f.Add(1, 2, `{"value":["a",{"q":null}]}`)
	f.Add(2, 3, "prose {\"a\": [")
	profile, _ := schema.ProfileNamed("openai-strict")
	var translations []*schema.Translation
	for _, source := range wild {
		s, err := schema.Parse([]byte(source), schema.Limits{})
		if err != nil {
			f.Fatal(err)
		}
		if t, err := s.For(profile); err == nil && t.Stream() != nil {
			translations = append(translations, t)
		}
	}
	f.Fuzz(func(t *testing.T, which, size int, text string) {
		if which < 0 || size < 1 || len(text) > 2000 {
			return
		}
		translation := translations[which%len(translations)]
		whole := translation.Stream()
		want := whole.Write(text) + whole.Close()
		pieces := translation.Stream()
		got := ""
		for rest := text; rest != ""; {
			n := min(size, len(rest))
			got += pieces.Write(rest[:n])
			rest = rest[n:]
		}
		if got += pieces.Close(); got != want {
			t.Errorf("%q in pieces of %d bytes becomes %q, whole %q", text, size, got, want)
		}
	})
}
