package ollama

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
	embed := func(ctx context.Context, transport http.RoundTripper) {
		_, _ = open(transport).Embed(ctx, &llm.EmbedRequest{Inputs: []string{"x"}})
	}
	growthtest.Check(t,
		growthtest.Operation{
			Name: "stream", Wire: reflect.TypeFor[chunk](), MediaType: "application/x-ndjson", Call: chat,
			Reply: `{"model":"m","message":{"content":"TEXT"}}`,
			Frame: growthtest.Line, End: growthtest.Line(`{"message":{"content":"."},"done":true,"done_reason":"stop"}`),
		},
		growthtest.Operation{
			Name: "models", Wire: reflect.TypeFor[modelList](), MediaType: "application/json", Call: models,
			Reply: `{"models":[{"name":"m"}]}`,
		},
		growthtest.Operation{
			Name: "embeddings", Wire: reflect.TypeFor[embeddings](), MediaType: "application/json", Call: embed,
			Reply: `{"embeddings":[[1,2]]}`,
		},
	)
}
