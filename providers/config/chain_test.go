package config_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
	"github.com/parley-llm/parley/providers"
	"github.com/parley-llm/parley/providers/config"
)

// registerForChains registers providers that succeed, fail, or fail once.
func registerForChains() {
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
		providers.Register(name, providers.Driver{New: func(providers.Config) (llm.Provider, error) { return open(), nil }})
	}
	providers.Register("keyed", providers.Driver{New: func(c providers.Config) (llm.Provider, error) {
		if c.APIKey == "k-revoked" {
			return llmtest.Always(llmtest.Error(&llm.Error{Kind: llm.Auth, Status: 401, Message: "no such key"})), nil
		}
		return llmtest.Always(llmtest.Echo()), nil
	}})
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
			cfg := load(t, test.file, nil)
			model, err := cfg.Model("")
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

// The state of a middleware ends with the generation of the file. State in a store of the file
// stays, and is shared by every middleware that names the store.
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
			cfg := load(t, file, nil)
			asked := func(when, want string) {
				t.Helper()
				model, err := cfg.Model("a")
				if err != nil {
					t.Fatal(err)
				}
				if _, err = model.Generate(t.Context(), llm.Prompt("hello")); string(llm.KindOf(err)) != want {
					t.Errorf("%s the error is %v, want %q", when, err, want)
				}
			}
			asked("at first", "")
			if err := os.WriteFile(cfg.Path(), []byte("fail_on_unsupported: true\n"+file), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := cfg.Reload(); err != nil {
				t.Fatal(err)
			}
			asked("after the change", test.second)
			asked("after that", test.third)
		})
	}
}

