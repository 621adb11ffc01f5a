package palm_test

import (
	"testing"

	"github.com/parley-llm/parley/internal/providertest"
	"github.com/parley-llm/parley/providers/palm"
)

// Helpers that the tests of all providers use.
var (
	equal     = providertest.Equal
	wantError = providertest.WantError
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
