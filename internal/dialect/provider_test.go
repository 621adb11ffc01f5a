package dialect

import (
	"context"
	"errors"
	"testing"

	"github.com/parley-llm/parley/internal/providertest"
	"github.com/parley-llm/parley/llm"
)

// lister is a provider that lists models, in vain, and nothing else.
type lister struct{}

func (lister) Name() string { return "lister" }

func (lister) Do(ctx context.Context, call *llm.Call) llm.Events {
	return listing.Do(ctx, call, lister{})
}

var errEmpty = errors.New("the list is empty")

var listing = Operations[lister]{
	llm.OpListModels: func(lister, context.Context, *llm.Call, func(llm.Event, error) bool) error { return errEmpty },
}

func TestOperationsAnswerWhatTheyAreAndRefuseTheRest(t *testing.T) {
	ask := func(op llm.Op) (errs []error) {
		for ev, err := range (lister{}).Do(t.Context(), &llm.Call{Op: op, Model: "m"}) {
			providertest.Equal(t, "the event of an error", ev, llm.Event{})
			errs = append(errs, err)
		}
		return errs
	}
	if errs := ask(llm.OpListModels); len(errs) != 1 || errs[0] != errEmpty {
		t.Errorf("the operation fails with %v, and the provider with %v", errEmpty, errs)
	}
	errs := ask(llm.OpEmbed)
	if len(errs) != 1 {
		t.Fatalf("an operation that there is not gives the errors %v, want one", errs)
	}
	e := providertest.WantError(t, errs[0], llm.Unsupported, "this provider cannot embed")
	providertest.Equal(t, "what the error names", []string{e.Provider, e.Model, string(e.Op)}, []string{"lister", "m", "embed"})
}

func TestCallsThatAskNothingReachNoOperation(t *testing.T) {
	reached := func(lister, context.Context, *llm.Call, func(llm.Event, error) bool) error { return errEmpty }
	all := Operations[lister]{llm.OpChat: reached, llm.OpCountTokens: reached, llm.OpEmbed: reached}
	for name, call := range map[string]llm.Call{
		"no request":         {Op: llm.OpChat},
		"no messages":        {Op: llm.OpChat, Request: &llm.Request{}},
		"no request counted": {Op: llm.OpCountTokens, Embed: &llm.EmbedRequest{Inputs: []string{"x"}}},
		"no texts":           {Op: llm.OpEmbed, Request: llm.Ask("x")},
		"no inputs":          {Op: llm.OpEmbed, Embed: &llm.EmbedRequest{}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, err := range all.Do(t.Context(), &call, lister{}) {
				providertest.WantError(t, err, llm.InvalidRequest, "no request")
			}
		})
	}
	for _, err := range all.Do(t.Context(), &llm.Call{Op: llm.OpChat, Request: llm.Ask("x")}, lister{}) {
		if err != errEmpty {
			t.Errorf("a call that asks something fails with %v, want the operation's %v", err, errEmpty)
		}
	}
}

func TestOpenedIsNilForAProviderThatIsNot(t *testing.T) {
	if p, err := Opened[*lister](nil, errEmpty); p != nil || err != errEmpty {
		t.Errorf("a provider that cannot be made is %v with the error %v, want nil with %v", p, err, errEmpty)
	}
	if p, err := Opened(lister{}, nil); p != (lister{}) || err != nil {
		t.Errorf("a provider is %v with the error %v", p, err)
	}
}
