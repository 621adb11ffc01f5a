package config_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/config"
)

// fullFile sets every field once.
const fullFile = `$schema: ./config.schema.json
default: careful
fail_on_unsupported: false
egress: [llm.office.example, 10.20.0.0/16]
providers:
  office:
    type: echo
    base_url: https://llm.office.example/v1
    key: {env: SET}
    headers: {X-Team: search, X-Pass: {env: SET}}
    limits: {connect: 5s, first_event: 1m, idle: 30s, total: 10m, frame_bytes: 1000000}
  echo: {base_url: "http://127.0.0.1:1"}
models:
  short: echo/m
  local: &local
    model: office/org/llama
    defaults: &defaults
      system: You are terse.
      max_tokens: 400
      temperature: 0
      top_p: 0.5
      top_k: 3
      seed: 7
      presence_penalty: 0.1
      frequency_penalty: -0.1
      stop: [END]
      reasoning_effort: low
      parallel_tool_calls: false
      non_streaming: false
      fail_on_unsupported: false
    options:
      num_ctx: 8192
      logit_of: {a: 1}
      extra: {deep: [1, 2.5, text, true, null, {x: y}]}
    middleware:
      - suffix: {text: "!", wait: 1s}
      - suffix
    info:
      display_name: Office LLaMA
      context_window: 8192
      max_output: 4096
      input: [text, image]
      output: [text]
      capabilities: [tools]
      prices: {input: 0.1, output: 0.2}
      status: current
      released: 2024-07-23
  kept: {model: echo/m, middleware: [cache: {shared: {store: shelf}}]}
  other:
    <<: *local
    model: office/other
stores:
  shelf: {kind: jar, url: {env: SET}, tls: {server_name: store.example}, settings: {label: glass}}
groups:
  careful:
    kind: fallback
    models: [other, local]
    settings: {to: [{model: local, on: [overloaded]}]}
    middleware: [suffix: {text: "?"}]
    defaults: {max_tokens: 300}
catalog:
  echo/m: {status: deprecated, retires: 2027-01-01, successor: n}
`

