package all_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parley-llm/parley/providers"
)

// TestFilesOfTheDocsLoad loads every config file that docs/config.md shows, and the examples'.
func TestFilesOfTheDocsLoad(t *testing.T) {
	files := map[string]string{}
	data, err := os.ReadFile("../../docs/config.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range strings.Split(string(data), "```yaml\n")[1:] {
		content, _, _ := strings.Cut(block, "```")
		files["docs/config.md: "+strings.SplitN(content, "\n", 3)[1]] = content
	}
	paths, err := filepath.Glob("../../examples/config/*.yaml")
	if err != nil || len(paths) == 0 || len(files) < 7 {
		t.Fatalf("there are %d files in the docs and %d in the examples (%v)", len(files), len(paths), err)
	}
	for _, path := range paths {
		if data, err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
		files[path] = string(data)
	}
	for name, content := range files {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "parley.yaml")
			write(t, path, content)
			setup, err := providers.LoadIn(path, providers.Environment{Getenv: func(name string) string {
				switch {
				case strings.HasSuffix(name, "_KEY"):
					return "k"
				case name == "REDIS_URL":
					return "redis://:password@redis.office.example:6379/0"
				}
				return ""
			}})
			if err != nil {
				t.Fatal(err)
			}
			if err := setup.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}
