package schema_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parley-llm/parley/internal/schema"
)

func TestValidateReportsEveryFinding(t *testing.T) {
	const order = `{
		"type": "object",
		"properties": {
			"customer": {"type": "object", "properties": {"name": {"type": "string"}, "email": {"type": "string", "format": "email"}}, "required": ["name", "email"], "additionalProperties": false},
			"items": {"type": "array", "minItems": 1, "items": {"type": "object", "properties": {"sku": {"type": "string", "pattern": "^[A-Z]{3}$"}, "count": {"type": "integer", "minimum": 1}}, "required": ["sku", "count"]}},
			"status": {"enum": ["open", "paid", "shipped"]}
		},
		"required": ["customer", "items", "status"],
		"additionalProperties": false
	}`
	v := parse(t, order).Validator(schema.Options{})
	report := v.Validate([]byte(`{"customer": {"Name": "Ada", "email": 1}, "items": [{"sku": "AB", "count": "2"}, 7], "state": "Open"}`))
	want := strings.Join([]string{
		`member "status" is missing: add it, or rename "state"`,
		`/customer: member "name" is missing: add it, or rename "Name"`,
		`/customer/Name: member is not allowed here: remove it; did you mean "name"?`,
		`/customer/email: must be a string, but is the number 1: put it in quotes`,
		`/items/0/sku: must match the regular expression ^[A-Z]{3}$, but is the string "AB"`,
		`/items/0/count: must be an integer, but is the string "2": write it without quotes`,
		`/items/1: must be an object, but is the number 7`,
		`/state: member is not allowed here: remove it; did you mean "status"?`,
	}, "\n")
	if report.String() != want || report.More {
		t.Errorf("got\n%s\nwant\n%s", report, want)
	}
	first := report.Findings[4]
	if first.Path != "/items/0/sku" || first.Keyword != "pattern" || first.Schema != "/properties/items/items/properties/sku" {
		t.Errorf("finding is %+v", first)
	}
	if got := report.Err().Error(); got != "schema: answer does not match: "+strings.ReplaceAll(want, "\n", "; ") {
		t.Errorf("Err is %s", got)
	}
}

func TestValidateMessages(t *testing.T) {
	for _, test := range []struct{ name, schema, instance, want string }{
		{"empty text", `{}`, ``, "there is no JSON, the text is empty: write one JSON value"},
		{"prose", `{}`, "Sure! {}", `text is not valid JSON at byte 1, near "Sure! {}" (invalid character 'S' looking for beginning of value): correct the syntax and write nothing but JSON`},
		{"two values", `{}`, "{} {}", `text is not valid JSON at byte 4, near "{} {}" (invalid character '{' after top-level value): correct the syntax and write nothing but JSON`},
		{"cut off", `{}`, `{"a": [1`, "JSON ends too early, at byte 8: complete the value"},
		{"not UTF-8", `{}`, "\"\xff\"", "text is not valid UTF-8: encode it as UTF-8"},
		{"type list", `{"type": ["string", "null", "integer"]}`, `true`, "must be a string or an integer or null, but is true"},
		{"text of an object", `{"type": "object"}`, `"{\"a\": 1}"`, `must be an object, but is the string "{\"a\": 1}": write the object itself, not its text`},
		{"text of an array", `{"type": "array"}`, `"[1]"`, `must be an array, but is the string "[1]": write the array itself, not its text`},
		{"text of a boolean", `{"type": "boolean"}`, `"true"`, `must be a boolean, but is the string "true": write it without quotes`},
		{"enum in another case", `{"enum": ["red", "green"]}`, `"Red"`, `must be one of "red", "green", but is the string "Red"; did you mean "red"?`},
		{"enum of mixed types", `{"enum": [1, null, {"a": [2]}]}`, `{"a": [3]}`, `must be one of 1, null, {"a":[2]}, but is an object`},
		{"const", `{"const": {"a": 1}}`, `[]`, `must be {"a":1}, but is an empty array`},
		{"exclusive bounds", `{"exclusiveMinimum": 0, "exclusiveMaximum": 1}`, `1`, "must be less than 1, but is 1"},
		{"both bounds", `{"minimum": 3, "multipleOf": 2}`, `1`, "must be at least 3, but is 1\nmust be a multiple of 2, but is 1"},
		{"length in characters", `{"maxLength": 2}`, `"äöü"`, "must have at most 2 characters, but has 3"},
		{"items", `{"minItems": 2, "uniqueItems": true}`, `[1]`, "must have at least 2 items, but has 1"},
		{"equal items", `{"uniqueItems": true}`, `[{"a": 1, "b": 2}, 3, {"b": 2.0, "a": 10e-1}]`, "items must differ, but items 0 and 2 are equal"},
		{"contains", `{"contains": {"type": "null"}}`, `[1]`, "must have at least 1 items that match null, but has 0"},
		{"no value allowed", `{"properties": {"a": false}}`, `{"a": 1}`, "/a: no value is allowed here: remove it"},
		{"names", `{"propertyNames": {"pattern": "^[a-z]+$", "title": "lower case"}}`, `{"A": 1}`, `/A: name "A" is not allowed here: names must match "lower case"`},
		{"dependent", `{"dependentRequired": {"a": ["b"]}}`, `{"a": 1}`, `member "b" is missing: add it, because "a" is there`},
		{"not", `{"not": {"type": "string"}}`, `"x"`, "must not match a string, but does"},
		{"branch of the only type", `{"anyOf": [{"type": "null"}, {"type": "object", "required": ["a"]}]}`, `{}`, `member "a" is missing: add it`},
		{"branch by tag", `{"oneOf": [{"properties": {"kind": {"const": "a"}, "x": {"type": "integer"}}, "required": ["x"]}, {"properties": {"kind": {"const": "b"}}}]}`, `{"kind": "a"}`, `member "x" is missing: add it`},
		{"no branch", `{"anyOf": [{"type": "string"}, {"type": "null"}]}`, `1`, "must match one of 2 alternatives (a string, null), but is the number 1"},
		{"two branches", `{"oneOf": [{"type": "number"}, {"minimum": 0, "title": "positive"}]}`, `1`, `must match exactly one alternative, but matches 2: a number, "positive"`},
		{"escaped path", `{"properties": {"a/b~c": {"items": {"type": "null"}}}}`, `{"a/b~c": [null, 1]}`, "/a~1b~0c/1: must be null, but is the number 1"},
		{"unknown member", `{"properties": {"a": {}, "b": {}}, "additionalProperties": false}`, `{"other": 1}`, `/other: member is not allowed here: remove it; known members are "a", "b"`},
		{"unevaluated member", `{"allOf": [{"properties": {"a": {}}}], "unevaluatedProperties": false}`, `{"a": 1, "b": 1}`, "/b: no value is allowed here: remove it"},
		{"one finding from two branches", `{"allOf": [{"type": "string"}, {"type": "string"}]}`, `1`, "must be a string, but is the number 1: put it in quotes"},
	} {
		t.Run(test.name, func(t *testing.T) {
			report := parse(t, test.schema).Validator(schema.Options{}).Validate([]byte(test.instance))
			if report.String() != test.want {
				t.Errorf("got\n%s\nwant\n%s", report, test.want)
			}
		})
	}
}

