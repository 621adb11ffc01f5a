package providers_test

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
	"github.com/parley-llm/parley/providers"
)

// echoOptions are the options of the provider echo.
type echoOptions struct {
	NumCtx  int            `json:"num_ctx,omitempty"`
	LogitOf map[string]int // named after itself
	Extra   map[string]any `json:"extra,omitempty"`
	Hook    func()         // not data
}

func (echoOptions) ProviderName() string { return "echo" }

// suffix is a middleware that adds to each answer.
type suffix struct {
	Text   string         `yaml:"text"`
	Wait   time.Duration  `yaml:"wait"`
	Notify func()         `yaml:"-"`
	Level  slog.Level     `yaml:"level"`
	By     map[int]string `yaml:"by"` // which no file can hold
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

// instead is a middleware that asks another model of the file.
type instead struct {
	Of string `yaml:"of"`
}

var infoSeen llm.ModelInfo // by instead

// pick is the kind of group that asks one of its members.
type pick struct {
	Member string `yaml:"member"`
}

// jar is a store that knows how often it was closed.
type jar struct {
	config providers.StoreConfig
	Label  string `yaml:"label"`
	closed int
}

func (j *jar) Close() error { j.closed++; return nil }

var jarsOpened []*jar

// keeps is a middleware that keeps state in a store.
type keeps struct {
	In string `yaml:"in"`
}

func registerForFiles() {
	providers.RegisterStore("jar", func(config providers.StoreConfig, s jar) (any, error) {
		if s.Label == "broken" {
			return nil, errors.New("it leaks")
		}
		s.config = config
		jarsOpened = append(jarsOpened, &s)
		return &s, nil
	})
	providers.RegisterMiddlewareIn("keeps", func(s *keeps, file providers.File) (llm.Middleware, error) {
		store, err := file.Store(s.In)
		if err != nil {
			return nil, err
		}
		return &suffix{Text: " in " + store.(*jar).Label}, nil
	})
	providers.RegisterOptions[echoOptions]("echo")
	providers.RegisterMiddleware[suffix]("suffix")
	providers.RegisterMiddlewareIn("instead", func(s *instead, file providers.File) (llm.Middleware, error) {
		model, err := file.Model(s.Of)
		if err != nil {
			return nil, err
		}
		return llm.MiddlewareFunc(func(llm.Handler) llm.Handler {
			return func(ctx context.Context, call *llm.Call) llm.Events {
				infoSeen, _ = file.Info(call.Provider, call.Model)
				return model.Do(ctx, call)
			}
		}), nil
	})
	providers.RegisterGroup("pick", func(s *pick, members []providers.Member) (llm.Handler, error) {
		for _, m := range members {
			if m.Name == s.Member || s.Member == "" {
				return m.Model.Do, nil
			}
		}
		return nil, errors.New("it has no member " + s.Member)
	})
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
func variables(set map[string]string) providers.Environment {
	return providers.Environment{Getenv: func(name string) string { return set[name] }}
}

// load reads a config file with this content.
func load(t *testing.T, content string, set map[string]string) *providers.Setup {
	t.Helper()
	setup, err := providers.LoadIn(write(t, content), variables(set))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := setup.Close(); err != nil {
			t.Error(err)
		}
	})
	return setup
}

// ask returns a model's answer to "hi".
func ask(t *testing.T, setup *providers.Setup, name string) string {
	t.Helper()
	model, err := setup.Model(name)
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
