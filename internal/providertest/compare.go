package providertest

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-llm/parley/llm"
)

// Equal fails the test with a diff if got and want differ.
func Equal(t testing.TB, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// WantError stops the test if err is not an [*llm.Error] of the given kind, and fails it
// if the error's text does not contain all pieces. It returns the error.
func WantError(t testing.TB, err error, kind llm.Kind, pieces ...string) *llm.Error {
	t.Helper()
	e, ok := errors.AsType[*llm.Error](err)
	if !ok {
		t.Fatalf("the error is %v of type %T, want an *llm.Error of kind %q", err, err, kind)
	}
	if e.Kind != kind {
		t.Fatalf("the error is %v, of kind %q, want kind %q", err, e.Kind, kind)
	}
	for _, piece := range pieces {
		if !strings.Contains(err.Error(), piece) {
			t.Errorf("the error %q does not contain %q", err, piece)
		}
	}
	return e
}

// FromJSON decodes JSON. It stops the test if the text is not valid.
func FromJSON(t testing.TB, text string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return v
}
