package all_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/catalog"
	"github.com/parley-llm/parley/providers/config"
)

// pages returns the pages for users by their paths: the README, the docs and the examples.
func pages(t *testing.T) map[string]string {
	t.Helper()
	found := make(map[string]string)
	for _, root := range []string{"../../README.md", "../../docs", "../../examples"} {
		err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
			switch filepath.Ext(path) {
			case ".md", ".go", ".yaml":
			default:
				return err
			}
			data, err := os.ReadFile(path)
			found[strings.TrimPrefix(path, "../../")] = string(data)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return found
}

// TestFilesOfTheDocsLoad loads every config file that the pages show, and the examples'.
func TestFilesOfTheDocsLoad(t *testing.T) {
	files := map[string]string{}
	for path, text := range pages(t) {
		if filepath.Ext(path) == ".yaml" {
			files[path] = text
		}
		if filepath.Ext(path) != ".md" {
			continue
		}
		for i, block := range strings.Split(text, "```yaml\n")[1:] {
			content, _, _ := strings.Cut(block, "```")
			files[fmt.Sprintf("%s, file %d", path, i+1)] = content
		}
	}
	if len(files) < 14 {
		t.Fatalf("there are %d files: is the test looking in the right place?", len(files))
	}
	for name, content := range files {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "parley.yaml")
			write(t, path, content)
			cfg, err := config.Load(path, &config.Options{Getenv: func(name string) string {
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
			if err := cfg.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// hosted matches the name of a model at a provider whose models the catalog has. The first group
// excludes parts of paths.
var hosted = regexp.MustCompile(`(^|[^\w/.-])((?:openai|gemini|groq|cerebras|deepseek|together)/[A-Za-z0-9][\w.:/-]*[\w])`)

// TestModelsOfTheDocsAreCurrent looks up every model in the pages: none is retired or deprecated.
func TestModelsOfTheDocsAreCurrent(t *testing.T) {
	seen := 0
	for path, text := range pages(t) {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		for _, match := range hosted.FindAllStringSubmatch(text, -1) {
			name := match[2]
			if path == "docs/tokens.md" && name == "openai/gpt-oss-20b" {
				continue // as a server names it whose counts were measured
			}
			seen++
			info, ok := catalog.Lookup(name)
			if !ok || info.Status != llm.StatusCurrent {
				t.Errorf("%s shows the model %s, whose status in the catalog is %q", path, name, info.Status)
			}
		}
	}
	if seen < 20 {
		t.Errorf("%d models were looked up: is the test looking in the right place?", seen)
	}
}
