package all_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
	"github.com/parley-llm/parley/llm/llmtest/conformance"
	"github.com/parley-llm/parley/providers"
	"github.com/parley-llm/parley/providers/config"
	"github.com/parley-llm/parley/providers/openai"
)

// A config file can say how a server of OpenAI's dialect differs from OpenAI.
func TestQuirksOfAFileChangeTheRequest(t *testing.T) {
	srv := llmtest.NewLoopbackServer(t, conformance.OpenAI().Stream(llmtest.Text("Hello.").Usage(2, 1)))
	path := filepath.Join(t.TempDir(), "parley.yaml")
	write(t, path, `
providers:
  office:
    type: openai
    base_url: `+srv.URL+`
    key: any
    settings: {quirks: {max_tokens_field: max_tokens, unsupported: [seed]}}
models: {m: office/model}
`)
	cfg, err := config.Load(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer cfg.Close()
	model, err := cfg.Model("m")
	if err != nil {
		t.Fatal(err)
	}
	req := llm.Prompt("Hi.")
	req.MaxTokens, req.Seed = 7, new(int64(1))
	resp, err := model.Generate(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	var body map[string]any
	if err := json.Unmarshal(srv.Requests()[0].Body, &body); err != nil {
		t.Fatal(err)
	}
	if body["max_tokens"] != 7.0 || body["max_completion_tokens"] != nil || body["seed"] != nil {
		t.Errorf("the body is %v, want max_tokens 7, and neither max_completion_tokens nor seed", body)
	}
	if len(resp.Warnings) != 1 || resp.Warnings[0].Setting != "Seed" {
		t.Errorf("warnings are %v, want one about Seed", resp.Warnings)
	}
}

// Headers and the query are settings of a connection, and a query in the address is kept.
func TestFileSetsHeadersAndQuery(t *testing.T) {
	for name, test := range map[string]struct{ base, settings, want string }{
		"in the address":  {"/models?api-version=2024-05-01-preview", "{}", "/models/chat/completions?api-version=2024-05-01-preview"},
		"in the settings": {"/v1", "{query: {api-version: preview}}", "/v1/chat/completions?api-version=preview"},
	} {
		t.Run(name, func(t *testing.T) {
			srv := llmtest.NewLoopbackServer(t, conformance.OpenAI().Stream(llmtest.Text("Hello.").Usage(2, 1)))
			path := filepath.Join(t.TempDir(), "parley.yaml")
			write(t, path, `
providers:
  work:
    type: openai
    base_url: `+srv.URL+test.base+`
    key: any
    headers: {X-Team: blue}
    settings: `+test.settings+`
models: {m: work/model}
`)
			cfg, err := config.Load(path, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer cfg.Close()
			model, err := cfg.Model("m")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := model.Generate(t.Context(), llm.Prompt("Hi.")); err != nil {
				t.Fatal(err)
			}
			got := srv.Requests()[0]
			equal(t, "path and header", []string{got.Path, got.Header.Get("X-Team")}, []string{test.want, "blue"})
		})
	}
	path := filepath.Join(t.TempDir(), "parley.yaml")
	write(t, path, "models: {m: {model: gemini/m, key: any, base_url: 'https://h.example/x?key=secret'}}")
	if _, err := config.Load(path, nil); err == nil || !strings.HasSuffix(err.Error(), `invalid base URL "https://h.example/x": remove the query and the fragment`) {
		t.Errorf("a query for a provider that takes none: the error is %v", err)
	}
}

func TestInvalidSettingsAreErrors(t *testing.T) {
	path := filepath.Join(t.TempDir(), "parley.yaml")
	for settings, want := range map[string]string{
		`{quirk: {}}`:                           `unknown field "quirk"; did you mean "quirks"?`,
		`{quirks: {reasoning_field: thinking}}`: `Config.Quirks.ReasoningField is "thinking"`,
	} {
		write(t, path, "models: {m: {model: openai/m, key: any, settings: "+settings+"}}\n")
		if _, err := config.Load(path, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("settings %s: the error is %v, want one with %q", settings, err, want)
		}
	}
	_, err := providers.Config{APIKey: "any", Settings: &openai.Settings{}}.Open("openai/m")
	if llm.KindOf(err) != llm.InvalidRequest || !strings.Contains(err.Error(), "use openai.Settings") {
		t.Errorf("settings of another type: the error is %v, want one that names the type", err)
	}
}
