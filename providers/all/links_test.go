package all_test

import (
	"os/exec"
	"strings"
	"testing"
)

// TestProgramsThatMayNameAnythingLinkNoClients checks that the package links no clients of stores
// and no exporters of telemetry, which few programs need.
func TestProgramsThatMayNameAnythingLinkNoClients(t *testing.T) {
	list := exec.Command("go", "list", "-deps", ".")
	var stderr strings.Builder
	list.Stderr = &stderr
	out, err := list.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", list, err, &stderr)
	}
	if !strings.Contains(string(out), "parley/providers/config/otel\n") {
		t.Fatalf("%s does not list what the package imports, so the test proves nothing:\n%s", list, out)
	}
	for _, path := range strings.Fields(string(out)) {
		if strings.Contains(path, "redis") || strings.HasPrefix(path, "go.opentelemetry.io/otel/sdk") || strings.HasPrefix(path, "go.opentelemetry.io/otel/exporters") {
			t.Errorf("package all links %s", path)
		}
	}
}