func TestDuplicateKeysAreFindings(t *testing.T) {
	v := parse(t, `{"type": "object"}`).Validator(schema.Options{})
	report := v.Validate([]byte(`{"a": 1, "a": 1, "b": [{"c": 1, "\u0063": 2}]}`))
	want := "key \"a\" occurs twice: keep one of them\n/b/0: key \"c\" occurs twice: keep one of them"
	if report.String() != want {
		t.Errorf("got\n%s\nwant\n%s", report, want)
	}
	many := "{"
	for i := range 20 {
		many += fmt.Sprintf(`"k%d": 1, `, i)
	}
	if report := v.Validate([]byte(many + `"k7": 2}`)); report.String() != `key "k7" occurs twice: keep one of them` {
		t.Errorf("got %s", report)
	}
}

func TestNumbersAreExact(t *testing.T) {
	for _, test := range []struct {
		schema, instance string
		valid            bool
	}{
		{`{"maximum": 9223372036854775807}`, `9223372036854775807`, true},
		{`{"maximum": 9223372036854775807}`, `9223372036854775808`, false},
		{`{"minimum": 9007199254740993}`, `9007199254740992`, false},
		{`{"minimum": 9007199254740993}`, `9007199254740993.0`, true},
		{`{"exclusiveMinimum": -0.1}`, `-0.10`, false},
		{`{"exclusiveMinimum": -0.1}`, `-0.0999999999999999999999999`, true},
		{`{"const": 9007199254740993}`, `9007199254740992`, false},
		{`{"const": 9007199254740993}`, `9007199254740993`, true},
		{`{"enum": [0]}`, `-0.0e5`, true},
		{`{"enum": [1, 2, 3, 4, 5, 6, 7, 8, 100]}`, `1e2`, true},
		{`{"enum": [1, 2, 3, 4, 5, 6, 7, 8, 9007199254740993]}`, `9007199254740992`, false},
		{`{"multipleOf": 0.1}`, `0.3`, true},
		{`{"multipleOf": 0.01}`, `4.355`, false},
		{`{"multipleOf": 0.01}`, `4.35`, true},
		{`{"multipleOf": 3}`, `1e1000000`, false},
		{`{"multipleOf": 5}`, `1e1000000`, true},
		{`{"multipleOf": 1e-8}`, `12391239123`, true},
		{`{"multipleOf": 123456789}`, `1e-1000000`, false},
		{`{"type": "integer"}`, `1.0`, true},
		{`{"type": "integer"}`, `10e-1`, true},
		{`{"type": "integer"}`, `1e-1`, false},
		{`{"type": "integer"}`, `1e999999999`, true},
		{`{"type": "integer"}`, `123456789012345678901234567890`, true},
		{`{"type": "integer"}`, `9007199254740992.5`, false},
		{`{"minimum": 0}`, `1e99999999999`, false},
		{`{"uniqueItems": true}`, `[9007199254740992, 9007199254740993]`, true},
		{`{"uniqueItems": true}`, `[1, 1.00]`, false},
	} {
		report := parse(t, test.schema).Validator(schema.Options{}).Validate([]byte(test.instance))
		if report.Valid() != test.valid {
			t.Errorf("%s %s: got valid=%v: %s", test.schema, test.instance, report.Valid(), report)
		}
	}
}

