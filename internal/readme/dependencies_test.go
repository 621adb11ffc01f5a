package readme

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The table of docs/dependencies.md must list every module of go.mod, and name the
// packages that import it.
func TestDependencyTableIsTrue(t *testing.T) {
	section, _, _ := strings.Cut(read(t, filepath.Join("..", "..", "docs", "dependencies.md")), "\n## ")
	where := func(path string) string {
		for _, row := range strings.Split(section, "\n") {
			if cells := strings.Split(row, "|"); len(cells) > 3 && names(cells[1], path) {
				return cells[2]
			}
		}
		return ""
	}
	for _, line := range lines(t, "list", "-m", "-f", "{{if not .Indirect}}{{.Path}}{{end}}", "all") {
		if line+"/" != module && where(line) == "" {
			t.Errorf("docs/dependencies.md's table of dependencies lacks %s, which go.mod requires", line)
		}
	}
	imports := 0
	for _, line := range lines(t, "list", "-f", "{{$p := .ImportPath}}{{range .Imports}}{{$p}} {{.}}\n{{end}}", "../../llm/...", "../../providers/...", "../../examples/...") {
		pkg, path, _ := strings.Cut(strings.TrimPrefix(line, module), " ")
		if domain, _, _ := strings.Cut(path, "/"); !strings.Contains(domain, ".") || strings.HasPrefix(path, module) {
			continue
		}
		imports++
		pkg, _, _ = strings.Cut(pkg, "/internal/")
		if cell := where(path); !strings.Contains(cell, "`"+pkg+"`") {
			t.Errorf("%s imports %s, but docs/dependencies.md's table lists %q for it", pkg, path, strings.TrimSpace(cell))
		}
	}
	if imports < 15 {
		t.Errorf("found only %d imports: check the packages of the test", imports)
	}
	for _, pkg := range []string{"llm", "llm/llmutil", "llm/llmtest", "llm/egress"} {
		for _, path := range lines(t, "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", "../../"+pkg) {
			if !strings.HasPrefix(path, module) {
				t.Errorf("%s links %s, but docs/dependencies.md's table says that it links only the standard library", pkg, path)
			}
		}
	}
}

// names reports whether a cell names the module of a package, by its path or by its name
// on GitHub.
func names(cell, path string) bool {
	for _, word := range strings.FieldsFunc(cell, func(r rune) bool { return strings.ContainsRune(" ,[]()", r) }) {
		word = strings.TrimPrefix(strings.TrimPrefix(word, "https://"), "pkg.go.dev/")
		switch {
		case word == "OpenTelemetry":
			word = "go.opentelemetry.io/otel"
		case word == "uber-go/goleak":
			word = "go.uber.org/goleak"
		case strings.Count(word, "/") == 1 && !strings.Contains(strings.Split(word, "/")[0], "."):
			word = "github.com/" + word
		}
		if strings.Contains(word, "/") && (path == word || strings.HasPrefix(path, word+"/")) {
			return true
		}
	}
	return false
}

// lines returns the output of the go command.
func lines(t *testing.T, args ...string) []string {
	t.Helper()
	cmd := exec.Command("go", args...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, &stderr)
	}
	var all []string
	for _, line := range strings.Split(string(out), "\n") {
		if line = strings.TrimSpace(line); line != "" {
			all = append(all, line)
		}
	}
	return all
}
