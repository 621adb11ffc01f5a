package provider

import (
	"context"
	"errors"
	"testing"

	"github.com/parley-llm/parley/llm"
)

// lister is a provider without operations.
type lister struct{}

func (lister) Name() string { return "lister" }

func (lister) Do(context.Context, *llm.Call) llm.Events { return nil }

var errEmpty = errors.New("the list is empty")

func TestOpenedIsNilForAProviderThatIsNot(t *testing.T) {
	if p, err := Opened[*lister](nil, errEmpty); p != nil || err != errEmpty {
		t.Errorf("a provider that cannot be made is %v with the error %v, want nil with %v", p, err, errEmpty)
	}
	if p, err := Opened(lister{}, nil); p != (lister{}) || err != nil {
		t.Errorf("a provider is %v with the error %v", p, err)
	}
}
