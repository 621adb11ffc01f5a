package readme

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// promise is a row of the table in SECURITY.md.
var promise = regexp.MustCompile(`(?m)^\| ([^|]+) \| (.*) \|$`)

var (
	namedTest   = regexp.MustCompile("`((?:Test|Fuzz)[A-Za-z0-9]+)`")
	namedFolder = regexp.MustCompile("in `([a-z/]+)`|in each (provider)")
	declared    = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)[A-Za-z0-9]+)\(`)
)

// TestPromisesHaveTests checks that each promise of SECURITY.md names a test, and that each
// named test exists in the package that the row says.
func TestPromisesHaveTests(t *testing.T) {
	root := filepath.Join("..", "..")
	data, err := os.ReadFile(filepath.Join(root, "SECURITY.md"))
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for _, row := range promise.FindAllStringSubmatch(string(data), -1) {
		if row[1] == "promise" || strings.HasPrefix(row[1], "---") {
			continue
		}
		rows++
		folders := namedFolder.FindAllStringSubmatch(row[2], -1)
		tests := namedTest.FindAllStringSubmatch(row[2], -1)
		if len(tests) == 0 || len(folders) == 0 {
			t.Errorf("the promise %q names no test with its package", row[1])
			continue
		}
		var known []string
		for _, folder := range folders {
			place := folder[1]
			if folder[2] != "" {
				place = "providers"
			}
			known = append(known, testsBelow(t, filepath.Join(root, filepath.FromSlash(place)))...)
		}
		for _, test := range tests {
			if !slices.Contains(known, test[1]) {
				t.Errorf("the promise %q names %s, which is not in its package", row[1], test[1])
			}
		}
	}
	if rows < 15 {
		t.Errorf("SECURITY.md has %d promises, want at least 15: check the form of the table", rows)
	}
}

// testsBelow returns the tests in a folder and the folders below it.
func testsBelow(t *testing.T, folder string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		data, err := os.ReadFile(path)
		for _, found := range declared.FindAllSubmatch(data, -1) {
			names = append(names, string(found[1]))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}