func TestMistakesInSettingsHaveAPlace(t *testing.T) {
	for file, want := range map[string]string{
		"models: {a: {model: works/m, middleware: [retry: {max_retry: 1}]}}":                                                                    `:1:51: unknown field "max_retry"; did you mean "max_retries"?`,
		"models: {a: {model: works/m, middleware: [retry: {max_retries: -1}]}}":                                                                 `:1:64: invalid middleware "retry": max_retries is -1; it must not be negative`,
		"models: {a: {model: works/m, middleware: [log: {level: loud}]}}":                                                                       `:1:56: invalid value: slog: level string "loud": unknown name`,
		"stores: {s: {kind: memory, url: x}}\nmodels: {a: works/m}":                                                                             `:1:10: the store "s" is inside the process; remove url and tls`,
		"stores: {s: {kind: memory, settings: {max_bytes: -1}}}\nmodels: {a: works/m}":                                                          `:1:10: cannot open the store "s": max_bytes is -1; it cannot be negative`,
		"models: {a: {model: works/m, middleware: [rate_limit: {}]}}":                                                                           `:1:43: invalid middleware "rate_limit": requests is zero, and so is tokens; set at least one of them`,
		"models: {a: {model: works/m, middleware: [chain: {rate_limit: {}, retry: {max_retries: -1}}]}}":                                        `.yaml:1:88: invalid middleware "chain": retry.max_retries is -1; it must not be negative`,
		"models: {a: {model: works/m, middleware: [chain: {rate_limit: {}}]}}":                                                                  `:1:63: invalid middleware "chain": rate_limit.requests is zero, and so is rate_limit.tokens; set at least one of them`,
		"models: {a: {model: works/m, middleware: [cache: {max_bytes: -4}]}}":                                                                   `:1:62: invalid middleware "cache": max_bytes is -4; it must not be negative`,
		"models: {a: {model: works/m, middleware: [retry: {budget: {tokens: 3}}]}}":                                                             `:1:68: invalid middleware "retry": budget.tokens is 3, too few for one retry; it must be at least budget.cost, 14`,
		"models: {a: {model: works/m, middleware: [retry: {min_backoff: 9s, max_backoff: 1s}]}}":                                                `:1:81: invalid middleware "retry": max_backoff is 1s, less than min_backoff, 9s`,
		"models: {a: {model: works/m, middleware: [cache: {shared: {store_down: Local}}]}}":                                                     `shared has store_down or scope but no store`,
		"models: {a: {model: works/m, middleware: [cache: {shared: {store: s, store_down: Local}}]}}\nstores: {s: {kind: memory}}":              `:1:82: invalid middleware "cache": shared.store_down is "Local"; use "local" or "refuse"`,
		"models: {a: {model: works/m, middleware: [balance: {strategy: least in flight, over: [{model: b}]}]}, b: works/m}":                     `:1:63: invalid middleware "balance": strategy is "(not shown)"; use "weighted" or "least_in_flight"`,
		"models: {a: {model: works/m, middleware: [balance: {over: &o [{model: b, weight: -2}]}]}, b: works/m}":                                 `:1:59: invalid middleware "balance": over.weight is -2; it must not be negative`,
		"models: {a: {model: works/m, middleware: [retry: {per_kind: {rate_limited: 1, rate limited: 2}}]}}":                                    `:1:79: duplicate key; it means the same as "rate_limited" in line 1`,
		"models: {a: {model: works/m, defaults: {temperature: .1, top_p: -.inf}}}":                                                              `:1:65: expected a number, found the number -.inf`,
		"models: {a: {model: works/m, defaults: {max_tokens: -1}}}":                                                                             `:1:53: invalid defaults: max_tokens is -1; it cannot be negative`,
		"models: {a: {model: works/m, defaults: {reasoning: low}}}":                                                                             `:1:41: the field "reasoning" has a new name; write "reasoning_effort"`,
		"models: {a: {model: works/m, defaults: {unstreamed: true}}}":                                                                           `:1:41: the field "unstreamed" has a new name; write "non_streaming"`,
		"models: {a: works/m}\nstrict: true":                                                                                                    `:2:1: the field "strict" has a new name; write "fail_on_unsupported"`,
		"models: {a: {model: works/m, middleware: [budget: {per_day: 1, answer: 5}]}}":                                                          `:1:64: the field "answer" has a new name; write "estimated_output_tokens"`,
		"models: {a: {model: works/m, middleware: [retry: {per_kind: {timeout: 1}}]}}":                                                          `there is no such kind of error; use one of: invalid_request, context_length_exceeded,`,
		"models: {a: works/m, b: {model: works/m, middleware: [fallback: {to: [a]}]}}":                                                          `:1:71: expected a mapping with some of the fields model, on; found text`,
		"models: {a: {model: works/m, middleware: [cache: {shared: {store: s}}]}}":                                                              `:1:43: invalid middleware "cache": unknown store "s"; none is available`,
		"models: {a: {model: works/m, middleware: [cache: {shared: {store_down: local}}]}}":                                                     `:1:43: invalid middleware "cache": shared has store_down or scope but no store; add store, or remove shared`,
		"models: {a: {model: works/m, middleware: [fallback: {to: [{model: b}]}]}}":                                                             `:1:43: invalid middleware "fallback": unknown model or group "b"; use one of: a`,
		"models: {a: {model: works/m, middleware: [balance: {over: [{model: b}]}]}}":                                                            `:1:43: invalid middleware "balance": unknown model or group "b"; use one of: a`,
		"models: {a: works/m, b: works/m}\ngroups: {g: {kind: balance, models: [a], settings: {over: [{model: b}]}}}\ndefault: a":               `:2:59: invalid group "g": over has a model "b" that is not one of the group's other models; add it to models, or remove it`,
		"models: {a: {model: works/m, retry: {}, max_retries: 2}}":                                                                              `:1:30: misplaced field "retry"; move it to "middleware", as in "middleware: [retry: {…}]"`,
		"models: {a: {model: works/m, key: k, keys: [k]}}":                                                                                      `:1:35: both key and keys are set; remove one`,
		"models: {a: {model: works/m, keys: []}}":                                                                                               `:1:10: keys is empty; add a key, or remove keys`,
		"models: {a: {model: works/m, keys: [{env: NOT_SET_HERE}, {env: NOR_THIS}]}}":                                                           `:1:64: the environment variable NOR_THIS is not set`,
		"models: {a: {model: works/m, middleware: [hedge: {model: b}]}}":                                                                        `:1:43: invalid middleware "hedge": unknown model or group "b"; use one of: a`,
		"models: {a: works/m, b: works/m, c: works/m}\ngroups: {g: {kind: fallback, models: [a, b], settings: {to: [{model: c}]}}}\ndefault: g": `.yaml:2:61: invalid group "g": to has a model "c" that is not one of the group's other models; add it to models, or remove it`,
	} {
		_, err := config.Load(write(t, file), nil)
		if !errors.Is(err, llm.InvalidRequest) || !strings.Contains(err.Error(), want) {
			t.Errorf("the error of %s is\n%v\nwant %s", file, err, want)
		}
	}
}
