package providers

import "testing"

// BenchmarkCatalog is what a program waits for once, when it opens its first model.
func BenchmarkCatalog(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := parseCatalog(catalogData); err != nil {
			b.Fatal(err)
		}
	}
}
