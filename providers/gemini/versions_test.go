package gemini_test

import (
	"encoding/json"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestVersionsOfDependencies checks that go.mod requires at least genai 1.76, because earlier
// versions lose the history of chats. It also checks that the linked dependencies of genai
// are newer than genai requires, because the versions it requires have known vulnerabilities.
func TestVersionsOfDependencies(t *testing.T) {
	const genaiModule = "google.golang.org/genai"
	where := strings.Fields(output(t, "go", "list", "-m", "-f", "{{.GoMod}}", genaiModule))
	ours, theirs := required(t, strings.TrimSpace(output(t, "go", "env", "GOMOD"))), required(t, where[0])
	if !newer(ours[genaiModule], "v1.75.999") {
		t.Errorf("go.mod requires %s %s, want at least v1.76.0", genaiModule, ours[genaiModule])
	}
	for _, module := range []string{
		"golang.org/x/net", "golang.org/x/crypto", "golang.org/x/text", "golang.org/x/sys",
		"google.golang.org/grpc", "google.golang.org/protobuf", "cloud.google.com/go/auth",
	} {
		switch own, vendors := ours[module], theirs[module]; {
		case own == "":
			t.Errorf("go.mod does not say which version it requires of %s", module)
		case vendors != "" && !newer(own, vendors):
			t.Errorf("go.mod requires %s %s, want a newer one than genai's own, %s", module, own, vendors)
		}
	}
}

// required returns the versions in a go.mod file.
func required(t *testing.T, file string) map[string]string {
	t.Helper()
	var mod struct {
		Require []struct{ Path, Version string }
	}
	if err := json.Unmarshal([]byte(output(t, "go", "mod", "edit", "-json", file)), &mod); err != nil || len(mod.Require) == 0 {
		t.Fatalf("%s requires nothing (%v)", file, err)
	}
	versions := make(map[string]string)
	for _, r := range mod.Require {
		versions[r.Path] = r.Version
	}
	return versions
}

func output(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).Output()
	if err != nil {
		t.Fatalf("%s %s: %v", name, strings.Join(args, " "), err)
	}
	return string(out)
}

// newer reports whether version a, "v1.2.3", is newer than b.
func newer(a, b string) bool { return slices.Compare(numbers(a), numbers(b)) > 0 }

func numbers(version string) (list []int) {
	for _, part := range strings.Split(strings.TrimPrefix(version, "v"), ".") {
		n, err := strconv.Atoi(part)
		if err != nil {
			return list // of a version that is not a release
		}
		list = append(list, n)
	}
	return list
}
