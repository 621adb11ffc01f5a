package providers_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/parley-llm/parley/internal/providertest"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers"
)

// echo is a provider that answers with the settings that it was opened with.
type echo struct {
	config providers.Config
	closed int
	err    error
}

func (e *echo) Name() string { return "echo" }

func (e *echo) Do(_ context.Context, call *llm.Call) llm.Events {
	return func(yield func(llm.Event, error) bool) {
		_ = yield(llm.Event{Type: llm.EventText, Text: call.Model + " at " + e.config.BaseURL}, nil) &&
			yield(llm.Event{Type: llm.EventDone, Detail: &llm.Done{FinishReason: llm.FinishStop}}, nil)
	}
}

func (e *echo) Close() error {
	e.closed++
	return e.err
}

// plain is a provider that holds nothing.
type plain struct{}

func (plain) Name() string                             { return "plain" }
func (plain) Do(context.Context, *llm.Call) llm.Events { return nil }

var (
	opened    *echo // by the last Open of echo
	errClosed = errors.New("it does not close")
	errOpened = &llm.Error{Kind: llm.Auth, Provider: "locked", Message: "there is no API key"}
)

func TestMain(m *testing.M) {
	providers.Register("echo", providers.Driver{New: func(c providers.Config) (llm.Provider, error) {
		opened = &echo{config: c}
		return opened, nil
	}})
	providers.Register("plain", providers.Driver{New: func(providers.Config) (llm.Provider, error) { return plain{}, nil }})
	providers.Register("locked", providers.Driver{New: func(providers.Config) (llm.Provider, error) { return nil, errOpened }})
	goleak.VerifyTestMain(m)
}

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func TestNamesAreSorted(t *testing.T) {
	equal(t, "names", providers.Names(), []string{"echo", "locked", "plain"})
}

func TestModelNameIsSplitAtItsFirstSlash(t *testing.T) {
	for name, want := range map[string]string{
		"echo/m": "m at http://x", "echo/org/m": "org/m at http://x", "echo/m:latest": "m:latest at http://x", "echo//m": "/m at http://x",
	} {
		m, err := providers.Config{BaseURL: "http://x"}.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := m.Generate(t.Context(), llm.Prompt("hi"))
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "answer of "+name, resp.Text(), want)
		equal(t, "name", m.String(), name)
	}
}

func TestOpenErrors(t *testing.T) {
	for _, tt := range []struct {
		name string
		kind llm.Kind
		text string
	}{
		{"", llm.InvalidRequest, `parley: invalid request: the model name "" is not of the form provider/model; use a name such as openai/gpt-6-luna`},
		{"gpt-4o", llm.InvalidRequest, `parley: invalid request: the model name "gpt-4o" is not of the form provider/model; use a name such as openai/gpt-6-luna`},
		{"/gpt-4o", llm.InvalidRequest, `parley: invalid request: the model name "/gpt-4o" is not of the form provider/model; use a name such as openai/gpt-6-luna`},
		{"echo/", llm.InvalidRequest, `parley: invalid request: the model name "echo/" is not of the form provider/model; use a name such as openai/gpt-6-luna`},
		{"openai/gpt-4o", llm.InvalidRequest, `parley: invalid request: the provider "openai" is not imported (imported: echo, locked, plain); import _ "github.com/parley-llm/parley/providers/openai"`},
		{"vertex/m", llm.InvalidRequest, `parley: invalid request: the provider "vertex" is not imported (imported: echo, locked, plain); import _ "github.com/parley-llm/parley/providers/gemini"`},
		{"groq/m", llm.InvalidRequest, `parley: invalid request: the provider "groq" is not imported (imported: echo, locked, plain); import _ "github.com/parley-llm/parley/providers/openai"`},
		{"mistral/m", llm.InvalidRequest, `parley: invalid request: the provider "mistral" is not imported (imported: echo, locked, plain); import _ "github.com/parley-llm/parley/providers/openai"`},
		{"llama.cpp/m", llm.InvalidRequest, `parley: invalid request: the provider "llama.cpp" is not imported (imported: echo, locked, plain); import _ "github.com/parley-llm/parley/providers/llamacpp"`},
		{"Echo/m", llm.InvalidRequest, `parley: invalid request: the provider "Echo" is not imported (imported: echo, locked, plain); did you mean "echo"? Otherwise import its package, or providers/all for every provider of this module`},
		{"cohere/m", llm.InvalidRequest, `parley: invalid request: the provider "cohere" is not imported (imported: echo, locked, plain); import its package, or providers/all for every provider of this module`},
		{"locked/m", llm.Auth, `parley: locked: authentication failed: there is no API key`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m, err := providers.Open(tt.name)
			if m != nil || err == nil {
				t.Fatalf("Open returned the model %v and the error %v", m, err)
			}
			equal(t, "text", err.Error(), tt.text)
			equal(t, "kind", llm.KindOf(err), tt.kind)
		})
	}
}

