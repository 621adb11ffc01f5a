package schema_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/parley-llm/parley/internal/schema"
)

// wild are schemas with the shapes that programs and MCP servers send.
var wild = []string{
	`{"type":"object","properties":{"a":{"type":"string"},"b":{"type":"integer","minimum":1,"maximum":5},"c":{"type":["boolean","null"]}},"required":["a"],"additionalProperties":false}`,
	`{"type":"object","properties":{"a":{"type":"string","enum":["x","y"]},"b":{"enum":["p",null]},"n":{"enum":[1,2.5]}},"required":["b"]}`,
	`{"type":"string"}`,
	`{"type":["integer","null"]}`,
	`{"enum":["a",1,null,true]}`,
	`{"type":"array","items":{"type":"object","properties":{"k":{"type":"number"}}},"minItems":1,"maxItems":3}`,
	`{"type":"object","additionalProperties":{"type":"array","items":{"type":"string"}}}`,
	`{"type":"object","properties":{"m":{"type":"object","additionalProperties":{"type":"object","additionalProperties":{"type":"integer"}}}}}`,
	`{"$ref":"#/$defs/node","$defs":{"node":{"type":"object","properties":{"v":{"type":"integer"},"next":{"$ref":"#/$defs/node"}},"required":["v"],"additionalProperties":false}}}`,
	`{"type":"object","properties":{"kids":{"type":"array","items":{"$ref":"#"}},"name":{"type":"string"}},"required":["name"],"additionalProperties":false}`,
	`{"type":"array","items":{"$ref":"#"}}`,
	`{"oneOf":[{"type":"object","properties":{"kind":{"const":"a"},"x":{"type":"integer"},"o":{"type":"string"}},"required":["kind","x"],"additionalProperties":false},{"type":"object","properties":{"kind":{"const":"b"},"y":{"type":"boolean"}},"required":["kind"],"additionalProperties":false}]}`,
	`{"type":"object","properties":{"u":{"anyOf":[{"type":"string"},{"type":"array","items":{"$ref":"#/$defs/p"}},{"$ref":"#/$defs/p"},{"type":"null"}]}},"$defs":{"p":{"type":"object","properties":{"q":{"type":"integer"}},"additionalProperties":false}}}`,
	`{"type":"object","properties":{"a":{"allOf":[{"$ref":"#/$defs/A"}],"description":"One.","default":{}}},"$defs":{"A":{"type":"object","properties":{"q":{"const":3}},"required":["q"]}}}`,
	`{"allOf":[{"type":"object","properties":{"a":{"type":"string"}},"required":["a"]},{"properties":{"b":{"type":"integer"},"a":{"enum":["x","z"]}}}]}`,
	`{"type":"object","properties":{"a":{"type":"string"},"b":{"type":"integer"}},"anyOf":[{"required":["a"]},{"required":["b"]}]}`,
	`{"type":["object","string"],"properties":{"z":{"type":"boolean"}},"additionalProperties":false}`,
	`{"$schema":"http://json-schema.org/draft-07/schema#","definitions":{"id":{"type":"integer"}},"type":"object","properties":{"id":{"$ref":"#/definitions/id"},"p":{"type":"array","items":[{"type":"string"},{"$ref":"#/definitions/id"}],"additionalItems":false,"minItems":2}},"required":["p"]}`,
	`{"type":"object","properties":{"code":{"type":"string","pattern":"^[A-Z]{3}$"},"len":{"type":"string","minLength":2,"maxLength":4},"t":{"type":"string","format":"date-time"},"x":{"type":"integer","exclusiveMinimum":0,"exclusiveMaximum":10,"multipleOf":2}},"required":["code","len","t","x"]}`,
	`{"type":"object","properties":{"free":{},"yes":true,"no":false},"required":["free"]}`,
	`{"type":"object","properties":{"list":{"type":"array"},"bag":{"type":"object"}}}`,
	`{"type":"object","properties":{}}`,
	`{"type":"object","properties":{"a":{"type":["string","null"],"enum":[null]},"b":{"type":["null","array","object"],"items":{"type":"null"}},"c":{"enum":[{"x":1},[2],"s"]}},"required":["a","b"]}`,
	`{"type":"object"}`,
	`{"type":"object","patternProperties":{"^[A-Z]{3}$":{"type":"integer"}},"additionalProperties":false}`,
	`{"type":"object","properties":{"a/b":{"$ref":"#/properties/c~0d"},"c~d":{"type":"object","properties":{"e":{"type":"null"}}}},"maxProperties":5}`,
	`{"$id":"https://example.com/s","type":"object","properties":{"a":{"$ref":"#x"},"b":{"$ref":"t"}},"$defs":{"x":{"$anchor":"x","type":"string"},"t":{"$id":"t","type":"integer"}}}`,
	`{"type":"object","properties":{"a":{"$ref":"#/$defs/A","minProperties":1}},"$defs":{"A":{"type":"object","properties":{"b":{"$ref":"#/$defs/A"}}}}}`,
	`{"if":{"properties":{"a":{"const":1}}},"then":{"required":["b"]},"not":{"required":["z"]},"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"string"}}}`,
}

