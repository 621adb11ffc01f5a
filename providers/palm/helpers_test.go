package palm_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/palm"
)

func provider(t testing.TB, config palm.Config) *palm.Provider {
	t.Helper()
	p, err := palm.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

func equal(t testing.TB, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// wantError compares an error's kind, and looks for pieces of its text.
func wantError(t testing.TB, err error, kind llm.Kind, pieces ...string) {
	t.Helper()
	if got := llm.KindOf(err); got != kind {
		t.Fatalf("the error is %v, of kind %q, want kind %q", err, got, kind)
	}
	for _, piece := range pieces {
		if !strings.Contains(err.Error(), piece) {
			t.Errorf("the error %q does not say %q", err, piece)
		}
	}
}