func TestSettingsReachTheProvider(t *testing.T) {
	client := &http.Client{}
	config := providers.Config{
		BaseURL: "http://x", APIKey: "k", Headers: http.Header{"A": {"b"}}, HTTPClient: client, Limits: llm.Limits{Total: time.Second},
	}
	if _, err := config.Open("echo/m"); err != nil {
		t.Fatal(err)
	}
	got := opened.config
	equal(t, "settings", []any{got.BaseURL, string(got.APIKey), got.Headers, got.HTTPClient == client, got.Limits},
		[]any{"http://x", "k", http.Header{"A": {"b"}}, true, llm.Limits{Total: time.Second}})
}

func TestModelOptionsAreApplied(t *testing.T) {
	options := make([]llm.ModelOption, 1, 2)
	options[0] = llm.WithName("other")
	for range 2 { // the caller's slice is not written into
		m, err := providers.Open("echo/m", options...)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "name", m.Name(), "other")
	}
	if options[:2][1] != nil {
		t.Error("Open wrote into the caller's options")
	}
}

func TestModelOwnsTheProviderThatWasOpenedForIt(t *testing.T) {
	m, err := providers.Open("echo/m")
	if err != nil {
		t.Fatal(err)
	}
	opened.err = errClosed
	equal(t, "closed before Close", opened.closed, 0)
	if err := m.Close(); !errors.Is(err, errClosed) {
		t.Errorf("Close returned %v, want the provider's error", err)
	}
	equal(t, "closed after Close", opened.closed, 1)

	m, err = providers.Open("plain/m")
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "error of closing a provider that holds nothing", m.Close(), error(nil))
}

func TestEnvironment(t *testing.T) {
	env := map[string]string{"A": "", "B": "b", "C": "c"}
	config := providers.Config{Getenv: func(name string) string { return env[name] }}
	equal(t, "the first that is set", config.Env("X", "A", "B", "C"), "b")
	equal(t, "none that is set", config.Env("X", "A"), "")
	equal(t, "no names", config.Env(), "")
	t.Setenv("PARLEY_TEST_VARIABLE", "real")
	equal(t, "the system's", providers.Config{}.Env("PARLEY_TEST_VARIABLE"), "real")
}

func TestRegisterPanicsOnMistakes(t *testing.T) {
	open := func(providers.Config) (llm.Provider, error) { return plain{}, nil }
	for _, tt := range []struct {
		name string
		open func(providers.Config) (llm.Provider, error)
		want string
	}{
		{"", open, `parley: providers.Register(""): a driver needs a name without a slash, and New`},
		{"a/b", open, `parley: providers.Register("a/b"): a driver needs a name without a slash, and New`},
		{"nil", nil, `parley: providers.Register("nil"): a driver needs a name without a slash, and New`},
		{"plain", open, `parley: providers.Register("plain"): the name is already registered`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			defer func() { equal(t, "panic", recover(), any(tt.want)) }()
			providers.Register(tt.name, providers.Driver{New: tt.open})
		})
	}
	equal(t, "names afterwards", providers.Names(), []string{"echo", "locked", "plain"})
}

func TestRegistryIsSafeForConcurrentUse(t *testing.T) {
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			for range 100 {
				if _, err := providers.Open("plain/m"); err != nil {
					t.Error(err)
				}
				providers.Names()
			}
		})
	}
	wait.Wait()
}

func TestNoProviderIsLinkedUnasked(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "github.com/parley-llm/parley/providers").CombinedOutput()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, out)
	}
	deps := strings.Fields(string(out))
	const own = "github.com/parley-llm/parley/"
	if !slices.Contains(deps, own+"llm") {
		t.Fatalf("the dependencies do not include %sllm: %v", own, deps)
	}
	for _, dep := range deps {
		if strings.HasPrefix(dep, own+"providers/") && dep != own+"providers/catalog" || strings.Contains(dep, "go-openai") || strings.Contains(dep, "yaml") {
			t.Errorf("package providers imports %s", dep)
		}
	}
}

func TestCredentialsShowInNoPrintedConfig(t *testing.T) {
	const key = "sk-test-0123456789abcdef"
	config := providers.Config{
		BaseURL: "https://me:" + key + "@gateway.example/?key=" + key, APIKey: key,
		Headers: http.Header{"X-Gateway-Key": {key}, "Authorization": {"Bearer " + key}, "X-Team": {"blue"}},
	}
	providertest.MustHide(t, key, "the config", config)
	providertest.MustHide(t, key, "the config by pointer", &config)
	if shown := fmt.Sprintf("%+v", config); !strings.Contains(shown, "https://gateway.example") || !strings.Contains(shown, "blue") {
		t.Errorf("the config does not show what is no secret: %s", shown)
	}
}
