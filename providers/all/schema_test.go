package all_test

import (
	"os"
	"testing"

	"github.com/parley-llm/parley/providers/config"
	_ "github.com/parley-llm/parley/providers/config/redis" // the docs have it too
)

// TestSchemaOfTheDocsIsCurrent compares the schema in docs with that of the loader.
// PARLEY_UPDATE=1 writes it.
func TestSchemaOfTheDocsIsCurrent(t *testing.T) {
	const path = "../../docs/config.schema.json"
	want := config.Schema()
	if os.Getenv("PARLEY_UPDATE") != "" {
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Errorf("docs/config.schema.json differs from the schema of the loader: write it with PARLEY_UPDATE=1 go test ./providers/all")
	}
}