// asked sends a request and returns the call that the provider received.
func asked(t *testing.T, cfg *config.Config, name string, req *llm.Request) *llm.Call {
	t.Helper()
	model, err := cfg.Model(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := model.Generate(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	return lastCall
}

func TestEverythingInAFileReachesTheProvider(t *testing.T) {
	cfg := load(t, fullFile, map[string]string{"SET": "k-123456789"})
	equal(t, "names", cfg.Names(), []string{"short", "local", "kept", "other", "careful"})
	equal(t, "warnings", cfg.Warnings(), []config.Problem(nil))

	call := asked(t, cfg, "local", llm.Prompt("hi"))
	equal(t, "model", call.Provider+" "+call.Model, "echo org/llama")
	want := llm.Prompt("hi")
	want.Messages = []llm.Message{llm.System("You are terse."), llm.User("hi")}
	want.MaxTokens, want.Temperature, want.TopP, want.TopK, want.Seed = 400, new(0.0), new(0.5), new(3), new(int64(7))
	want.PresencePenalty, want.FrequencyPenalty, want.Stop = new(0.1), new(-0.1), []string{"END"}
	want.ReasoningEffort, want.ParallelToolCalls = llm.EffortLow, new(false)
	want.Options = []llm.Options{echoOptions{NumCtx: 8192, LogitOf: map[string]int{"a": 1}, Extra: map[string]any{
		"deep": []any{int64(1), 2.5, "text", true, nil, map[string]any{"x": "y"}},
	}}}
	equal(t, "request", call.Request, want)

	equal(t, "answer of a model with middleware", ask(t, cfg, "local"), "org/llama at https://llm.office.example/v1!")
	equal(t, "answer of a group", ask(t, cfg, "careful"), "other at https://llm.office.example/v1!?")
	equal(t, "answer of the default", ask(t, cfg, ""), "other at https://llm.office.example/v1!?")
	equal(t, "answer of a model in short form", ask(t, cfg, "short"), "m at http://127.0.0.1:1")
	equal(t, "answer of a model with a store", ask(t, cfg, "kept"), "m at http://127.0.0.1:1")
	shelf := jarsOpened[len(jarsOpened)-1]
	equal(t, "store's label, address, TLS and egress",
		[]any{shelf.label, string(shelf.config.URL), shelf.config.TLS.ServerName, shelf.config.Dial != nil}, []any{"glass", "k-123456789", "store.example", true})
	equal(t, "answer of a provider's model that is not in the file", ask(t, cfg, "office/new"), "new at https://llm.office.example/v1")

	office := openedAt["https://llm.office.example/v1"]
	equal(t, "key", string(office.APIKey), "k-123456789")
	equal(t, "headers", office.Headers, http.Header{"X-Team": {"search"}, "X-Pass": {"k-123456789"}})
	equal(t, "limits", office.Limits, llm.Limits{Connect: 5 * time.Second, FirstEvent: time.Minute, Idle: 30 * time.Second, Total: 10 * time.Minute, FrameBytes: 1e6})
	_, err := office.HTTPClient.Get("https://api.openai.com")
	equal(t, "kind of the error of leaving the premises", llm.KindOf(err), llm.Permission)

	info, ok := cfg.Info("local")
	equal(t, "info", []any{ok, info.DisplayName, info.ContextWindow, *info.Prices, info.Status, info.Created},
		[]any{true, "Office LLaMA", 8192, llm.Prices{Input: 0.1, Output: 0.2}, llm.StatusCurrent, time.Date(2024, 7, 23, 0, 0, 0, 0, time.UTC)})
	if text := fmt.Sprintf("%v %+v %#v", cfg, cfg, cfg); strings.Contains(text, "k-123") || !strings.Contains(text, "parley.yaml: short, local") {
		t.Errorf("the config prints as %s", text)
	}
}

func TestFileMayBeJSON(t *testing.T) {
	cfg := load(t, `{"models": {"fast": {"model": "echo/m", "base_url": "http://x"}}}`, nil)
	equal(t, "answer", ask(t, cfg, ""), "m at http://x")
}

func TestModelsOfASectionShareItsProvider(t *testing.T) {
	before := opens
	load(t, "providers: {echo: {base_url: 'http://x'}}\nmodels: {a: echo/a, b: echo/b, c: {model: echo/c, base_url: 'http://y'}}", nil)
	equal(t, "providers opened", opens-before, 2)
}

func TestNoModelOfThisName(t *testing.T) {
	cfg := load(t, "models: {fast: echo/m, slow: echo/n}", nil)
	for name, want := range map[string]string{
		"fats":      `parley: fats: not found: the config file has no model "fats"; did you mean "fast"?`,
		"":          `has no default; set default to one of fast, slow`,
		"ehco/m":    `parley: invalid request: cannot open ehco/m: unknown provider "ehco"; did you mean "echo"?`,
		"locked/m":  `parley: invalid request: cannot open locked/m: there is no API key; add a key, for example "key: {env: NAME}"`,
		"unrelated": `the config file has no model "unrelated"; use one of: fast, slow`,
	} {
		if _, err := cfg.Model(name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error for %q is %v,\nwant one with %s", name, err, want)
		}
	}
	equal(t, "answer after the mistakes", ask(t, cfg, "fast"), "m at ")
}

// The names of models can come from anywhere. All of them share one provider, and each of them
// answers.
func TestModelsThatTheFileDoesNotNameShareTheirProvider(t *testing.T) {
	before := opens
	cfg := load(t, "models: {a: echo/a}\nproviders: {echo: {base_url: 'http://x'}}", nil)
	for i := range 1100 {
		name := fmt.Sprint("m", i)
		equal(t, "answer", ask(t, cfg, "echo/"+name), name+" at http://x")
	}
	equal(t, "answer of the file's own", ask(t, cfg, "a"), "a at http://x")
	equal(t, "providers opened", opens-before, 1)
}

func TestKeys(t *testing.T) {
	dir := t.TempDir()
	rewrite(t, filepath.Join(dir, "key.txt"), "k-from-file\n")
	path := filepath.Join(dir, "parley.yaml")
	rewrite(t, path, `models:
  literal: {model: echo/literal, base_url: http://literal, key: k-literal}
  file: {model: echo/file, base_url: http://file, key: {file: key.txt}}
  command: {model: echo/command, base_url: http://command, key: {command: [cat, key.txt]}}
  expiring: {model: echo/expiring, base_url: http://expiring, key: {command: [cat, key.txt], expires: 1h}}
`)
	cfg, err := config.Load(path, variables(nil))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"literal": "k-literal", "file": "k-from-file", "command": "k-from-file"} {
		equal(t, "key of "+name, string(openedAt["http://"+name].APIKey), want)
	}
	source := openedAt["http://expiring"].TokenSource
	ended, end := context.WithCancel(t.Context())
	end()
	_, err = source(ended)
	equal(t, "error of a command for a call that has ended", fmt.Sprint(err), "the command cat did not end in time")
	for _, content := range []string{"k-from-file", "k-another"} { // the second is not read: the first is good for an hour
		rewrite(t, filepath.Join(dir, "key.txt"), content)
		token, err := source(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "token", token, "k-from-file")
	}
	equal(t, "warnings of files that nobody else may read", cfg.Warnings(), []config.Problem(nil))
	_ = cfg.Close()

	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if cfg, err = config.Load(path, variables(nil)); err != nil {
		t.Fatal(err)
	}
	defer cfg.Close()
	var warnings []string
	for _, w := range cfg.Warnings() {
		warnings = append(warnings, complaint(errors.New(w.String()), path))
	}
	equal(t, "warnings", warnings, []string{
		"parley.yaml:2:65: the key is in a file that every user of this machine can read; run chmod 600 parley.yaml, or use {env: NAME}",
	})
}

// Secrets are found in every part of the file: headers, options, the addresses of proxies.
func TestSecretsThatEverybodyMayReadAreWarnings(t *testing.T) {
	path := write(t, `providers:
  echo: {headers: {Authorization: "Bearer k", X-Team: search, X-Api-Key: {env: SET}}}
models:
  a: {model: echo/m, proxy: "http://me:password@proxy", options: {extra: &extra {api_key: k, prompt_cache_key: p, max_tokens: 3, of: [{token: k}]}}}
  b: {model: echo/m, options: {extra: *extra}, middleware: [suffix: {text: x}]}
stores: {s: {kind: jar, url: "redis://:k@host"}}
groups: {g: {kind: fallback, models: [a]}}
`)
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(path, variables(map[string]string{"SET": "k"}))
	if err != nil {
		t.Fatal(err)
	}
	defer cfg.Close()
	var warnings []string
	for _, w := range cfg.Warnings() {
		warnings = append(warnings, complaint(errors.New(w.String()), path))
	}
	const read = " is in a file that every user of this machine can read; run chmod 600 parley.yaml"
	equal(t, "warnings", warnings, []string{
		"parley.yaml:2:35: the header Authorization" + read + ", or use {env: NAME}",
		"parley.yaml:4:29: the password" + read,
		"parley.yaml:4:91: the value of api_key" + read,
		"parley.yaml:4:143: the value of token" + read,
		"parley.yaml:6:30: the password" + read + ", or use {env: NAME}",
	})
}

func TestNoKeyInAnError(t *testing.T) {
	path := write(t, "models: {a: {model: echo/m, base_url: 'http://user:k-123456789@x', key: {command: [sh, -c, 'echo k-123456789; echo k-123456789 >&2; exit 1']}}, b: {model: [k-123456789], key: [k-123456789]}}")
	_, err := config.Load(path, variables(nil))
	if err == nil || strings.Contains(fmt.Sprintf("%v %+v", err, err), "k-123456789") {
		t.Errorf("the error is %v", err)
	}
	path = write(t, "models: {a: {model: echo/m, key: {command: [sh, -c, 'echo k-123456789; echo k-123456789 >&2; exit 1']}}}")
	_, err = config.Load(path, variables(nil))
	equal(t, "error", complaint(err, path), "parley.yaml:1:45: the command sh failed: exit status 1")
}

func TestReloadDisturbsNoCallUnderWay(t *testing.T) {
	path := write(t, "models: {m: {model: echo/old, base_url: 'http://old'}}")
	cfg, err := config.Load(path, variables(nil))
	if err != nil {
		t.Fatal(err)
	}
	old := opened
	model, err := cfg.Model("m")
	if err != nil {
		t.Fatal(err)
	}
	texts := func(yield func(string)) {
		for text, err := range model.Stream(t.Context(), llm.Prompt("hi")).Text() {
			if err != nil {
				t.Fatal(err)
			}
			yield(text)
		}
	}
	texts(func(text string) {
		equal(t, "answer under way", text, "old at http://old")
		rewrite(t, path, "models: {m: {model: echo/new, base_url: 'http://new'}}")
		if err := cfg.Reload(); err != nil {
			t.Fatal(err)
		}
		equal(t, "the old provider is closed while a call is under way", old.closed, 0)
		texts(func(text string) { equal(t, "answer after the change", text, "new at http://new") })
	})
	equal(t, "the old provider is closed after its last call", old.closed, 1)

	rewrite(t, path, "models: {m: {modle: echo/broken}}")
	equal(t, "error of a broken file", complaint(cfg.Reload(), path), `parley.yaml:1:14: unknown field "modle"; did you mean "model"?`)
	texts(func(text string) { equal(t, "answer after a broken file", text, "new at http://new") })

	rewrite(t, path, "models: {n: echo/new}")
	if err := cfg.Reload(); err != nil {
		t.Fatal(err)
	}
	_, err = model.Generate(t.Context(), llm.Prompt("hi"))
	equal(t, "kind of the error of a model that the file has no more", llm.KindOf(err), llm.NotFound)
	_ = cfg.Close()
	equal(t, "the last provider is closed with the cfg", opened.closed, 1)
}

func TestNothingBeginsAfterClose(t *testing.T) {
	path := write(t, "models: {m: echo/m}\nstores: {s: {kind: jar}}")
	cfg, err := config.Load(path, variables(nil))
	if err != nil {
		t.Fatal(err)
	}
	model, err := cfg.Model("m")
	if err != nil {
		t.Fatal(err)
	}
	if err := cfg.Close(); err != nil {
		t.Fatal(err)
	}
	before, stores := opens, len(jarsOpened)
	const closed = "parley: invalid request: the config is closed"
	equal(t, "error of a reload", fmt.Sprint(cfg.Reload()), closed)
	equal(t, "error of Watch", fmt.Sprint(cfg.Watch(t.Context(), time.Millisecond, nil)), closed)
	_, err = cfg.Model("echo/new")
	equal(t, "error of another model", fmt.Sprint(err), closed)
	_, err = model.Generate(t.Context(), llm.Prompt("hi"))
	equal(t, "error of a call", fmt.Sprint(err), "parley: echo/m: invalid request: the config is closed")
	equal(t, "providers and stores opened since", []int{opens - before, len(jarsOpened) - stores}, []int{0, 0})
	equal(t, "error of closing again", cfg.Close(), error(nil))
	equal(t, "times that the store was closed", jarsOpened[stores-1].closed, 1)
}

// If a Config is closed during a reload, the reload leaves nothing open.
func TestCloseDuringAReload(t *testing.T) {
	dir := t.TempDir()
	path, pipe := filepath.Join(dir, "parley.yaml"), filepath.Join(dir, "pipe")
	rewrite(t, path, "models: {m: {model: echo/m, base_url: 'http://first'}}")
	cfg, err := config.Load(path, variables(nil))
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("mkfifo", pipe).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	rewrite(t, path, "models: {m: {model: echo/m, base_url: 'http://second', key: {file: pipe}}}")
	reloaded := make(chan error)
	go func() { reloaded <- cfg.Reload() }()
	key, err := os.OpenFile(pipe, os.O_WRONLY, 0) // which waits until the reload reads it
	if err != nil {
		t.Fatal(err)
	}
	if err := cfg.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := key.WriteString("k"); err != nil {
		t.Fatal(err)
	}
	key.Close()
	equal(t, "error", fmt.Sprint(<-reloaded), "parley: invalid request: the config is closed")
	equal(t, "address and closings of the last provider", []any{opened.config.BaseURL, opened.closed}, []any{"http://second", 1})
}

func TestStoresOutliveAReadingThatDoesNotChangeThem(t *testing.T) {
	before := len(jarsOpened)
	path := write(t, "stores: {a: {kind: jar, settings: {label: one}}, b: {kind: jar}}\nmodels: {m: echo/m}")
	cfg, err := config.Load(path, variables(nil))
	if err != nil {
		t.Fatal(err)
	}
	closed := func() []int {
		var all []int
		for _, j := range jarsOpened[before:] {
			all = append(all, j.closed)
		}
		return all
	}
	equal(t, "stores opened and closed at first", closed(), []int{0, 0})
	rewrite(t, path, "\n\nmodels: {m: echo/m}\nstores: {b: {kind: jar}, a: {kind: jar, settings: {label: two}}}")
	if err := cfg.Reload(); err != nil {
		t.Fatal(err)
	}
	equal(t, "after another label", closed(), []int{1, 0, 0})
	rewrite(t, path, "stores: {b: {kind: jar}, c: {kind: jar}, a: {kind: jar, settings: {label: broken}}}\nmodels: {m: echo/m}")
	equal(t, "error", complaint(cfg.Reload(), path), `parley.yaml:1:42: cannot open the store "a": it leaks`)
	equal(t, "after a file that does not load", closed(), []int{1, 0, 0, 1})
	rewrite(t, path, "stores: {b: {kind: jar}}\nmodels: {m: echo/m}")
	if err := cfg.Reload(); err != nil {
		t.Fatal(err)
	}
	equal(t, "after one is no more in the file", closed(), []int{1, 0, 1, 1})
	if err := cfg.Close(); err != nil {
		t.Fatal(err)
	}
	equal(t, "at the end", closed(), []int{1, 1, 1, 1})
}

func TestWatchReloadsWhatHasChanged(t *testing.T) {
	dir := t.TempDir()
	path, key := filepath.Join(dir, "parley.yaml"), filepath.Join(dir, "key.txt")
	rewrite(t, key, "first-key")
	rewrite(t, path, "models: {m: {model: echo/old, key: {file: key.txt}}}")
	cfg, err := config.Load(path, variables(nil))
	if err != nil {
		t.Fatal(err)
	}
	defer cfg.Close()
	ctx, cancel := context.WithCancel(t.Context())
	reports, ended := make(chan error), make(chan error)
	go func() {
		ended <- cfg.Watch(ctx, time.Millisecond, func(err error) { reports <- err })
	}()
	rewrite(t, path, "models: {m: {model: echo/newer, key: {file: key.txt}}}")
	equal(t, "report of a change", <-reports, error(nil))
	equal(t, "answer", ask(t, cfg, "m"), "newer at ")
	rewrite(t, path, "models: {}")
	equal(t, "report of a mistake", complaint(<-reports, path), `parley.yaml:1:1: the file has no models; add models, for example "models: {fast: openai/gpt-6-luna}"`)
	equal(t, "answer after a mistake", ask(t, cfg, "m"), "newer at ")
	rewrite(t, path, "models: {m: {model: echo/newest, key: {file: key.txt}}}")
	equal(t, "report of its mending", <-reports, error(nil))
	rewrite(t, key, "second-key-is-longer")
	equal(t, "report of another key", <-reports, error(nil))
	equal(t, "key", string(opened.config.APIKey), "second-key-is-longer")
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("Watch ended with %v", err)
	}
}

