package provider

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

// able is a provider that would answer any call.
type able struct{ lister }

func (able) Do(ctx context.Context, call *llm.Call) llm.Events {
	do := func(able, context.Context, *llm.Call, func(llm.Event, error) bool) error { return nil }
	all := Operations[able]{llm.OpChat: do, llm.OpCountTokens: do, llm.OpEmbed: do, llm.OpListModels: do}
	return all.Do(ctx, call, able{})
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

func TestOperationsRefuseCallsThatLackWhatTheyAreAbout(t *testing.T) {
	for name, test := range map[string]struct {
		ctx  context.Context
		call *llm.Call
		want string
	}{
		"a chat without request":       {t.Context(), &llm.Call{Op: llm.OpChat, Model: "m"}, "no request"},
		"a chat without messages":      {t.Context(), &llm.Call{Op: llm.OpChat, Model: "m", Request: &llm.Request{}}, "no request"},
		"a count of another's request": {t.Context(), &llm.Call{Op: llm.OpCountTokens, Model: "m", Embed: &llm.EmbedRequest{Inputs: []string{"x"}}}, "no request"},
		"an embedding of a chat":       {t.Context(), &llm.Call{Op: llm.OpEmbed, Model: "m", Request: llm.Prompt("x")}, "no request"},
		"an embedding without inputs":  {t.Context(), &llm.Call{Op: llm.OpEmbed, Model: "m", Embed: &llm.EmbedRequest{}}, "no request"},
		"no call":                      {t.Context(), nil, "the call is nil"},
		"no context":                   {nil, &llm.Call{Op: llm.OpListModels}, "the context is nil"},
	} {
		t.Run(name, func(t *testing.T) {
			var errs []error
			for _, err := range (able{}).Do(test.ctx, test.call) {
				errs = append(errs, err)
			}
			if len(errs) != 1 {
				t.Fatalf("there are the errors %v, want one", errs)
			}
			e := providertest.WantError(t, errs[0], llm.InvalidRequest, test.want)
			providertest.Equal(t, "the provider that is named", e.Provider, "lister")
		})
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
