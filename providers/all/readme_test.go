package all_test

import (
	"maps"
	"net/url"
	"os"
	"os/exec"
	"path"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/parley-llm/parley/providers"
)

const (
	tableBegins = "<!-- providers: made from the drivers by PARLEY_UPDATE=1 go test ./providers/all -->\n"
	tableEnds   = "<!-- end -->"
)

// packageTable returns the table of packages with the names that they register, in Markdown.
func packageTable() string {
	names := map[string][]string{}
	for _, name := range providers.Names() {
		pkg := packageOf(name)
		names[pkg] = append(names[pkg], "`"+name+"`")
	}
	var b strings.Builder
	b.WriteString("| package | names |\n| --- | --- |\n")
	for _, pkg := range slices.Sorted(maps.Keys(names)) {
		b.WriteString("| `providers/" + pkg + "` | " + strings.Join(names[pkg], ", ") + " |\n")
	}
	return b.String()
}

// packageOf returns the name of the package that registers a provider.
func packageOf(name string) string {
	d, _ := providers.Lookup(name)
	return path.Base(reflect.TypeOf(d.Options).PkgPath())
}

// providerTable returns the table of providers, in Markdown. Names of the same server share a
// row.
func providerTable() string {
	names := map[string][]string{} // by description
	var order []string
	for _, name := range providers.Names() {
		d, _ := providers.Lookup(name)
		if names[d.Description] == nil {
			order = append(order, d.Description)
		}
		names[d.Description] = append(names[d.Description], "`"+name+"`")
	}
	var b strings.Builder
	b.WriteString("| name | server | key; address; other settings |\n| --- | --- | --- |\n")
	for _, description := range order {
		d, _ := providers.Lookup(strings.Trim(names[description][0], "`"))
		var variables []string
		for _, group := range []string{strings.Join(d.KeyEnv, "` or `"), d.URLEnv, strings.Join(d.OtherEnv, "`, `")} {
			if group != "" {
				variables = append(variables, "`"+group+"`")
			}
		}
		b.WriteString("| " + strings.Join(names[description], ", ") + " | " + description + " | " + strings.Join(variables, "; ") + " |\n")
	}
	return b.String()
}

// TestTablesOfProviders compares the tables with the drivers. PARLEY_UPDATE=1 writes them.
func TestTablesOfProviders(t *testing.T) {
	for path, want := range map[string]string{"../../README.md": packageTable(), "../../docs/providers.md": providerTable()} {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		before, rest, begins := strings.Cut(string(data), tableBegins)
		table, after, ends := strings.Cut(rest, tableEnds)
		if !begins || !ends {
			t.Fatalf("%s has no table between %q and %q", path, tableBegins, tableEnds)
		}
		if os.Getenv("PARLEY_UPDATE") != "" {
			if err := os.WriteFile(path, []byte(before+tableBegins+want+tableEnds+after), 0o644); err != nil {
				t.Fatal(err)
			}
		} else if table != want {
			t.Errorf("the table of providers in %s differs from the drivers: write it with PARLEY_UPDATE=1 go test ./providers/all", path)
		}
	}
}

func TestDriversHaveTheFactsThatProgramsNeed(t *testing.T) {
	for _, name := range providers.Names() {
		d, _ := providers.Lookup(name)
		if d.Title == "" || d.Description == "" || (d.URLEnv == "") != d.InProcess || d.Options == nil {
			t.Errorf("%s lacks a title, a description, the variable of its address or its options: %+v", name, d)
		}
		if d.DefaultModel != "" && len(d.KeyEnv) == 0 {
			t.Errorf("%s has a default model and no key to choose it by", name)
		}
	}
}

func TestDriversKnowTheDefaultAddress(t *testing.T) {
	without := []string{"azure", "bedrock-anthropic", "bedrock-openai", "cloudflare", "llama", "mantle-anthropic", "mantle-openai", "palm", "vertex", "vertex-anthropic", "vertex-openai"} // the user, or the location, decides; or there is no server
	for _, name := range providers.Names() {
		d, _ := providers.Lookup(name)
		u, err := url.Parse(d.DefaultURL)
		if ok := err == nil && u.Host != "" && (u.Scheme == "https" || u.Hostname() == "127.0.0.1" || u.Hostname() == "localhost"); ok == slices.Contains(without, name) {
			t.Errorf("the default address of %s is %q", name, d.DefaultURL)
		}
	}
	if d, _ := providers.Lookup("ollama"); d.DefaultURL != "http://127.0.0.1:11434" {
		t.Errorf("the default address of Ollama is %q", d.DefaultURL)
	}
}

// The hint of Open for a provider that is not imported names the package that registers it.
func TestPackagesOfProvidersAreKnown(t *testing.T) {
	// A program that imports none of them says it for each.
	out, err := exec.Command("go", append([]string{"run", "./testdata/hints"}, providers.Names()...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	hints := strings.Split(strings.TrimSpace(string(out)), "\n")
	for i, name := range providers.Names() {
		pkg := packageOf(name)
		if want := `import _ "github.com/parley-llm/parley/providers/` + pkg + `"`; i >= len(hints) || !strings.HasSuffix(hints[i], want) {
			t.Errorf("the hint for %s is not %s: %q", name, want, slices.Concat(hints, make([]string, i+1))[i])
		}
	}
}
