package config_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/middleware/store"
	"github.com/parley-llm/parley/providers/config"
)

// echoOptions are the options of the provider echo.
type echoOptions struct {
	NumCtx  int            `json:"num_ctx,omitempty"`
	LogitOf map[string]int // named by its Go name
	Extra   map[string]any `json:"extra,omitempty"`
	Hook    func()         // not a setting
}

func (echoOptions) ProviderName() string { return "echo" }

// suffix is a middleware that adds to each answer.
type suffix struct {
	Text   string         `yaml:"text"`
	Wait   time.Duration  `yaml:"wait"`
	Notify func()         `yaml:"-"`
	Level  slog.Level     `yaml:"level"`
	By     map[int]string `yaml:"by"` // cannot be written in a file
}

func (s *suffix) Validate() error {
	if s.Wait < 0 {
		return errors.New("wait cannot be negative")
	}
	return nil
}

func (s *suffix) Wrap(next llm.Handler) llm.Handler {
	return func(ctx context.Context, call *llm.Call) llm.Events {
		return func(yield func(llm.Event, error) bool) {
			for ev, err := range next(ctx, call) {
				if ev.Type == llm.EventDone && !yield(llm.Event{Type: llm.EventText, Text: s.Text}, nil) {
					return
				}
				if !yield(ev, err) {
					return
				}
			}
		}
	}
}

// jar is a store that counts how often it was closed.
type jar struct {
	*store.Memory
	config config.StoreConfig
	label  string
	closed int
}

func (j *jar) Close() error { j.closed++; return nil }

var jarsOpened []*jar

// jarSettings are the settings of a jar.
type jarSettings struct {
	Label string `yaml:"label"`
}

func (s *jarSettings) Open(c config.StoreConfig) (store.Store, error) {
	if s.Label == "broken" {
		return nil, errors.New("it leaks")
	}
	j := &jar{Memory: new(store.Memory), config: c, label: s.Label}
	jarsOpened = append(jarsOpened, j)
	return j, nil
}

func registerForFiles() {
	config.RegisterStore("jar", config.Store{New: func() config.StoreSettings { return new(jarSettings) }})
	config.RegisterStore("shelf", config.Store{New: func() config.StoreSettings { return new(jarSettings) }, AllowUntrusted: true})
	config.RegisterMiddleware("suffix", config.Middleware{New: func() llm.Middleware { return new(suffix) }})
}

// write writes a config file that its owner alone may read, and returns its path.
func write(t testing.TB, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "parley.yaml")
	rewrite(t, path, content)
	return path
}

// rewrite replaces a file at once, so that nobody reads half of it.
func rewrite(t testing.TB, path, content string) {
	t.Helper()
	if err := errors.Join(os.WriteFile(path+".new", []byte(content), 0o600), os.Rename(path+".new", path)); err != nil {
		t.Fatal(err)
	}
}

// variables is an environment in which these variables and no others are set.
func variables(set map[string]string) *config.Options {
	return &config.Options{Getenv: func(name string) string { return set[name] }}
}

// load reads a config file with this content.
func load(t *testing.T, content string, set map[string]string) *config.Config {
	t.Helper()
	cfg, err := config.Load(write(t, content), variables(set))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cfg.Close(); err != nil {
			t.Error(err)
		}
	})
	return cfg
}

// ask returns a model's answer to "hi".
func ask(t *testing.T, cfg *config.Config, name string) string {
	t.Helper()
	model, err := cfg.Model(name)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := model.Generate(t.Context(), llm.Prompt("hi"))
	if err != nil {
		t.Fatal(err)
	}
	return resp.Text()
}

// complaint returns an error's text, with the folder of the file left out.
func complaint(err error, path string) string {
	if err == nil {
		return "no error"
	}
	return strings.ReplaceAll(err.Error(), filepath.Dir(path)+string(filepath.Separator), "")
}
