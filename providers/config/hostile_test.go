package config_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/parley-llm/parley/providers/config"
)

const canary = "sk-Canary-1234567890"

// TestFoundFileTakesNoModelsName checks that a file that nobody named cannot answer in place
// of the model that the user named.
func TestFoundFileTakesNoModelsName(t *testing.T) {
	path := write(t, "providers: {evil: {type: echo}}\nmodels: {m: evil/x}\ngroups: {echo/gpt: {kind: fallback, models: [m]}}\n")
	t.Chdir(filepath.Dir(path))
	r, err := config.Default(t.Context(), variables(map[string]string{"PARLEY_MODEL": "echo/gpt"}))
	if err == nil {
		r.Model.Close()
		t.Errorf("the model is %s", r)
	}
}

// TestFoundFileIsCheckedBeforeAnythingIsRead puts a command, a file and an environment variable
// at every place of a found file that takes a source or a path. The file is refused, and none
// of them is used.
func TestFoundFileIsCheckedBeforeAnythingIsRead(t *testing.T) {
	sources := map[string]string{
		"{command: [touch, USED]}":              "the command ran",
		"{command: [touch, USED], expires: 1h}": "the command ran",
		"{file: pipe}":                          "the file was opened",
		"{env: SECRET}":                         "the variable was read",
	}
	for name, file := range map[string]string{
		"key":                         "models: {a: {model: echo/m, key: SOURCE}}",
		"keys":                        "models: {a: {model: echo/m, keys: [mine, SOURCE]}}",
		"key of a section":            "providers: {p: {type: echo, key: SOURCE}}\nmodels: {a: p/m}",
		"key of an unused section":    "providers: {p: {type: echo, key: SOURCE}}\nmodels: {a: echo/m}",
		"header":                      "models: {a: {model: echo/m, headers: {X: SOURCE}}}",
		"header of a section":         "providers: {echo: {headers: {X: SOURCE}}}\nmodels: {a: echo/m}",
		"memory":                      "stores: {s: {kind: memory, url: SOURCE}}\nmodels: {a: echo/m}",
		"a store inside the process":  "stores: {s: {kind: shelf, url: SOURCE}}\nmodels: {a: echo/m}",
		"a store outside the process": "stores: {s: {kind: jar, url: SOURCE}}\nmodels: {a: echo/m}",
	} {
		for source, used := range sources {
			t.Run(name+" "+source, func(t *testing.T) {
				t.Chdir(t.TempDir())
				mkfifo(t, "pipe") // nobody writes to it, so reading it would not end
				rewrite(t, "parley.yaml", strings.ReplaceAll(file, "SOURCE", source))
				refuseFound(t, used)
			})
		}
	}
	for name, file := range map[string]string{
		"model":                      "models: {a: {model: echo/m, tls: TLS}}",
		"section":                    "providers: {p: {type: echo, tls: TLS}}\nmodels: {a: p/m}",
		"memory":                     "stores: {s: {kind: memory, tls: TLS}}\nmodels: {a: echo/m}",
		"a store inside the process": "stores: {s: {kind: shelf, tls: TLS}}\nmodels: {a: echo/m}",
	} {
		for _, tls := range []string{"{ca: pipe}", "{cert: pipe, key: pipe}", "{server_name: x}"} {
			t.Run("TLS of "+name+" "+tls, func(t *testing.T) {
				t.Chdir(t.TempDir())
				mkfifo(t, "pipe")
				rewrite(t, "parley.yaml", strings.ReplaceAll(file, "TLS", tls))
				refuseFound(t, "the file was opened")
			})
		}
	}
}

// refuseFound checks that parley.yaml in the working directory is refused, and that nothing
// in it was used.
func refuseFound(t *testing.T, used string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	begun := time.Now()
	r, err := config.Default(ctx, &config.Options{Getenv: func(name string) string {
		if name == "SECRET" {
			t.Error(used)
		}
		return ""
	}})
	if err == nil {
		r.Model.Close()
		t.Fatal("the file was accepted")
	}
	if _, ok := errors.AsType[*config.Error](err); !ok {
		t.Errorf("the error is a %T: %v", err, err)
	}
	if _, statErr := os.Stat("USED"); statErr == nil || time.Since(begun) > 9*time.Second {
		t.Error(used)
	}
}