// maker writes random instances of a translated schema.
type maker struct {
	random *rand.Rand
	root   map[string]any
}

// make returns an instance, or false if the depth does not suffice.
func (m *maker) make(s any, depth int) (any, bool) {
	node, ok := s.(map[string]any)
	if !ok {
		return 1, s == true
	}
	if depth < 0 {
		return nil, false
	}
	if ref, ok := node["$ref"].(string); ok {
		if ref == "#" {
			return m.make(m.root, depth-1)
		}
		return m.make(m.root["$defs"].(map[string]any)[strings.TrimPrefix(ref, "#/$defs/")], depth-1)
	}
	for _, keyword := range []string{"anyOf", "oneOf"} {
		if branches, ok := node[keyword].([]any); ok {
			for _, i := range m.random.Perm(len(branches)) {
				if v, ok := m.make(branches[i], depth-1); ok {
					return v, true
				}
			}
			return nil, false
		}
	}
	if node["nullable"] == true && m.random.IntN(3) == 0 {
		return nil, true
	}
	if c, ok := node["const"]; ok {
		return c, true
	}
	if values, ok := node["enum"].([]any); ok {
		return values[m.random.IntN(len(values))], true
	}
	types, ok := node["type"].([]any)
	if !ok {
		types = []any{node["type"]}
	}
	return m.typed(node, fmt.Sprint(types[m.random.IntN(len(types))]), depth)
}

func (m *maker) typed(node map[string]any, name string, depth int) (any, bool) {
	number := func(keyword string, otherwise int) int {
		if v, ok := node[keyword].(float64); ok {
			return int(v)
		}
		return otherwise
	}
	switch name {
	case "null":
		return nil, true
	case "boolean":
		return m.random.IntN(2) == 0, true
	case "integer", "number":
		low := number("minimum", number("exclusiveMinimum", -1)+1)
		n := low + m.random.IntN(number("maximum", number("exclusiveMaximum", low+4)-1)-low+1)
		if step := number("multipleOf", 1); n%step != 0 {
			if n -= n % step; n < low {
				n += step
			}
		}
		return n, true
	case "string":
		if node["pattern"] != nil {
			return "ABC", true
		}
		return strings.Repeat("ä", max(number("minLength", 0), min(3, number("maxLength", 3)))), true
	case "array":
		return m.array(node, number("minItems", 0), number("maxItems", 3), depth)
	case "object":
		return m.object(node, depth)
	}
	return map[string]any{"any": []any{}}, true // no type
}

func (m *maker) array(node map[string]any, least, most, depth int) (any, bool) {
	items := []any{}
	prefix, _ := node["prefixItems"].([]any)
	for i := range least + m.random.IntN(most-least+1) {
		s := node["items"]
		if i < len(prefix) {
			s = prefix[i]
		}
		if s == nil {
			s = true
		}
		v, ok := m.make(s, depth-1)
		if !ok {
			return items, i >= least
		}
		items = append(items, v)
	}
	return items, true
}

