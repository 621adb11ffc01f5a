package interop

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/parley-llm/parley/internal/interop/llamacpptest"
	"github.com/parley-llm/parley/internal/schema"
)

// constrained are schemas whose translations a real llama.cpp server compiles to grammars.
// Their keywords are those that its grammar has, and those that the translation takes out.
var constrained = []string{
	`{"type":"object","properties":{"a":{"type":"string","maxLength":8},"b":{"type":"integer","minimum":1,"maximum":5},"c":{"type":["boolean","null"]}},"required":["a"],"additionalProperties":false}`,
	`{"type":"object","properties":{"a":{"type":"string","enum":["x","y"]},"b":{"enum":["p",null]},"n":{"enum":[1,2.5]}},"required":["b"],"additionalProperties":false}`,
	`{"type":["integer","null"]}`,
	`{"enum":["a",1,null,true]}`,
	`{"type":"array","items":{"type":"object","properties":{"k":{"type":"boolean"}},"additionalProperties":false},"minItems":1,"maxItems":3}`,
	`{"$ref":"#/$defs/node","$defs":{"node":{"type":"object","properties":{"v":{"type":"boolean"},"next":{"$ref":"#/$defs/node"}},"required":["v"],"additionalProperties":false}}}`,
	`{"type":"object","properties":{"kids":{"type":"array","items":{"$ref":"#"},"maxItems":2},"name":{"enum":["n"]}},"required":["name"],"additionalProperties":false}`,
	`{"oneOf":[{"type":"object","properties":{"kind":{"const":"a"},"x":{"type":"integer"}},"required":["kind","x"],"additionalProperties":false},{"type":"object","properties":{"kind":{"const":"b"},"y":{"type":"boolean"}},"required":["kind"],"additionalProperties":false}]}`,
	`{"allOf":[{"type":"object","properties":{"a":{"type":"boolean"}},"required":["a"]},{"properties":{"b":{"enum":["x","z"]}},"additionalProperties":true}],"maxProperties":9}`,
	`{"type":["object","boolean"],"properties":{"z":{"type":"boolean"}},"additionalProperties":false}`,
	`{"$schema":"http://json-schema.org/draft-07/schema#","definitions":{"id":{"type":"boolean"}},"type":"object","properties":{"id":{"$ref":"#/definitions/id"},"p":{"type":"array","items":[{"type":"boolean"},{"$ref":"#/definitions/id"}],"additionalItems":false,"minItems":2}},"required":["p"],"additionalProperties":false}`,
	`{"type":"object","properties":{"code":{"type":"string","pattern":"^[A-Z]{3}$"},"deep":{"type":"object","properties":{"p":{"type":"string","pattern":"^[a-z]+$","maxLength":5000}},"additionalProperties":false}},"required":["code"],"additionalProperties":false}`,
	`{"type":"object","properties":{"a":{"type":"array","items":{"type":"boolean"},"maxItems":2},"b":{"$ref":"#/properties/a/items"}},"required":["a","b"],"additionalProperties":false}`,
	`{"type":"object","properties":{"t":{"type":"array","items":{"enum":[1,2]},"uniqueItems":true,"contains":{"const":1},"maxItems":3}},"required":["t"],"additionalProperties":false}`,
	`{"if":{"properties":{"a":{"const":1}}},"then":{"required":["a"]},"not":{"required":["z"]},"type":"object","properties":{"a":{"type":"integer","exclusiveMinimum":0,"exclusiveMaximum":10}},"additionalProperties":false}`,
	`{"type":"object","additionalProperties":{"type":"boolean"}}`,
	`{"type":"object","properties":{},"additionalProperties":false}`,
	`{"type":"object","properties":{"a":{"$ref":"#/$defs/a","description":"A."}},"required":["a"],"$defs":{"a":{"type":"boolean"}},"additionalProperties":false}`,
	`{"type":"array","items":{"anyOf":[{"type":"boolean"},{"$ref":"#"}]},"maxItems":2}`,
}

// TestLlamaCppTakesTranslatedSchemas asks for answers to translated schemas. The server
// ignores a grammar that does not parse, so that only the answer shows whether it took it. A
// model with random weights writes anything that the grammar allows.
func TestLlamaCppTakesTranslatedSchemas(t *testing.T) {
	server := llamacpptest.Start(t, "tiny")
	for _, name := range []string{"llamacpp", "llamacpp-tools", "ollama", "portable"} {
		t.Run(name, func(t *testing.T) { askConstrained(t, server, name) })
	}
}

func askConstrained(t *testing.T, server *llamacpptest.Server, name string) {
	p, ok := schema.ProfileNamed(name)
	if !ok {
		t.Fatalf("there is no profile %s", name)
	}
	complete := 0
	for _, source := range constrained {
		s, err := schema.Parse([]byte(source), schema.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		translated, err := s.For(p)
		if err != nil && (p.NoRecursion && strings.Contains(err.Error(), "recursion")) {
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", source, err)
			continue
		}
		original := s.Validator(schema.Options{})
		for seed := range 4 {
			text, ok := answerTo(t, server, translated.Schema, seed)
			if !ok {
				continue
			}
			back, err := translated.Back([]byte(text))
			if err != nil && strings.Contains(err.Error(), "ends too early") {
				continue // the limit of tokens
			}
			if err != nil {
				t.Errorf("%s: the answer is %q: %v", translated.Schema, text, err)
				continue
			}
			report := original.Validate(back)
			switch {
			case report.Valid():
				complete++
			case strings.Contains(report.String(), "ends too early"):
			case len(translated.Warnings) == 0:
				t.Errorf("%s: the answer is %q: %s", translated.Schema, text, report)
			}
		}
	}
	if complete < len(constrained) {
		t.Errorf("only %d answers were complete and valid", complete)
	}
}

// answerTo returns the server's answer under a schema. It returns false after an error.
func answerTo(t *testing.T, server *llamacpptest.Server, constraint json.RawMessage, seed int) (string, bool) {
	t.Helper()
	body, err := json.Marshal(map[string]any{
		"prompt": "x", "json_schema": constraint, "n_predict": 150, "seed": seed, "temperature": 1.0, "cache_prompt": false,
	})
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.Post(server.URL+"/completion", "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	var reply struct{ Content string }
	if err := json.Unmarshal(data, &reply); err != nil || response.StatusCode != http.StatusOK {
		t.Errorf("%s: %s: %s", constraint, response.Status, data)
		return "", false
	}
	return reply.Content, true
}