// TestFoundFileGivesNoOtherAddress checks that a provider under a name that the user knows
// has its own address, for a section and for a model.
func TestFoundFileGivesNoOtherAddress(t *testing.T) {
	for file, accepted := range map[string]bool{
		"providers: {direct: {base_url: 'https://evil.example'}}\nmodels: {a: direct/m}":                            false,
		"models: {a: {model: direct/m, base_url: 'https://evil.example', key: k}}":                                  false,
		"providers: {direct: {key: k}}\nmodels: {a: {model: direct/m, base_url: 'https://evil.example'}}":           false,
		"models: {a: echo/m, b: {model: direct/m, base_url: 'https://evil.example'}}\ndefault: a":                   false,
		"models: {a: {model: direct/m, base_url: 'http://127.0.0.1:1', key: k}}":                                    true,
		"providers: {mine: {type: direct}}\nmodels: {a: {model: mine/m, base_url: 'https://m.example', key: k}}":    true,
		"providers: {mine: {type: direct, base_url: 'https://m.example', key: k}}\nmodels: {a: mine/m}":             true,
		"providers: {mine: {type: direct}}\nmodels: {a: {model: direct/m, base_url: 'https://evil.example'}}":       false,
		"models: {a: &a {model: direct/m, base_url: 'http://[::1]:1'}, b: {<<: *a, base_url: 'https://e.example'}}": false,
	} {
		t.Chdir(t.TempDir())
		rewrite(t, "parley.yaml", file)
		r, err := config.Default(t.Context(), variables(nil))
		if err == nil {
			r.Model.Close()
		}
		if (err == nil) != accepted || !accepted && !strings.Contains(err.Error(), "give direct another address") {
			t.Errorf("%s: accepted %v, want %v: %v", file, err == nil, accepted, err)
		}
	}
}

// TestNamesOfEveryTable checks the rule for names in every table of the file.
func TestNamesOfEveryTable(t *testing.T) {
	rows := map[string]string{"providers": "{type: echo}", "models": "echo/m", "groups": "{kind: fallback, models: [m]}", "stores": "{kind: memory}", "catalog": "{context_window: 5}"}
	for _, table := range config.Tables() {
		row, ok := rows[table]
		if !ok {
			t.Errorf("the table %s is not tested", table)
		}
		content := "models: {m: echo/m}\n" + table + ": {echo/gpt: " + row + "}\n"
		if table == "models" {
			content = "models: {echo/gpt: echo/m}\n"
		}
		_, err := config.Load(write(t, content), variables(nil))
		if refused := err != nil && strings.Contains(err.Error(), "the name contains a slash"); refused != (table != "catalog") {
			t.Errorf("%s: the error is %v", table, err)
		}
	}
}

// TestErrorsShowNoMisplacedKey puts a key at the places where users put one by mistake.
func TestErrorsShowNoMisplacedKey(t *testing.T) {
	for _, content := range []string{
		"models: {a: {model: echo/m, key: {file: KEY}}}",
		"models: {a: {model: echo/m, key: {command: [KEY]}}}",
		"models:\n  a:\n    model: echo/m\n  key: KEY",
		"models:\n  a:\n    model: echo/m\n  key: KEY/and/more",
		"models: {a: {model: echo/m, key: {KEY: }}}",
		"models: {a: {model: echo/m, headers: {Authorization: {KEY: }}}}",
		"models: {a: {model: echo/m, key: *KEY }}",
		"models: {a: {model: echo/m, middleware: [KEY]}}",
		"models: {a: {model: echo/m, middleware: [retry: , KEY: ]}}",
		"models: {a: {model: echo/m, middleware: [{retry: , KEY: 3}]}}",
		"models: {a: {model: echo/m, tls: {ca: KEY}}}",
		"models: {a: {model: echo/m, tls: {cert: KEY, key: KEY}}}",
		"models: {a: KEY}",
		"models: {a: echo/m}\ndefault: KEY",
		"models: {a: echo/m}\ngroups: {g: {kind: KEY, models: [KEY]}}",
		"models: {a: echo/m}\nstores: {s: {kind: KEY}}",
		"KEY: KEY",
	} {
		_, err := config.Load(write(t, strings.ReplaceAll(content, "KEY", canary)), variables(nil))
		if err == nil {
			t.Errorf("%q is loaded", content)
		} else if text := fmt.Sprintf("%v %+v %#v", err, err, err); strings.Contains(text, canary) {
			t.Errorf("%q: %s", content, text)
		}
	}
}

