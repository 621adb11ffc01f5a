package llamacpp

import (
	"context"
	"net/http"
	"reflect"
	"testing"

	"github.com/parley-llm/parley/internal/growthtest"
	"github.com/parley-llm/parley/llm"
)

func TestRepliesOfAnySize(t *testing.T) {
	open := func(transport http.RoundTripper) *llm.Model {
		p, err := New(Config{BaseURL: "http://localhost", HTTPClient: &http.Client{Transport: transport}})
		if err != nil {
			t.Fatal(err)
		}
		return llm.New(p, "m")
	}
	chat := func(ctx context.Context, transport http.RoundTripper) {
		_, _ = open(transport).Generate(ctx, llm.Prompt("x"))
	}
	models := func(ctx context.Context, transport http.RoundTripper) { _, _ = open(transport).ListModels(ctx) }
	growthtest.Check(t,
		growthtest.Operation{
			Name: "stream", Wire: reflect.TypeFor[chunk](), MediaType: "text/event-stream", Call: chat,
			Reply: `{"content":"TEXT"}`,
			Frame: growthtest.SSE, End: growthtest.SSE(`{"content":".","stop":true}`),
		},
		growthtest.Operation{
			Name: "models", Wire: reflect.TypeFor[modelList](), MediaType: "application/json", Call: models,
			Reply: `{"data":[{"id":"m"}]}`,
		},
		growthtest.Operation{
			Name: "slots", Wire: reflect.TypeFor[[]Slot](), MediaType: "application/json", Call: func(ctx context.Context, transport http.RoundTripper) {
				_, _ = open(transport).Provider().(*Provider).Slots(ctx)
			},
			Reply: `[{"id":1}]`,
		},
	)
}
