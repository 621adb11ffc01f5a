package schema_test

import (
	"fmt"

	"github.com/parley-llm/parley/internal/schema"
)

func Example() {
	s, err := schema.Parse([]byte(`{
		"type": "object",
		"properties": {
			"city": {"type": "string"},
			"days": {"type": "integer", "minimum": 1},
			"rain": {"type": "object", "additionalProperties": {"type": "number"}}
		},
		"required": ["city"],
		"additionalProperties": false
	}`), schema.Limits{})
	if err != nil {
		fmt.Println(err)
		return
	}

	// Send a schema that the backend accepts.
	profile, _ := schema.ProfileNamed("openai-strict")
	translated, err := s.For(profile)
	if err != nil {
		fmt.Println(err) // if Error.Unsupported is true, use another way to ask for JSON
		return
	}
	for _, warning := range translated.Warnings {
		fmt.Println("warning:", warning)
	}

	// Translate the answer to the original schema, and validate it.
	validator := s.Validator(schema.Options{})
	for _, answer := range []string{
		`{"city": "Oslo", "days": null, "rain": [{"key": "monday", "value": 2.5}]}`,
		`{"City": "Oslo", "days": 0, "rain": null}`,
	} {
		original, err := translated.Back([]byte(answer))
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(string(original))
		if report := validator.Validate(original); !report.Valid() {
			translated.Relocate([]byte(answer), report) // paths as the model wrote them
			fmt.Println(report)
		}
	}
	// Output:
	// {"city":"Oslo","rain":{"monday":2.5}}
	// {"City":"Oslo","days":0}
	// member "city" is missing: add it, or rename "City"
	// /City: member is not allowed here: remove it; did you mean "city"?
	// /days: must be at least 1, but is 0
}
