package provider

import "testing"

func TestMergeReplacesAndAddsMembers(t *testing.T) {
	for name, test := range map[string]struct {
		object  string
		members map[string]any
		want    string
	}{
		"nothing":     {`{"b":1, "a":2}`, nil, `{"b":1, "a":2}`}, // as it was, to the byte
		"a new one":   {`{"a":1}`, map[string]any{"b": []string{"x"}}, `{"a":1,"b":["x"]}`},
		"a known one": {`{"a":{"deep":1}}`, map[string]any{"a": map[string]any{"other": 2}}, `{"a":{"other":2}}`},
		"none":        {`{"a":1,"b":2}`, map[string]any{"a": nil, "c": nil}, `{"b":2}`},
		"a number beyond float64 beside it": {
			`{"seed":12345678901234567891}`, map[string]any{"a": 1}, `{"a":1,"seed":12345678901234567891}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Merge([]byte(test.object), test.members)
			if err != nil || string(got) != test.want {
				t.Errorf("Merge(%s, %v) = %s, %v, want %s", test.object, test.members, got, err, test.want)
			}
		})
	}
	if _, err := Merge([]byte(`{}`), map[string]any{"f": func() {}}); err == nil {
		t.Error("a function was merged into JSON")
	}
	if _, err := Merge([]byte(`[]`), map[string]any{"a": 1}); err == nil {
		t.Error("a member was merged into a list")
	}
}
