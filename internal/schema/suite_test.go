package schema_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parley-llm/parley/internal/schema"
)

// group is one entry of the JSON Schema test suite.
type group struct {
	Description string
	Schema      json.RawMessage
	Tests       []struct {
		Description string
		Data        json.RawMessage
		Valid       bool
	}
}

// suite returns the groups of a draft by file name. The suite is part of jsonschema-go's
// module. It is in the module cache whenever this package compiles.
func suite(t testing.TB, draft string) map[string][]group {
	t.Helper()
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/google/jsonschema-go").Output()
	if err != nil {
		t.Fatalf("cannot find jsonschema-go's directory: %v", err)
	}
	files, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(dir)), "jsonschema/testdata", draft, "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no test suite for %s in %s: %v", draft, dir, err)
	}
	groups := map[string][]group{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var g []group
		if err := json.Unmarshal(data, &g); err != nil {
			t.Fatal(err)
		}
		groups[filepath.Base(file)] = g
	}
	return groups
}

// withDraft adds $schema to an object that has none.
func withDraft(data json.RawMessage, draft string) json.RawMessage {
	if draft == "draft2020-12" || strings.Contains(string(data), `"$schema"`) || data[0] != '{' {
		return data
	}
	comma := ","
	if strings.TrimSpace(string(data[1:])) == "}" {
		comma = ""
	}
	return json.RawMessage(`{"$schema": "http://json-schema.org/draft-07/schema#"` + comma + string(data[1:]))
}

func TestSuite(t *testing.T) {
	for draft, least := range map[string]int{"draft2020-12": 1000, "draft7": 600} {
		t.Run(draft, func(t *testing.T) {
			checked, remote := 0, 0 // remote: refused on purpose
			for file, groups := range suite(t, draft) {
				for _, g := range groups {
					s, err := schema.Parse(withDraft(g.Schema, draft), schema.Limits{})
					if err != nil && strings.Contains(err.Error(), "nothing is downloaded") {
						remote++
						continue
					}
					if err != nil {
						t.Errorf("%s: %s: %v", file, g.Description, err)
						continue
					}
					v := s.Validator(schema.Options{})
					for _, test := range g.Tests {
						checked++
						if report := v.Validate(test.Data); report.Valid() != test.Valid {
							t.Errorf("%s: %s: %s: got valid=%v, want %v\n%s\n%s\n%s",
								file, g.Description, test.Description, report.Valid(), test.Valid, g.Schema, test.Data, report)
						}
					}
				}
			}
			t.Logf("%d tests, %d groups need remote schemas", checked, remote)
			if checked < least {
				t.Errorf("only %d tests ran, want at least %d", checked, least)
			}
		})
	}
}