func TestFormatsAreCheckedOnRequest(t *testing.T) {
	for format, values := range map[string][2]string{
		"date-time": {"2026-11-30T14:05:00.5+01:00", "2026-11-30 14:05"},
		"date":      {"2024-02-29", "2023-02-29"},
		"time":      {"23:59:59Z", "24:00:00Z"},
		"duration":  {"P1DT2H", "1h30m"},
		"email":     {"ada@example.com", "Ada <ada@example.com>"},
		"hostname":  {"a-b.example", "-a.example"},
		"ipv4":      {"127.0.0.1", "127.0.0.256"},
		"ipv6":      {"::1", "127.0.0.1"},
		"uuid":      {"8c36c2be-5fd4-4d06-a9d0-5f7e7d5f7a4e", "8c36c2be5fd44d06a9d05f7e7d5f7a4e"},
		"unknown":   {"anything", ""},
	} {
		s := parse(t, `{"format": "`+format+`"}`)
		strict, loose := s.Validator(schema.Options{Formats: true}), s.Validator(schema.Options{})
		if report := strict.Validate([]byte(`"` + values[0] + `"`)); !report.Valid() {
			t.Errorf("%s: %s", format, report)
		}
		bad := []byte(`"` + values[1] + `"`)
		if report := strict.Validate(bad); report.Valid() != (format == "unknown") {
			t.Errorf("%s: %q is valid=%v", format, values[1], report.Valid())
		}
		if report := loose.Validate(bad); !report.Valid() {
			t.Errorf("%s: checked although Formats is off: %s", format, report)
		}
	}
}

func TestPatternsOfECMAScript(t *testing.T) {
	for _, test := range []struct {
		pattern, instance string
		valid             bool
	}{
		{`^\\u0041+$`, "AAA", true},
		{`^\\u0041+$`, "u0041", false},
		{`^\\/\\d$`, "/1", true},
		{`b`, "abc", true},
		{`^a$`, "a\\n", false},
	} {
		report := parse(t, `{"pattern": "`+test.pattern+`"}`).Validator(schema.Options{}).Validate([]byte(`"` + test.instance + `"`))
		if report.Valid() != test.valid {
			t.Errorf("%s %q: %s", test.pattern, test.instance, report)
		}
	}
	v := parse(t, `{"properties": {"a": {"pattern": "(?!x)y"}}}`).Validator(schema.Options{})
	if len(v.Unchecked()) != 1 || v.Unchecked()[0].Path != "/properties/a/pattern" {
		t.Fatalf("Unchecked is %v", v.Unchecked())
	}
	if report := v.Validate([]byte(`{"a": "x"}`)); !report.Valid() {
		t.Errorf("an unreadable pattern was checked: %s", report)
	}
}

func TestValidatorIsSafeForConcurrentUse(t *testing.T) {
	v := parse(t, `{"properties": {"a": {"anyOf": [{"type": "string", "pattern": "^x"}, {"$ref": "#"}]}}, "unevaluatedProperties": false}`).Validator(schema.Options{})
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			for range 100 {
				if report := v.Validate([]byte(`{"a": {"a": "y", "b": 1}}`)); report.Valid() {
					t.Error("an invalid instance is valid")
				}
			}
		})
	}
	wait.Wait()
}

