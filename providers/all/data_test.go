package all_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestProgramsContainOnlyWhatTheyUse builds programs and looks for symbols: a program that
// makes its provider itself contains neither the YAML reader nor the catalog, and one that
// opens models by name contains the catalog and not the YAML reader.
func TestProgramsContainOnlyWhatTheyUse(t *testing.T) {
	const (
		yaml    = "go.yaml.in/yaml"
		catalog = "providers/catalog.models"
		loader  = "parley/providers/config"
	)
	for _, test := range []struct {
		program     string
		has, hasNot []string
	}{
		{"new", nil, []string{yaml, catalog, loader}},
		{"open", []string{catalog}, []string{yaml, loader}},
		{"load", []string{catalog, yaml, loader}, nil},
	} {
		t.Run(test.program, func(t *testing.T) {
			binary := filepath.Join(t.TempDir(), "program")
			if out, err := exec.Command("go", "build", "-o", binary, "./testdata/"+test.program).CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			out, err := exec.Command("go", "tool", "nm", binary).Output()
			if err != nil {
				t.Fatal(err)
			}
			symbols := string(out)
			if !strings.Contains(symbols, "parley/providers/openai") {
				t.Fatal("the program does not contain the provider, so the test proves nothing")
			}
			for _, name := range test.has {
				if !strings.Contains(symbols, name) {
					t.Errorf("the program does not contain %s", name)
				}
			}
			for _, name := range test.hasNot {
				if strings.Contains(symbols, name) {
					t.Errorf("the program contains %s", name)
				}
			}
			if info, err := os.Stat(binary); err == nil {
				t.Logf("%.2f MB", float64(info.Size())/1e6)
			}
		})
	}
}
