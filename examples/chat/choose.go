package main

import (
	"context"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers"
	"github.com/parley-llm/parley/providers/config"
)

// choose opens the named model. Without a name, it opens the configured model: see
// config.Default.
func choose(ctx context.Context, e env, named string) (*config.Result, error) {
	result, err := config.Default(ctx, &config.Options{
		Getenv: func(name string) string {
			if name == "PARLEY_MODEL" && named != "" {
				return named
			}
			return e.getenv(name)
		},
		Open: func(name string, _ providers.Config) (*llm.Model, error) { return e.open(name) },
	})
	if err == nil && named != "" {
		result.Reason = "named by -model"
	}
	return result, err
}
