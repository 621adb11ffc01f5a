package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/config"
)

// goldenErrors has the test cases: a name, a config file, and the error of the loader. If the
// name begins with "found: ", the file is found in the working directory.
// PARLEY_UPDATE=1 writes the errors.
const goldenErrors = "testdata/errors.golden"

const (
	caseMark = "=== "
	saysMark = "--- says"
)

type errorCase struct{ name, input, want string }

func errorCases(t testing.TB) []errorCase {
	t.Helper()
	data, err := os.ReadFile(goldenErrors)
	if err != nil {
		t.Fatal(err)
	}
	var cases []errorCase
	for _, section := range strings.Split("\n"+string(data), "\n"+caseMark)[1:] {
		name, rest, _ := strings.Cut(section, "\n")
		input, want, ok := strings.Cut(rest, saysMark+"\n")
		if !ok {
			input = rest
		}
		cases = append(cases, errorCase{name, input, strings.TrimSpace(want)})
	}
	if len(cases) == 0 {
		t.Fatal(goldenErrors + " has no cases")
	}
	return cases
}

func TestEveryMistakeIsToldWithItsPlace(t *testing.T) {
	var updated strings.Builder
	for _, c := range errorCases(t) {
		t.Run(c.name, func(t *testing.T) {
			input := strings.NewReplacer(`\x01`, "\x01", `\xff`, "\xff").Replace(c.input)
			path := write(t, input)
			env := variables(map[string]string{"SET": "value"})
			_, err := config.Load(path, env)
			if strings.HasPrefix(c.name, "found: ") {
				if err != nil {
					t.Errorf("the file is not even taken if it is named: %v", err)
				}
				t.Chdir(filepath.Dir(path))
				_, err = config.Default(t.Context(), env)
			}
			got := complaint(err, path)
			updated.WriteString(caseMark + c.name + "\n" + strings.TrimRight(c.input, "\n") + "\n" + saysMark + "\n" + got + "\n\n")
			if got != c.want && os.Getenv("PARLEY_UPDATE") == "" {
				t.Errorf("the loader says\n%s\nwant\n%s", got, c.want)
			}
			if !errors.Is(err, llm.InvalidRequest) || llm.KindOf(err) != llm.InvalidRequest {
				t.Errorf("the error is a %T that is not an invalid request", err)
			}
			var file *config.Error
			if !errors.As(err, &file) || len(file.Problems) == 0 || file.Problems[0].Line < 1 || file.Problems[0].Column < 1 {
				t.Errorf("the error has no place: %v", err)
			}
		})
	}
	if os.Getenv("PARLEY_UPDATE") != "" {
		if err := os.WriteFile(goldenErrors, []byte(updated.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFileThatIsNotThere(t *testing.T) {
	_, err := config.Load(filepath.Join(t.TempDir(), "parley.yaml"), nil)
	if !errors.Is(err, llm.InvalidRequest) || !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "cannot read the config file") {
		t.Errorf("the error is %v", err)
	}
}

// A cloned directory can have a link to any file under the name of a config file.
func TestFileWithoutEndIsRefused(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.Symlink("/dev/zero", "parley.yaml"); err != nil {
		t.Fatal(err)
	}
	_, err := config.Default(t.Context(), variables(nil))
	if want := "parley: invalid request: cannot read the config file: it is not a regular file; name it if you trust it"; err == nil || err.Error() != want {
		t.Errorf("the error is %v, want %s", err, want)
	}
}

// The time for a file of 64 KiB is limited for every content: nested brackets, aliases of
// aliases, lists of nothing.
func TestHostileFilesEndSoon(t *testing.T) {
	const size = 1 << 16
	for name, content := range map[string]string{
		"brackets": "models: " + strings.Repeat("[", size),
		"braces":   "models: " + strings.Repeat("{a: ", size/4),
		"items":    "models:\n" + strings.Repeat("- \n", size/3),
		"fields":   "models: {a: {model: echo/m, options: {extra: {" + strings.Repeat("a,", size/2) + "}}}}",
		"unknown":  strings.Repeat("- {a: b}\n", size/9),
		"comments": strings.Repeat("# \n", size/3),
		"anchors":  "models: [" + strings.Repeat("&a x,", size/5) + "]",
		"merges":   "a: &a {b: c}\nmodels: {x: {<<: [" + strings.Repeat("*a,", size/3) + "]}}",
	} {
		start := time.Now()
		path := write(t, content)
		_, err := config.Load(path, variables(nil))
		if took := time.Since(start); !errors.Is(err, llm.InvalidRequest) || took > time.Minute {
			t.Errorf("%s: the error after %v is %v", name, took, err)
		} else {
			t.Logf("%s: %v", name, took)
		}
	}
}

// FuzzLoad checks that every file leads to a Config or to an error with a place, and that the
// schema accepts every file that the loader accepts.
func FuzzLoad(f *testing.F) {
	schema := resolved(f)
	for _, c := range errorCases(f) {
		f.Add(c.input)
	}
	f.Add(fullFile)
	f.Fuzz(func(t *testing.T, content string) {
		if strings.Contains(content, "command") || strings.Contains(content, "file:") || strings.Contains(content, "ca:") || strings.Contains(content, "cert:") {
			t.Skip("the file may run commands and read files, which is not what is tried here")
		}
		path := write(t, content)
		cfg, err := config.Load(path, variables(map[string]string{"SET": "value"}))
		if err == nil {
			for _, name := range cfg.Names() {
				if _, err := cfg.Model(name); err != nil {
					t.Errorf("the model %q of a file that loads cannot be had: %v", name, err)
				}
			}
			_ = cfg.Close()
			if v, ok := instance(t, content); ok {
				if err := schema.Validate(v); err != nil {
					t.Errorf("the schema refuses what the loader takes: %v", err)
				}
			}
			return
		}
		var file *config.Error
		if !errors.As(err, &file) {
			t.Fatalf("the error %v has no place", err)
		}
		lines := strings.Count(content, "\n") + strings.Count(content, "\r") + strings.Count(content, "\u0085") +
			strings.Count(content, "\u2028") + strings.Count(content, "\u2029") + 1
		for _, p := range file.Problems {
			if p.File != path || p.Line < 1 || p.Line > lines+1 || p.Column < 1 || p.Message == "" {
				t.Errorf("the problem %+v is not in the file of %d lines", p, lines)
			}
		}
	})
}
