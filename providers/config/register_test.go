package config_test

import (
	"strings"
	"testing"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/config"
)

func TestRegisterPanicsOnMistakes(t *testing.T) {
	suffixes := config.Middleware{New: func() llm.Middleware { return new(suffix) }}
	jars := config.Store{New: func() config.StoreSettings { return new(jarSettings) }}
	for name, register := range map[string]func(){
		"middleware without a name":     func() { config.RegisterMiddleware("", suffixes) },
		"middleware that is registered": func() { config.RegisterMiddleware("suffix", suffixes) },
		"middleware of this module":     func() { config.RegisterMiddleware("retry", suffixes) },
		"the chain":                     func() { config.RegisterMiddleware("chain", suffixes) },
		"middleware without New":        func() { config.RegisterMiddleware("new", config.Middleware{}) },
		"middleware that is no pointer": func() {
			config.RegisterMiddleware("new", config.Middleware{New: func() llm.Middleware { return llm.MiddlewareFunc(nil) }})
		},
		"middleware that is nil":         func() { config.RegisterMiddleware("new", config.Middleware{New: func() llm.Middleware { return nil }}) },
		"a store without a name":         func() { config.RegisterStore("", jars) },
		"a store that is registered":     func() { config.RegisterStore("jar", jars) },
		"a store of this module":         func() { config.RegisterStore("memory", jars) },
		"a store without New":            func() { config.RegisterStore("new", config.Store{}) },
		"a store whose settings are nil": func() { config.RegisterStore("new", config.Store{New: func() config.StoreSettings { return nil }}) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				text, ok := recover().(string)
				if !ok || !strings.HasPrefix(text, "parley: config.Register") || !strings.Contains(text, "the name is empty or taken, or New does not return a pointer") {
					t.Errorf("the panic is %q", text)
				}
			}()
			register()
		})
	}
}