func TestProgramsClientIsUsedOrRefused(t *testing.T) {
	client := &http.Client{}
	with := variables(nil)
	with.HTTPClient = client
	path := write(t, "models: {m: echo/m}")
	cfg, err := config.Load(path, with)
	if err != nil {
		t.Fatal(err)
	}
	defer cfg.Close()
	if opened.config.HTTPClient != client {
		t.Error("the program's client did not reach the provider")
	}
	for content, want := range map[string]string{
		"egress: [public]\nmodels: {m: echo/m}":                    "parley.yaml:1:10: egress is set, and the program sets an HTTP client, on which the list cannot be enforced; remove one of them",
		"models: {m: {model: echo/m, proxy: 'http://p'}}":          "parley.yaml:1:36: proxy is set, and the program sets an HTTP client; remove one of them",
		"models: {m: {model: echo/m, tls: {server_name: x.exam}}}": "parley.yaml:1:34: tls is set, and the program sets an HTTP client; remove one of them",
	} {
		path := write(t, content)
		_, err := config.Load(path, with)
		equal(t, "error", complaint(err, path), want)
	}
}

// The case of a header's name does not matter.
func TestModelsOwnHeadersOutrankThoseOfItsSection(t *testing.T) {
	cfg := load(t, `providers: {echo: {headers: {X-Team: all, X-Site: here}}}
models: {m: {model: echo/m, headers: {x-team: search}}}
`, nil)
	ask(t, cfg, "m")
	equal(t, "headers", opened.config.Headers, http.Header{"X-Team": {"search"}, "X-Site": {"here"}})
}

func TestNamesAreThoseOfTheModelsThatAnswer(t *testing.T) {
	cfg := load(t, "models: {fast: {model: echo/m}}\ngroups: {g: {kind: fallback, models: [fast]}}", nil)
	model, err := cfg.Model("fast")
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "name", model.String(), "echo/m")
	group, err := cfg.Model("g")
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "name", group.String(), "fallback/g")
	if !slices.Contains(cfg.Names(), "g") {
		t.Error("the group has no name")
	}
}

func TestMiddlewareMayAskAnotherModelOfTheFile(t *testing.T) {
	cfg := load(t, `models:
  first: {model: echo/one, middleware: [balance: {over: [{model: second}]}]}
  second: {model: echo/two, base_url: "http://two"}
`, nil)
	equal(t, "answer", ask(t, cfg, "first"), "two at http://two")
}
