package provider

import "github.com/parley-llm/parley/llm"

// Opened returns what a provider's New has returned, for providers.Register: a
// nil *Provider in an interface would not be nil.
func Opened[P llm.Provider](p P, err error) (llm.Provider, error) {
	if err != nil {
		return nil, err
	}
	return p, nil
}
