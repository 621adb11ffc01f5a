package config_test

import (
	"strings"
	"testing"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/config"
)

// A fallback does not hide the missing key, because it does not apply to errors of kind auth.
func TestFileWithOneMissingKeyLoads(t *testing.T) {
	path := write(t, `models:
  here: works/m
  gone: {model: works/m, key: {env: NOT_SET_HERE}}
groups:
  both: {kind: fallback, models: [gone, here]}
`)
	cfg, err := config.Load(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer cfg.Close()
	const problem = ":3:37: the environment variable NOT_SET_HERE is not set; set it, or name another"
	var warned []string
	for _, w := range cfg.Warnings() {
		warned = append(warned, w.String())
	}
	if len(warned) != 1 || !strings.HasSuffix(warned[0], problem) {
		t.Errorf("the warnings are %q, want one that ends with %s", warned, problem)
	}
	for name, ok := range map[string]bool{"here": true, "gone": false, "both": false} {
		model, err := cfg.Model(name)
		if err != nil {
			t.Fatal(err)
		}
		_, err = model.Generate(t.Context(), llm.Prompt("hi"))
		if ok && err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if !ok && (llm.KindOf(err) != llm.Auth || !strings.HasSuffix(err.Error(), problem)) {
			t.Errorf("%s: the error is %v, want one of kind auth that ends with %s", name, err, problem)
		}
	}
}

func TestFileWithoutAnyKeyDoesNotLoad(t *testing.T) {
	path := write(t, "models: {a: {model: works/m, key: {env: NOT_SET_HERE}}, b: {model: works/m, key: {env: NOR_THIS}}}")
	_, err := config.Load(path, nil)
	if err == nil || !strings.Contains(err.Error(), "NOT_SET_HERE is not set") || !strings.Contains(err.Error(), "NOR_THIS is not set") {
		t.Errorf("the error is %v", err)
	}
}

// The other keys of a model are used.
func TestOneOfSeveralKeysIsMissing(t *testing.T) {
	path := write(t, "models: {a: {model: works/m, keys: [{env: NOT_SET_HERE}, given]}}")
	cfg, err := config.Load(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer cfg.Close()
	model, err := cfg.Model("a")
	if err != nil {
		t.Fatal(err)
	}
	for range 4 {
		if _, err := model.Generate(t.Context(), llm.Prompt("hi")); err != nil {
			t.Error(err)
		}
	}
}

// ${X} is not valid YAML in a mapping in braces, and a text otherwise.
func TestVariableInBracesGetsAHint(t *testing.T) {
	const hint = "variables in a text are not replaced; for the environment variable OPENAI_API_KEY, write {env: OPENAI_API_KEY}"
	for _, file := range []string{
		"models: {a: {model: works/m, key: ${OPENAI_API_KEY}}}",
		"models:\n  a: {model: works/m, key: ${ OPENAI_API_KEY }}\n",
		"models:\n  a:\n    model: works/m\n    key: ${OPENAI_API_KEY}\n",
		"providers:\n  works: {key: ${OPENAI_API_KEY}}\nmodels:\n  a: works/m\n",
	} {
		_, err := config.Load(write(t, file), nil)
		if err == nil || !strings.Contains(err.Error(), hint) {
			t.Errorf("the error of\n%s\nis %v", file, err)
		}
	}
}
