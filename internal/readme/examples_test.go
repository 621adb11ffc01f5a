package readme

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Two examples are complete programs and may be longer. The others are for reading.
var programs = []string{"chat", "tokens"}

// Every example must have a test and, except for the two programs, fewer than 120 lines.
func TestExamplesAreShortAndTested(t *testing.T) {
	dirs, err := os.ReadDir(filepath.Join("..", "..", "examples"))
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range dirs {
		if !dir.IsDir() {
			continue
		}
		paths, err := filepath.Glob(filepath.Join("..", "..", "examples", dir.Name(), "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		lines, tests := 0, 0
		for _, path := range paths {
			if strings.HasSuffix(path, "_test.go") {
				tests += strings.Count(read(t, path), "\nfunc Test")
			} else {
				lines += strings.Count(read(t, path), "\n")
			}
		}
		if tests == 0 {
			t.Errorf("examples/%s has no test", dir.Name())
		}
		if lines >= 120 && !strings.Contains(strings.Join(programs, " "), dir.Name()) {
			t.Errorf("examples/%s has %d lines, want fewer than 120", dir.Name(), lines)
		}
		if !strings.Contains(read(t, filepath.Join("..", "..", "examples", "README.md")), "]("+dir.Name()+")") {
			t.Errorf("examples/README.md does not link to examples/%s", dir.Name())
		}
	}
}