func (m *maker) object(node map[string]any, depth int) (any, bool) {
	out := map[string]any{}
	required, _ := node["required"].([]any)
	properties, _ := node["properties"].(map[string]any)
	for _, name := range sorted(properties) {
		needed := slices.Contains(required, any(name))
		if !needed && m.random.IntN(2) == 0 {
			continue
		}
		v, ok := m.make(properties[name], depth-1)
		if ok {
			out[name] = v
		} else if needed {
			return nil, false
		}
	}
	if extra, ok := node["additionalProperties"].(map[string]any); ok {
		for i := range m.random.IntN(3) {
			if v, ok := m.make(extra, depth-1); ok {
				out[fmt.Sprint("k", i)] = v
			}
		}
	}
	if key, ok := out["key"].(string); ok { // pairs need different keys
		out["key"] = key + fmt.Sprint(m.random.Uint64())
	}
	return out, true
}

func sorted(m map[string]any) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// TestAnswersTranslateBack writes random answers to translated schemas. Translated back, they
// must match the original schema, unless a warning says that something is not enforced.
func TestAnswersTranslateBack(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	checked, wrong, unsupported := 0, 0, 0
	for _, source := range wild {
		s := parse(t, source)
		original := s.Validator(schema.Options{})
		same := sameShape(t, s)
		for _, p := range schema.Profiles() {
			tr, err := s.For(p)
			if err != nil {
				unsupported++
				continue
			}
			if p.Hint || len(tr.Warnings) > 0 {
				continue
			}
			var decoded map[string]any
			if err := json.Unmarshal(tr.Schema, &decoded); err != nil {
				t.Fatal(err)
			}
			translated := parse(t, string(tr.Schema)).Validator(schema.Options{})
			m := &maker{random, decoded}
			for range 40 {
				v, ok := m.make(decoded, 12)
				if !ok {
					continue
				}
				answer, err := json.Marshal(v)
				if err != nil {
					t.Fatal(err)
				}
				if report := translated.Validate(answer); !report.Valid() && p.Null != schema.NullKeyword {
					wrong++ // the maker knows neither if nor minProperties
					continue
				}
				back, err := tr.Back(answer)
				if err != nil {
					t.Fatal(err)
				}
				checked++
				checkStream(t, tr, string(answer), back, random)
				if report := original.Validate(back); !report.Valid() {
					t.Errorf("%s\n%s\n%s\nanswer %s\nback   %s\n%s", p.Name, source, tr.Schema, answer, back, report)
					break
				}
				for name, other := range same {
					if report := other.Validate(back); !report.Valid() {
						t.Errorf("%s: %s refuses %s, which the original accepts: %s", source, name, back, report)
					}
				}
			}
		}
	}
	t.Logf("%d answers, %d written wrongly, %d translations unsupported", checked, wrong, unsupported)
	if checked < 5000 || wrong > checked/50 {
		t.Errorf("%d answers were checked, %d were written wrongly", checked, wrong)
	}
}

// checkStream translates an answer in pieces. The result must equal that of Back.
func checkStream(t *testing.T, tr *schema.Translation, answer string, back json.RawMessage, random *rand.Rand) {
	t.Helper()
	s := tr.Stream()
	if s == nil {
		if string(back) != answer {
			t.Errorf("no stream for %s, which Back changes to %s", answer, back)
		}
		return
	}
	var out strings.Builder
	for rest := answer; rest != ""; {
		n := min(1+random.IntN(6), len(rest))
		out.WriteString(s.Write(rest[:n]))
		rest = rest[n:]
	}
	out.WriteString(s.Close())
	var got, want any
	if err := json.Unmarshal([]byte(out.String()), &got); err != nil {
		t.Errorf("%s\n%s\nbecomes %s: %v", tr.Schema, answer, out.String(), err)
		return
	}
	if err := json.Unmarshal(back, &want); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s\n%s\nbecomes %s\nwant    %s", tr.Schema, answer, out.String(), back)
	}
}

