package register_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
	_ "github.com/parley-llm/parley/llm/middleware/register"
	"github.com/parley-llm/parley/providers"
)

func TestMain(m *testing.M) {
	for name, open := range map[string]func() llm.Provider{
		"works": func() llm.Provider {
			return llmtest.New(llmtest.Echo(), llmtest.Echo(), llmtest.Echo(), llmtest.Echo())
		},
		"fails": func() llm.Provider {
			busy := llmtest.Error(&llm.Error{Kind: llm.Overloaded, Message: "busy"})
			return llmtest.New(busy, busy, busy, busy)
		},
		"flaky": func() llm.Provider {
			return llmtest.New(llmtest.Error(&llm.Error{Kind: llm.Server, Message: "crashed"}), llmtest.Text("second try"))
		},
	} {
		providers.Register(name, func(providers.Config) (llm.Provider, error) { return open(), nil })
	}
	providers.RegisterStore("odd", func(providers.StoreConfig, struct{}) (any, error) { return 3, nil })
	providers.Register("keyed", func(c providers.Config) (llm.Provider, error) {
		if c.APIKey == "k-revoked" {
			return llmtest.Always(llmtest.Error(&llm.Error{Kind: llm.Auth, Status: 401, Message: "no such key"})), nil
		}
		return llmtest.Always(llmtest.Echo()), nil
	})
	goleak.VerifyTestMain(m)
}

