package main

import (
	"context"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers"
)

// choose opens the named model. Without a name, it opens the configured model: see
// providers.Default.
func choose(ctx context.Context, e env, named string) (*providers.Choice, error) {
	choice, err := providers.DefaultIn(ctx, providers.Environment{
		Getenv: func(name string) string {
			if name == "PARLEY_MODEL" && named != "" {
				return named
			}
			return e.getenv(name)
		},
		Open: func(name string, _ providers.Config) (*llm.Model, error) { return e.open(name) },
	})
	if err == nil && named != "" {
		choice.Why = "named by -model"
	}
	return choice, err
}