func TestReportIsBounded(t *testing.T) {
	v := parse(t, `{"items": {"type": "string"}, "additionalProperties": false}`).Validator(schema.Options{})
	report := v.Validate([]byte("[" + strings.Repeat("1,", 100_000) + "1]"))
	if len(report.Findings) != 10 || !report.More || !strings.HasSuffix(report.String(), "\nThere are more problems than are listed here.") {
		t.Errorf("%d findings, more=%v", len(report.Findings), report.More)
	}
	long := strings.Repeat("ä", 100_000)
	report = v.Validate([]byte(`{"` + long + `": "` + long + `"}`))
	if size := len(report.String()); size > 1500 {
		t.Errorf("the report of a long name has %d bytes", size)
	}
	v = parse(t, `{"enum": ["`+long+`", {"a": "`+long+`"}]}`).Validator(schema.Options{})
	if size := len(v.Validate([]byte(`"` + long + `x"`)).String()); size > 700 {
		t.Errorf("the report of long enum values has %d bytes", size)
	}
	report = parse(t, `{"items": {"type": "string"}}`).Validator(schema.Options{MaxFindings: 100}).Validate([]byte("[" + strings.Repeat("1,", 49) + "1]"))
	if len(report.Findings) != 50 || report.More {
		t.Errorf("MaxFindings 100: %d findings, more=%v", len(report.Findings), report.More)
	}
}

func TestValidateIsBoundedForHostileInstances(t *testing.T) {
	nested := strings.Repeat(`{"a":`, 450) + "1" + strings.Repeat("}", 450)
	for _, test := range []struct{ name, schema, instance, want string }{
		{"branches that double at each level", `{"properties": {"a": {"anyOf": [{"allOf": [{"$ref": "#"}, {"not": {"$ref": "#"}}]}, {"$ref": "#"}]}}, "required": ["a"]}`, nested, "too long to check"},
		{"a slow pattern", `{"items": {"pattern": "(x+x+)+y"}}`, `["` + strings.Repeat("x", 8<<20) + `","` + strings.Repeat("x", 4<<20) + `"]`, "too long to check"},
		{"a chain of references at each level", chain(190), strings.Repeat(`{"a":`, 499) + "1" + strings.Repeat("}", 499), "/a/a/a"},
		{"the same missing name many times", `{"allOf": [` + strings.Repeat(`{"required": ["abcdefghijklmnopqrstuvwxyz"]},`, 20_000) + `{}]}`, manyMembers(150), ""},
		{"the same long enum many times", `{"allOf": [` + strings.Repeat(`{"$ref": "#/$defs/e"},`, 20_000) + `{}], "$defs": {"e": {"enum": [` + strings.Repeat(`"abcdefgh",`, 9_000) + `"x"]}}}`, `"y"`, "must be one of"},
		{"nested too deep", `{}`, strings.Repeat("[", 501) + strings.Repeat("]", 501), "values are nested more than 500 levels deep: nest them less"},
		{"too many bytes", `{}`, `"` + strings.Repeat("x", 16<<20) + `"`, "more than 16777216: write less"},
		{"too many values", `{}`, "[" + strings.Repeat("1,", 2_000_000) + "1]", "there are more than 2000000 values: make it smaller"},
		{"nested uniqueItems", `{"uniqueItems": true, "items": {"$ref": "#"}}`, strings.Repeat("[", 490) + strings.Repeat("1,", 300_000) + "1" + strings.Repeat("]", 490), ""},
		{"many unknown members", `{"additionalProperties": false, "required": ["` + strings.Repeat("x", 30) + `"]}`, manyMembers(200_000), "not allowed here"},
		{"many digits", `{"multipleOf": 7}`, strings.Repeat("9", 1_000_000), "too many digits"},
		{"long multipleOf", `{"items": {"multipleOf": ` + strings.Repeat("7", 4000) + `}}`, "[" + strings.Repeat(strings.Repeat("9", 4000)+",", 4000) + "1]", ""},
		{"unevaluated members", `{"allOf": [{"allOf": [{"allOf": [{"additionalProperties": true}]}]}], "unevaluatedProperties": false}`, manyMembers(50_000), ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			v := parse(t, test.schema).Validator(schema.Options{})
			start := time.Now()
			report := v.Validate([]byte(test.instance))
			took := time.Since(start)
			if !strings.Contains(report.String(), test.want) {
				t.Errorf("got %s, want %s", report, test.want)
			}
			t.Logf("%v, %d findings: %.100s", took, len(report.Findings), report)
			if took > 20*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

// chain returns a schema in which many references lead to one recursive object.
func chain(length int) string {
	var defs []string
	for i := range length {
		defs = append(defs, fmt.Sprintf(`"d%d": {"allOf": [{"$ref": "#/$defs/d%d"}]}`, i, i+1))
	}
	defs = defs[:len(defs)/2]
	defs = append(defs, fmt.Sprintf(`"d%d": {"type": "object", "properties": {"a": {"$ref": "#/$defs/d0"}}}`, len(defs)))
	return `{"$ref": "#/$defs/d0", "$defs": {` + strings.Join(defs, ", ") + "}}"
}

func manyMembers(n int) string {
	var b strings.Builder
	b.WriteByte('{')
	for i := range n {
		fmt.Fprintf(&b, `"k%d":%d,`, i, i)
	}
	return b.String() + `"last":1}`
}