// sameShape returns validators of the translations whose instances have the original form.
func sameShape(t *testing.T, s *schema.Schema) map[string]*schema.Validator {
	validators := map[string]*schema.Validator{}
	for _, name := range []string{"gemini", "llamacpp", "xgrammar"} {
		tr, err := s.For(profile(t, name))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		validators[name] = parse(t, string(tr.Schema)).Validator(schema.Options{})
	}
	return validators
}

// breach returns a description of the first place where a translated schema breaks the rules
// of its profile, or "".
func breach(p schema.Profile, v any, inUnion bool) string {
	node, ok := v.(map[string]any)
	if !ok {
		return fmt.Sprintf("%v is no object", v)
	}
	allowed := strings.Fields(p.Keywords + " type properties required items anyOf $ref $defs description")
	if p.Closed {
		allowed = append(allowed, "additionalProperties")
	}
	if p.Null == schema.NullKeyword {
		allowed = append(allowed, "nullable")
	}
	if p.PropertyOrdering {
		allowed = append(allowed, "propertyOrdering")
	}
	for keyword := range node {
		if !slices.Contains(allowed, keyword) {
			return fmt.Sprintf("%s in %v", keyword, node)
		}
	}
	_, list := node["type"].([]any)
	_, typed := node["type"]
	properties, _ := node["properties"].(map[string]any)
	required, _ := node["required"].([]any)
	additional, hasAdditional := node["additionalProperties"]
	switch {
	case list && p.OneType:
		return fmt.Sprintf("several types in %v", node)
	case !typed && node["anyOf"] == nil && node["oneOf"] == nil && node["$ref"] == nil && p.Typed:
		return fmt.Sprintf("no type in %v", node)
	case p.AllRequired && len(required) != len(properties):
		return fmt.Sprintf("an optional property in %v", node)
	case p.Closed && node["type"] == "object" && additional != false:
		return fmt.Sprintf("an open object in %v", node)
	case node["$ref"] != nil && (p.Refs == schema.RefsInlined || p.Refs == schema.RefsOutsideUnions && inUnion):
		return fmt.Sprintf("a reference in %v", node)
	case node["$ref"] != nil && len(node) > 1 && node["$defs"] == nil && !p.RefDescription:
		return fmt.Sprintf("siblings of a reference in %v", node)
	}
	for _, group := range []any{node["properties"], node["$defs"]} {
		for _, kid := range asMap(group) {
			if b := breach(p, kid, false); b != "" {
				return b
			}
		}
	}
	for _, keyword := range []string{"anyOf", "oneOf", "prefixItems"} {
		kids, _ := node[keyword].([]any)
		for _, kid := range kids {
			if b := breach(p, kid, keyword != "prefixItems"); b != "" {
				return b
			}
		}
	}
	if node["items"] != nil {
		if b := breach(p, node["items"], false); b != "" {
			return b
		}
	}
	if kid, ok := additional.(map[string]any); ok && hasAdditional {
		return breach(p, kid, false)
	}
	return ""
}

func asMap(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}

// distinctProfiles returns the profiles that translate differently.
func distinctProfiles() []schema.Profile {
	seen := map[schema.Profile]bool{}
	return slices.DeleteFunc(schema.Profiles(), func(p schema.Profile) bool {
		p.Name, p.Source, p.FailsOpen, p.PromptToo, p.Request = "", "", "", false, schema.RequestLimits{}
		again := seen[p]
		seen[p] = true
		return again
	})
}

