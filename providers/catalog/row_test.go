package catalog

import (
	"slices"
	"testing"
	"time"
)

func TestRowsAreWellFormed(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range slices.Concat(models, systems) {
		for _, d := range []string{r.released, r.retires} {
			if _, err := time.Parse(time.DateOnly, d); err != nil && d != "" {
				t.Errorf("%s: %v", r.name, err)
			}
		}
		names := []string{r.name}
		for _, alias := range list[string](r.aliases) {
			names = append(names, r.provider()+"/"+alias)
		}
		for _, name := range names {
			if seen[name] {
				t.Errorf("%s is listed twice", name)
			}
			seen[name] = true
		}
	}
}
