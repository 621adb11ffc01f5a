package provider

import "github.com/parley-llm/parley/llm"

// Opened converts the results of a provider's New for providers.Register. It returns a nil
// interface with an error; an interface that holds a nil *Provider is not nil.
func Opened[P llm.Provider](p P, err error) (llm.Provider, error) {
	if err != nil {
		return nil, err
	}
	return p, nil
}