func load(t *testing.T, content string) (*providers.Setup, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "parley.yaml")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	setup, err := providers.Load(path)
	if err == nil {
		t.Cleanup(func() {
			if err := setup.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	return setup, err
}

func TestMiddlewareOfFilesWorks(t *testing.T) {
	for _, test := range []struct{ name, file, want string }{
		{"a group that falls back", "models: {a: fails/m, b: works/m}\ngroups: {g: {kind: fallback, models: [a, b]}}\ndefault: g", "hello"},
		{"a group of groups", "models: {a: fails/m, b: works/m, c: fails/m}\ngroups: {g: {kind: fallback, models: [c, h]}, h: {kind: fallback, models: [a, b]}}\ndefault: g", "hello"},
		{"a fallback for one kind of failure", "models: {a: fails/m, b: works/m}\ngroups: {g: {kind: fallback, models: [a, b], settings: {to: [{model: b, on: [overloaded]}]}}}\ndefault: g", "hello"},
		{"a group that balances", "models: {a: works/m, b: works/m}\ngroups: {g: {kind: balance, models: [a, b], settings: {over: [{model: a, weight: 3}]}}}\ndefault: g", "hello"},
		{"a group of keys, of which one is refused", "models: {a: &a {model: keyed/m, key: k-revoked}, b: {<<: *a, key: k-good}}\ngroups: {g: {kind: balance, models: [a, b], settings: {over: [{model: a, weight: 9}]}}}\ndefault: g", "hello"},
		{"keys, of which one is refused", "models: {a: {model: keyed/m, keys: [k-revoked, k-good]}}", "hello"},
		{"keys of a section", "providers: {keyed: {keys: [k-revoked, k-revoked, k-good]}}\nmodels: {a: keyed/m}", "hello"},
		{"a fallback of one model", "models: {a: {model: fails/m, middleware: [fallback: {to: [{model: b}]}]}, b: works/m}\ndefault: a", "hello"},
		{"retry", "models: {a: {model: flaky/m, middleware: [retry: {min_backoff: 1ns, max_backoff: 1ns}]}}", "second try"},
		{"a whole chain", "models: {a: {model: flaky/m, middleware: [chain: {retry: {min_backoff: 1ns, max_backoff: 1ns}, breaker: {}, cache: {}, timeout: {total: 1m}, concurrency: {max: 2}}]}}", "second try"},
		{"trim and budget know the model", "models: {a: {model: works/m, info: {context_window: 9000, prices: {input: 1, output: 2}}, middleware: [trim, budget: {per_process: 1}]}}", "hello"},
	} {
		t.Run(test.name, func(t *testing.T) {
			setup, err := load(t, test.file)
			if err != nil {
				t.Fatal(err)
			}
			model, err := setup.Model("")
			if err != nil {
				t.Fatal(err)
			}
			resp, err := model.Generate(t.Context(), llm.Prompt("hello"))
			if err != nil {
				t.Fatal(err)
			}
			if resp.Text() != test.want {
				t.Errorf("the answer is %q, want %q", resp.Text(), test.want)
			}
		})
	}
}

// What a middleware keeps for itself ends with the reading of the file that made it. What it keeps in a store of the
// file does not, and is what all share who name the store.
func TestStoreInMemoryOutlivesAChangeOfTheFile(t *testing.T) {
	limited := func(shared string) string {
		return "{model: works/m, middleware: [rate_limit: {requests: 1, max_wait: 100ms" + shared + "}]}"
	}
	for _, test := range []struct{ name, shared, second, third string }{
		{"of its own", "", "", "rate_limited"},
		{"in a store", ", shared: {store: here}", "rate_limited", "rate_limited"},
	} {
		t.Run(test.name, func(t *testing.T) {
			file := "stores: {here: {kind: memory}}\nmodels: {a: " + limited(test.shared) + "}\n"
			setup, err := load(t, file)
			if err != nil {
				t.Fatal(err)
			}
			asked := func(when, want string) {
				t.Helper()
				model, err := setup.Model("a")
				if err != nil {
					t.Fatal(err)
				}
				if _, err = model.Generate(t.Context(), llm.Prompt("hello")); string(llm.KindOf(err)) != want {
					t.Errorf("%s the error is %v, want %q", when, err, want)
				}
			}
			asked("at first", "")
			if err := os.WriteFile(setup.Path(), []byte("fail_on_unsupported: true\n"+file), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := setup.Reload(); err != nil {
				t.Fatal(err)
			}
			asked("after the change", test.second)
			asked("after that", test.third)
		})
	}
}

func TestMistakesInSettingsHaveAPlace(t *testing.T) {
	for file, want := range map[string]string{
		"models: {a: {model: works/m, middleware: [retry: {max_retry: 1}]}}":                                                                    `:1:51: there is no field "max_retry"; did you mean "max_retries"?`,
		"models: {a: {model: works/m, middleware: [retry: {max_retries: -1}]}}":                                                                 `:1:43: the middleware "retry" cannot be made:`,
		"models: {a: {model: works/m, middleware: [log: {level: loud}]}}":                                                                       `:1:56: this cannot be used here: slog: level string "loud": unknown name`,
		"stores: {s: {kind: memory, url: x}}\nmodels: {a: works/m}":                                                                             `:1:10: the store "s" cannot be opened: it is in the process, and has neither url nor tls`,
		"stores: {s: {kind: memory, settings: {max_bytes: -1}}}\nmodels: {a: works/m}":                                                          `:1:10: the store "s" cannot be opened: max_bytes is -1; it cannot be negative`,
		"models: {a: {model: works/m, middleware: [rate_limit: {}]}}":                                                                           `:1:43: the middleware "rate_limit" cannot be made: middleware.RateLimit: Requests is zero`,
		"models: {a: {model: works/m, middleware: [chain: {rate_limit: {}, retry: {max_retries: -1}}]}}":                                        `MaxRetries is -1; it must not be negative; middleware.RateLimit: Requests is zero`,
		"models: {a: {model: works/m, middleware: [retry: {per_kind: {timeout: 1}}]}}":                                                          `there is no such kind of error; use one of: invalid_request, context_length_exceeded,`,
		"models: {a: works/m, b: {model: works/m, middleware: [fallback: {to: [a]}]}}":                                                          `:1:71: text stands where fields are wanted; there is: model, on`,
		"stores: {s: {kind: odd}}\nmodels: {a: {model: works/m, middleware: [cache: {shared: {store: s}}]}}":                                    `:2:43: the middleware "cache" cannot be made: the store "s" is a int, which keeps no state of middleware`,
		"models: {a: {model: works/m, middleware: [cache: {shared: {store: s}}]}}":                                                              `:1:43: the middleware "cache" cannot be made: there is no store "s"; there is none`,
		"models: {a: {model: works/m, middleware: [cache: {shared: {store_down: local}}]}}":                                                     `:1:43: the middleware "cache" cannot be made: shared says store_down or scope, and names no store`,
		"models: {a: {model: works/m, middleware: [fallback: {to: [{model: b}]}]}}":                                                             `:1:43: the middleware "fallback" cannot be made: there is no model or group "b"; there is: a`,
		"models: {a: {model: works/m, middleware: [balance: {over: [{model: b}]}]}}":                                                            `:1:43: the middleware "balance" cannot be made: there is no model or group "b"; there is: a`,
		"models: {a: works/m, b: works/m}\ngroups: {g: {kind: balance, models: [a], settings: {over: [{model: b}]}}}\ndefault: a":               `:2:10: the group "g" cannot be made:`,
		"models: {a: {model: works/m, retry: {}, max_retries: 2}}":                                                                              `:1:30: there is no field "retry" here: it belongs under "middleware", as in "middleware: [retry: {…}]"`,
		"models: {a: {model: works/m, key: k, keys: [k]}}":                                                                                      `:1:35: there are both key and keys: leave one out`,
		"models: {a: {model: works/m, keys: []}}":                                                                                               `:1:10: keys is empty: leave it out, or name a key`,
		"models: {a: {model: works/m, keys: [{env: NOT_SET_HERE}, {env: NOR_THIS}]}}":                                                           `:1:64: the environment variable NOR_THIS is not set`,
		"models: {a: {model: works/m, middleware: [hedge: {model: b}]}}":                                                                        `:1:43: the middleware "hedge" cannot be made: there is no model or group "b"; there is: a`,
		"models: {a: works/m, b: works/m, c: works/m}\ngroups: {g: {kind: fallback, models: [a, b], settings: {to: [{model: c}]}}}\ndefault: g": `:2:10: the group "g" cannot be made:`,
	} {
		_, err := load(t, file)
		if !errors.Is(err, llm.InvalidRequest) || !strings.Contains(err.Error(), want) {
			t.Errorf("the error of %s is\n%v\nwant %s", file, err, want)
		}
	}
}