// checkTranslation translates to profiles and checks the results against their rules.
func checkTranslation(t *testing.T, profiles []schema.Profile, s *schema.Schema, answers ...[]byte) {
	original := s.Validator(schema.Options{})
	for _, p := range profiles {
		tr, err := s.For(p)
		if err != nil {
			continue
		}
		for _, answer := range answers {
			back, err := tr.Back(answer)
			if err == nil {
				tr.Relocate(answer, original.Validate(back))
			}
			if err != nil && json.Valid(answer) && len(answer) < 1000 && !strings.Contains(err.Error(), "nested") && !strings.Contains(err.Error(), "UTF-8") {
				t.Errorf("%s: Back(%s): %v", p.Name, answer, err)
			}
		}
		if p.Hint {
			continue
		}
		if _, err := schema.Parse(tr.Schema, schema.Limits{Bytes: 1 << 30, Depth: 1000, Nodes: 1 << 20, PatternSize: 1 << 20, EnumValues: 1 << 20, Chain: 1 << 20, Expansion: 1 << 30}); err != nil {
			t.Errorf("%s: %s became %s: %v", p.Name, s.JSON(), tr.Schema, err)
		}
		var decoded map[string]any
		if err := json.Unmarshal(tr.Schema, &decoded); err != nil {
			t.Fatal(err)
		}
		if b := breach(p, decoded, false); b != "" {
			t.Errorf("%s: %s became %s: %s", p.Name, s.JSON(), tr.Schema, b)
		}
		if p.ObjectRoot && decoded["type"] != "object" {
			t.Errorf("%s: the root of %s is no object", p.Name, tr.Schema)
		}
	}
}

func TestTranslationsObeyTheirProfiles(t *testing.T) {
	for _, source := range wild {
		checkTranslation(t, schema.Profiles(), parse(t, source))
	}
	for _, draft := range []string{"draft2020-12", "draft7"} {
		for _, groups := range suite(t, draft) {
			for _, g := range groups {
				if s, err := schema.Parse(withDraft(g.Schema, draft), schema.Limits{}); err == nil {
					checkTranslation(t, schema.Profiles(), s)
				}
			}
		}
	}
}

// FuzzTranslate translates arbitrary schemas to every profile, and arbitrary answers back.
func FuzzTranslate(f *testing.F) {
	for _, source := range wild {
		f.Add([]byte(source), []byte(`{"a":null,"value":[{"key":"k","value":1}]}`))
	}
	for _, seed := range seeds {
		f.Add([]byte(seed[0]), []byte(seed[1]))
	}
	profiles := distinctProfiles()
	f.Fuzz(func(t *testing.T, source, answer []byte) {
		if len(source) > 2000 {
			return
		}
		if s, err := schema.Parse(source, schema.Limits{}); err == nil {
			checkTranslation(t, profiles, s, answer)
		}
	})
}

// TestTranslationsAcceptNoMore runs the test suite's instances against translated schemas. An
// instance that a translation accepts must be valid, translated back, for the original,
// unless a warning says that something is not enforced.
func TestTranslationsAcceptNoMore(t *testing.T) {
	checked := 0
	for _, draft := range []string{"draft2020-12", "draft7"} {
		for file, groups := range suite(t, draft) {
			for _, g := range groups {
				s, err := schema.Parse(withDraft(g.Schema, draft), schema.Limits{})
				if err != nil {
					continue
				}
				original := s.Validator(schema.Options{})
				for _, p := range schema.Profiles() {
					tr, err := s.For(p)
					if err != nil || p.Hint || len(tr.Warnings) > 0 || p.Null == schema.NullKeyword {
						continue
					}
					translated := parse(t, string(tr.Schema)).Validator(schema.Options{})
					for _, test := range g.Tests {
						for _, answer := range []string{string(test.Data), `{"value":` + string(test.Data) + `}`} {
							if !translated.Validate([]byte(answer)).Valid() {
								continue
							}
							back, err := tr.Back([]byte(answer))
							if err != nil {
								t.Fatal(err)
							}
							checked++
							if report := original.Validate(back); !report.Valid() {
								t.Errorf("%s: %s: %s\n%s\n%s\nanswer %s\nback   %s\n%s", file, g.Description, p.Name, g.Schema, tr.Schema, answer, back, report)
							}
						}
					}
				}
			}
		}
	}
	t.Logf("%d answers", checked)
	if checked < 3000 {
		t.Errorf("only %d answers were checked", checked)
	}
}
