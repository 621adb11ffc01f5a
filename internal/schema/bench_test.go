package schema_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/parley-llm/parley/internal/schema"
	"github.com/parley-llm/parley/internal/schema/googletype"
)

const toolSchema = `{"type":"object","properties":{"city":{"type":"string","description":"The city."},"days":{"type":"integer","minimum":1,"maximum":14},"unit":{"type":"string","enum":["celsius","fahrenheit"]},"tags":{"type":"array","items":{"type":"string"}}},"required":["city","days"],"additionalProperties":false}`

var toolArguments = []byte(`{"city": "Reykjavík", "days": 3, "unit": "celsius", "tags": ["wind", "rain"]}`)

// large returns a schema and an instance of 1 MB.
func large() (string, []byte) {
	var b strings.Builder
	b.WriteString(`[`)
	for i := 0; b.Len() < 1<<20; i++ {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"id": %d, "name": "item %d", "price": %d.25, "tags": ["a", "b\n"], "size": null}`, i, i, i)
	}
	b.WriteString(`]`)
	return `{"type":"array","items":{"type":"object","properties":{"id":{"type":"integer","minimum":0},"name":{"type":"string","maxLength":50},"price":{"type":"number"},"tags":{"type":"array","items":{"type":"string"}},"size":{"anyOf":[{"type":"integer"},{"type":"null"}]}},"required":["id","name","price"],"additionalProperties":false}}`, []byte(b.String())
}

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := schema.Parse([]byte(toolSchema), schema.Limits{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkTranslate(b *testing.B) {
	b.ReportAllocs()
	s, p := parse(b, toolSchema), profile(b, "openai-strict")
	for b.Loop() {
		if _, err := s.For(p); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkBack(b *testing.B) {
	b.ReportAllocs()
	tr, err := parse(b, toolSchema).For(profile(b, "openai-strict"))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := tr.Back([]byte(`{"city": "Reykjavík", "days": 3, "unit": null, "tags": null}`)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkValidate(b *testing.B) {
	b.ReportAllocs()
	v := parse(b, toolSchema).Validator(schema.Options{})
	for b.Loop() {
		if report := v.Validate(toolArguments); !report.Valid() {
			b.Fatal(report)
		}
	}
}

// BenchmarkLarge validates 1 MB. The case decode is json.Unmarshal of the same text, for
// comparison, and jsonschema-go decodes and validates.
func BenchmarkLarge(b *testing.B) {
	source, instance := large()
	s := parse(b, source)
	b.Run("validate", func(b *testing.B) {
		b.ReportAllocs()
		v := s.Validator(schema.Options{})
		for b.Loop() {
			if report := v.Validate(instance); !report.Valid() {
				b.Fatal(report)
			}
		}
	})
	b.Run("decode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var v any
			if err := json.Unmarshal(instance, &v); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("jsonschema-go", func(b *testing.B) {
		b.ReportAllocs()
		resolved, err := googletype.Resolve(s)
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			var v any
			if err := json.Unmarshal(instance, &v); err != nil {
				b.Fatal(err)
			}
			if err := resolved.Validate(v); err != nil {
				b.Fatal(err)
			}
		}
	})
}
