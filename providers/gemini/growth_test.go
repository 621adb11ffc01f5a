package gemini

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
		p, err := New(Config{BaseURL: "http://localhost", APIKey: "12345678", HTTPClient: &http.Client{Transport: transport}})
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
			Name: "stream", Wire: reflect.TypeFor[chunk](), MediaType: "text/event-stream", Call: chat,
			Reply: `{"candidates":[{"content":{"parts":[{"text":"TEXT"}]}}]}`,
			Frame: growthtest.SSE, End: growthtest.SSE(`{"candidates":[{"content":{"parts":[{"text":"."}]},"finishReason":"STOP"}]}`),
		},
		growthtest.Operation{
			Name: "chat", Wire: reflect.TypeFor[chunk](), MediaType: "application/json", Call: chat,
			Reply: `{"candidates":[{"content":{"parts":[{"text":"TEXT"}]},"finishReason":"STOP"}]}`,
		},
		growthtest.Operation{
			Name: "models", Wire: reflect.TypeFor[modelList](), MediaType: "application/json", Call: models,
			Reply: `{"models":[{"name":"m"}]}`,
		},
		growthtest.Operation{
			Name: "embeddings", Wire: reflect.TypeFor[embeddings](), MediaType: "application/json", Call: embed,
			Reply: `{"embeddings":[{"values":[1,2]}]}`,
		},
	)
}
