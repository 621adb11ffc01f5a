package growthtest

import (
	"context"
	"net/http"
	"testing"

	"github.com/parley-llm/parley/llm"
)

// Calls are the calls of a provider of type P, for [Operation.Call]. Each call opens the
// provider with a client whose transport answers.
type Calls[P llm.Provider] struct {
	t    testing.TB
	open func(client *http.Client) (P, error)
}

// CallsOf returns the calls of the provider that open makes. If open fails, the test fails.
func CallsOf[P llm.Provider](t testing.TB, open func(client *http.Client) (P, error)) Calls[P] {
	return Calls[P]{t, open}
}

// Provider returns a provider whose requests the transport answers. It is for calls that only
// this provider has.
func (c Calls[P]) Provider(transport http.RoundTripper) P {
	p, err := c.open(&http.Client{Transport: transport})
	if err != nil {
		c.t.Fatal(err)
	}
	return p
}

// Chat generates an answer.
func (c Calls[P]) Chat(ctx context.Context, transport http.RoundTripper) {
	_, _ = llm.New(c.Provider(transport), "m").Generate(ctx, llm.Prompt("x"))
}

// ListModels lists the models.
func (c Calls[P]) ListModels(ctx context.Context, transport http.RoundTripper) {
	_, _ = llm.New(c.Provider(transport), "m").ListModels(ctx)
}

// Embed embeds one text.
func (c Calls[P]) Embed(ctx context.Context, transport http.RoundTripper) {
	_, _ = llm.New(c.Provider(transport), "m").Embed(ctx, &llm.EmbedRequest{Inputs: []string{"x"}})
}