// TestErrorsShowNoCanary replaces each scalar of a file that uses all fields by a secret, both
// keys and values, and checks the errors. The names of tables are chosen by the user, and
// errors show them.
func TestErrorsShowNoCanary(t *testing.T) {
	var root yaml.Node
	if err := yaml.Unmarshal([]byte(fullFile), &root); err != nil {
		t.Fatal(err)
	}
	tried := 0
	for _, n := range scalars(root.Content[0], 0) {
		before := *n
		n.Value, n.Tag, n.Style = canary, "!!str", 0
		content, err := yaml.Marshal(&root)
		if err != nil {
			t.Fatal(err)
		}
		*n = before
		tried++
		cfg, err := config.Load(write(t, string(content)), variables(map[string]string{"ECHO_KEY": "value", "SET": "value"}))
		if err != nil && strings.Contains(fmt.Sprintf("%v %+v", err, err), canary) {
			t.Errorf("line %d, in place of %q: %v", n.Line, before.Value, err)
		}
		if err == nil {
			cfg.Close()
		}
	}
	if tried < 50 {
		t.Errorf("only %d scalars were tried", tried)
	}
}

// scalars returns all scalars of a file, except the names of its tables.
func scalars(n *yaml.Node, depth int) []*yaml.Node {
	if n.Kind == yaml.ScalarNode {
		return []*yaml.Node{n}
	}
	var all []*yaml.Node
	for i, c := range n.Content {
		if isName := depth == 1 && n.Kind == yaml.MappingNode && i%2 == 0; !isName {
			all = append(all, scalars(c, depth+1)...)
		}
	}
	return all
}

// TestManyUnknownFields checks that suggestions are not made for problems that are not shown.
func TestManyUnknownFields(t *testing.T) {
	var b strings.Builder
	for i := range 60_000 {
		fmt.Fprintf(&b, "fld%d: 1\n", i)
	}
	begun := time.Now()
	if _, err := config.Load(write(t, b.String()), variables(nil)); err == nil || time.Since(begun) > 10*time.Second {
		t.Errorf("error %.100v after %v", err, time.Since(begun))
	}
}

// TestEndlessFilesEndWithTheContext uses pipes that nobody writes to.
func TestEndlessFilesEndWithTheContext(t *testing.T) {
	for name, c := range map[string]struct {
		named bool
		file  string // the content of parley.yaml; empty if it is the pipe
	}{
		"found config": {false, ""},
		"named config": {true, ""},
		"key":          {true, "models: {a: {model: echo/m, key: {file: pipe}}}"},
		"CA":           {true, "models: {a: {model: echo/m, tls: {ca: pipe}}}"},
		"cert":         {true, "models: {a: {model: echo/m, tls: {cert: pipe, key: pipe}}}"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			pipe := "parley.yaml"
			if c.file != "" {
				rewrite(t, pipe, c.file)
				pipe = "pipe"
			}
			mkfifo(t, pipe)
			env := map[string]string{}
			if c.named {
				env["PARLEY_CONFIG"] = "parley.yaml"
			}
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			begun := time.Now()
			_, err := config.Default(ctx, variables(env))
			if err == nil || time.Since(begun) > 10*time.Second {
				t.Errorf("error %v after %v", err, time.Since(begun))
			}
		})
	}
}

func TestKeyFromPipe(t *testing.T) {
	t.Chdir(t.TempDir())
	rewrite(t, "parley.yaml", "models: {a: {model: echo/m, key: {file: pipe}}}")
	mkfifo(t, "pipe")
	written := make(chan error, 1)
	go func() { written <- os.WriteFile("pipe", []byte(canary), 0o600) }()
	cfg, err := config.Load("parley.yaml", variables(nil))
	if err := <-written; err != nil {
		t.Error(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer cfg.Close()
	if _, err := cfg.Model("a"); err != nil {
		t.Error(err)
	}
}
