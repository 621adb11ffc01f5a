package config_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/parley-llm/parley/providers/config"
	"go.yaml.in/yaml/v4"
)

func resolved(t testing.TB) *jsonschema.Resolved {
	t.Helper()
	var schema jsonschema.Schema
	if err := json.Unmarshal(config.Schema(), &schema); err != nil {
		t.Fatal(err)
	}
	r, err := schema.Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// instance returns a config file in the form that package jsonschema validates.
func instance(t testing.TB, content string) (any, bool) {
	t.Helper()
	var v any
	if yaml.Load([]byte(content), &v) != nil {
		return nil, false
	}
	data, err := json.Marshal(v)
	if err != nil {
		return nil, false
	}
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	return v, true
}

func TestSchemaTakesWhatTheLoaderTakes(t *testing.T) {
	schema := resolved(t)
	for _, content := range []string{
		fullFile,
		"models: {a: echo/m}",
		"models: {a: {model: echo/m, key: {command: [cat, x], expires: 1h30m}, proxy: none, tls: {ca: a, cert: b, key: c, server_name: d}}}",
		"models: {a: {model: echo/m, key: text}, b: {model: echo/m, key: {file: x}}}",
	} {
		v, ok := instance(t, content)
		if !ok {
			t.Fatalf("this is not YAML:\n%s", content)
		}
		if err := schema.Validate(v); err != nil {
			t.Errorf("the schema refuses what the loader takes: %v\n%s", err, content)
		}
	}
}

// TestSchemaRefusesWhatIsOfTheWrongForm validates every file with a mistake of form. The schema
// accepts the mistakes that only the loader can find, for example a variable that is not set.
func TestSchemaRefusesWhatIsOfTheWrongForm(t *testing.T) {
	schema := resolved(t)
	refused := 0
	for _, c := range errorCases(t) {
		ofForm := false
		for _, words := range []string{
			"unknown field", "misplaced field", "expected ", "the value is missing", "a key is text", "invalid key", "the name is missing",
			"expires must be", "unknown middleware", "unknown kind of group", " has no kind", "has no model; add",
		} {
			ofForm = ofForm || strings.Contains(c.want, words)
		}
		v, ok := instance(t, c.input)
		if !ofForm || !ok {
			continue
		}
		refused++
		if schema.Validate(v) == nil {
			t.Errorf("%s: the schema takes what the loader refuses:\n%s\n%s", c.name, c.input, c.want)
		}
	}
	if refused < 10 {
		t.Errorf("%d cases were tried, which is too few to show anything", refused)
	}
}

// TestSchemaAndLoaderHaveTheSameFields loads a file for each field of the schema, with one
// letter added to the field. The loader must suggest the field.
func TestSchemaAndLoaderHaveTheSameFields(t *testing.T) {
	var schema struct {
		Properties map[string]any
		Defs       map[string]map[string]any `json:"$defs"`
	}
	if err := json.Unmarshal(config.Schema(), &schema); err != nil {
		t.Fatal(err)
	}
	properties := func(def string) map[string]any {
		d := schema.Defs[def]
		if choices, ok := d["oneOf"].([]any); ok { // the long form is the last
			d = choices[len(choices)-1].(map[string]any)
		}
		return d["properties"].(map[string]any)
	}
	tried := 0
	for where, fields := range map[string]map[string]any{
		"FIELD: x":                      schema.Properties,
		"providers: {echo: {FIELD: x}}": properties("providerConfig"),
		"models: {a: {FIELD: x}}":       properties("modelConfig"),
		"models: {a: {model: echo/m, limits: {FIELD: x}}}":               properties("limitsConfig"),
		"models: {a: {model: echo/m, tls: {FIELD: x}}}":                  properties("tlsConfig"),
		"models: {a: {model: echo/m, defaults: {FIELD: x}}}":             properties("defaultsConfig"),
		"models: {a: {model: echo/m, info: {FIELD: x}}}":                 properties("infoConfig"),
		"models: {a: {info: {prices: {FIELD: x}}}}":                      properties("pricesConfig"),
		"stores: {a: {FIELD: x}}":                                        properties("storeConfig"),
		"groups: {a: {FIELD: x}}":                                        properties("groupConfig"),
		"models: {a: {model: echo/m, options: {FIELD: x}}}":              properties("config_test.echoOptions"),
		"models: {a: {model: echo/m, middleware: [suffix: {FIELD: x}]}}": properties("config_test.suffix"),
	} {
		for field := range fields {
			tried++
			path := write(t, strings.ReplaceAll(where, "FIELD", field+"Q"))
			_, err := config.Load(path, variables(nil))
			if want := `unknown field "` + field + `Q"; did you mean "` + field + `"?`; !strings.Contains(complaint(err, path), want) {
				t.Errorf("%s: the loader says %q, want %q", where, complaint(err, path), want)
			}
		}
	}
	if tried < 60 {
		t.Errorf("%d fields were tried", tried)
	}
}
