package llm_test

import (
	"os/exec"
	"strings"
	"testing"
)

// Programs that import llm must not link other dependencies. The package may import the standard
// library and internal packages of this module.
func TestPackageImportsOnlyStandardLibraryAndOwnInternals(t *testing.T) {
	const module = "github.com/parley-llm/parley/"
	list := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", ".")
	var stderr strings.Builder
	list.Stderr = &stderr
	out, err := list.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", list, err, &stderr)
	}
	paths := strings.Fields(string(out))
	if len(paths) == 0 || paths[len(paths)-1] != module+"llm" {
		t.Fatalf("%s did not list this package last, so the test proves nothing: %q", list, paths)
	}
	for _, path := range paths {
		if path != module+"llm" && !strings.HasPrefix(path, module+"internal/") {
			t.Errorf("package llm imports %s, directly or through another package; "+
				"it may import only the standard library and %sinternal/…", path, module)
		}
	}
}
